"""Reloading in the real process: the daemon keeps running, whatever the new configuration is."""

import json
import os
import re
import signal
import socket
from pathlib import Path

import pytest
from landmarkd.daemon.snapshot import Snapshot
from landmarkd.errors import ExitCode

from tests.daemon.test_metrics import free_port, served
from tests.faults.bench import LIMIT_S, SELDOM, Daemon
from tests.process import landmarkd
from tests.sinks.test_contract import until

DIGITS = "9" * 5000


def calibration(folder: Path, **changes: object) -> Path:
    """Write a calibration with invalid numbers."""
    whole = {
        "format": "landmarkd-intrinsics",
        "fx": 500,
        "fy": 500,
        "cx": 320,
        "cy": 240,
        "width": 640,
        "height": 480,
        "distortion": [0, 0, 0, 0, 0],
    }
    path = folder / f"{'-'.join(changes)}.json"
    text = json.dumps(whole | changes)
    path.write_text(text.replace('"DIGITS"', DIGITS))
    return path


def mistakes(folder: Path) -> dict[str, str]:
    """Return invalid configurations, by their mistake."""
    (folder / "folder").mkdir()
    (folder / "text").write_text("no program")
    sinks = {
        "a missing hook": f"hook:{folder}/nothing",
        "a hook whose name is too long": f"hook:/{'a' * 300}",
        "a hook that is no program": f"hook:{folder}/text",
        "a missing folder": f"jsonl:{folder}/nothing/a.jsonl",
        "a folder as a file": f"jsonl:{folder}/folder",
        "an unknown sink": "teapot://x",
        "a missing key": f"udp://127.0.0.1:9?key={folder}/nothing",
    }
    sources = {
        "a missing camera": "v4l2:/dev/video-nothing",
        "a missing video": f"file:{folder}/nothing.mp4",
        "a folder without pictures": f"images:{folder}/folder",
        "pictures whose name is too long": f"images:/{'b' * 300}",
        "a missing script": f"scripted:{folder}/nothing.json",
    }
    calibrations = {
        "a huge centre": calibration(folder, cx=1e300),
        "a huge distortion": calibration(folder, distortion=[1e300, 0, 0, 0, 0]),
        "a huge focal length": calibration(folder, fx=1e300),
        "a huge width": calibration(folder, width="DIGITS"),
        "a missing calibration": folder / "nothing.json",
    }
    demo = '[source]\nuri = "demo:"'
    whole = f'sinks = ["jsonl:-"]\n{demo}\n'
    return {
        **{name: f'sinks = ["{uri}"]\n{demo}' for name, uri in sinks.items()},
        **{name: f'sinks = ["jsonl:-"]\n[source]\nuri = "{uri}"' for name, uri in sources.items()},
        **{name: f'{whole}camera = "{path}"' for name, path in calibrations.items()},
        "an integer of 5000 digits": f"[model]\nthreads = {DIGITS}",
        "a missing model folder": f'{whole}[model]\nfolder = "{folder}/nothing"',
        "an unknown detector": f'{whole}[tracker]\ndetector = "teapot"',
        "no sink": f"sinks = []\n{demo}",
        "no source": 'sinks = ["jsonl:-"]\n[source]\ncamera = "guess:60deg"',
        "a speed from nowhere": f'{whole}[driver]\nspeed = "teapot:"',
        "nested too deep": f"a = {'[' * 3000}{']' * 3000}",
        "a sink that empties the source": f'sinks = ["JSONL:{folder}/text?truncate=yes"]\n'
        f'[source]\nuri = "file:{folder}/text"',
        "no TOML": "sinks = [",
        "no text": "sinks = ['\x00']",
    }


def test_a_wrong_configuration_is_refused_and_the_same_session_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "mistakes"
    folder.mkdir()
    with Daemon(tmp_path) as daemon:
        before = daemon.ear.frames(5)[-1]
        for name, text in mistakes(folder).items():
            daemon.configuration.write_text(text)
            refused = daemon.logged().count("configuration was refused")
            daemon.signal(signal.SIGHUP)
            mark = daemon.ear.mark()
            daemon.wait_log(
                lambda log, refused=refused: log.count("configuration was refused") > refused, name
            )
            after = daemon.ear.frames(5, mark)
            assert after[0].frame > before.frame, name
            before = after[-1]
        assert "Traceback" not in daemon.logged()
        assert (folder / "text").read_text() == "no program"
        daemon.write_configuration(f'{SELDOM}\n[service]\ndevice = "renamed"')
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status.device == "renamed" and not status.refused)
        assert daemon.end() == 0


def test_config_check_finds_the_same_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "landmarkd.toml"
    for name, text in mistakes(tmp_path).items():
        path.write_text(text)
        done = landmarkd("config", "check", "--config", path)
        assert done.returncode != 0, name
        assert "Traceback" not in done.stderr, name
        assert len(done.stderr.splitlines()) == 1, name
        for missing in ("no sink", "no source"):
            assert (missing in done.stderr.lower()) == name.startswith(missing), name


def test_config_check_and_a_start_agree_on_what_the_options_add(tmp_path: Path) -> None:
    path = tmp_path / "landmarkd.toml"
    path.write_text("")
    options = ("--config", path, "--sink", "jsonl:-")
    start = ("run", *options, "--fast", "--frames", "1")
    for more, code in (((), ExitCode.USAGE), (("--source", "demo:"), ExitCode.OK)):
        assert landmarkd("config", "check", *options, *more).returncode == code
        assert landmarkd(*start, *more).returncode == code


def unplug(daemon: Daemon, name: str = "unplugged") -> None:
    """Configure a camera that is valid but does not open."""
    script = daemon.folder / f"{name}.json"
    steps = [{"do": "disconnect", "seconds": 1000}]
    script.write_text(json.dumps({"size": [320, 240], "fps": 30, "steps": steps}))
    text = daemon.configuration.read_text()
    daemon.configuration.write_text(re.sub(r'"scripted:[^"]*"', f'"scripted:{script}"', text))


def test_a_new_configuration_that_does_not_start_is_given_up(tmp_path: Path) -> None:
    """It passes every check, and then the camera does not open."""
    with Daemon(tmp_path) as daemon:
        daemon.ear.frames(5)
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(lambda log: "is used again" in log, "the previous configuration")
        daemon.wait_status(lambda status: "unplugged" in (status.refused or ""))
        mark = daemon.ear.mark()
        daemon.ear.frames(5, mark)
        unplug(daemon, "absent")
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: "absent" in (status.refused or ""))
        daemon.ear.frames(5, daemon.ear.mark())
        assert daemon.end() == 0


def test_while_the_camera_is_away_every_other_camera_is_taken(tmp_path: Path) -> None:
    """Also one that is away too: the old one delivers nothing that it could take away."""
    steps = [{"do": "frames", "count": 15}, {"do": "disconnect", "seconds": 1000}]
    with Daemon(tmp_path, steps) as daemon:
        daemon.wait_status(lambda status: status.state == "reopening")
        before = daemon.source
        daemon.source = "v4l2:/dev/video-nothing"
        daemon.write_configuration()
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: "video-nothing" in (status.camera_trouble or ""))
        daemon.source = before
        daemon.write_configuration()
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: "unplugged" in (status.camera_trouble or ""))
        assert not daemon.status().refused
        script = tmp_path / "other.json"
        moving = [{"do": "frames", "count": 10_000_000}]
        script.write_text(json.dumps({"size": [320, 240], "fps": 30, "steps": moving}))
        daemon.source = f"scripted:{script}"
        daemon.write_configuration()
        mark = daemon.ear.mark()
        daemon.signal(signal.SIGHUP)
        daemon.ear.frames(5, mark)
        assert "refused" not in daemon.logged()
        assert daemon.end() == 0


def test_every_reload_is_answered_in_the_log(tmp_path: Path) -> None:
    """Also if the answer is that of the one before, as lines of a fault are not."""
    good = "The configuration was reloaded"
    with Daemon(tmp_path) as daemon:
        daemon.ear.frames(5)
        for text, answer in (
            (daemon.configuration.read_text(), good),
            ("sinks = [", "was refused"),
        ):
            daemon.configuration.write_text(text)
            for count in (1, 2):
                daemon.signal(signal.SIGHUP)
                daemon.wait_log(
                    lambda log, answer=answer, count=count: log.count(answer) == count, answer
                )
        assert daemon.end() == 0


def test_a_reload_empties_no_file(tmp_path: Path) -> None:
    """Neither one that succeeds nor one that is given up; a start does."""
    files = [tmp_path / f"drive.{kind}" for kind in ("jsonl", "csv", "lmk")]
    for path in files:
        path.write_text("an earlier start\n")
    sinks = [f"{path.suffix[1:]}:{path}?truncate=yes&points=none" for path in files]

    def written(status: Snapshot) -> bool:
        return all(sink.sent >= 5 for sink in status.sinks)

    with Daemon(tmp_path, sinks=sinks) as daemon:
        daemon.wait_status(written)
        before = [path.read_bytes() for path in files]
        daemon.write_configuration(f'{SELDOM}\n[service]\ndevice = "renamed"')
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status.device == "renamed" and written(status))
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: "unplugged" in (status.refused or "") and written(status))
        assert daemon.end() == 0
    for path, content in zip(files, before, strict=True):
        assert not content.startswith(b"an earlier start")
        assert path.read_bytes().startswith(content)


def test_a_defect_in_the_back_end_of_a_new_camera_does_not_end_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        """
from landmarkd.camera.scripted import ScriptedSource

plug = ScriptedSource.open

def open_or_fail(source):
    if "unplugged" in source.uri:
        raise ZeroDivisionError("a defect")
    plug(source)

ScriptedSource.open = open_or_fail
"""
    )
    with Daemon(tmp_path, environment=first_in_path(tmp_path)) as daemon:
        daemon.ear.frames(5)
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status.refused == "a defect")
        daemon.ear.frames(5, daemon.ear.mark())
        assert "ZeroDivisionError" in daemon.logged()
        assert daemon.end() == 0


def test_a_reload_moves_the_port_of_the_metrics(tmp_path: Path) -> None:
    """A service that is refused or does not start changes no port."""
    first, second, third = (free_port() for _ in range(3))

    def with_port(port: int) -> str:
        return f"{SELDOM}\n[service]\nmetrics_port = {port}"

    with Daemon(tmp_path, settings=with_port(first)) as daemon:
        assert until(lambda: served(first), LIMIT_S)
        daemon.write_configuration(with_port(second))
        daemon.signal(signal.SIGHUP)
        assert until(lambda: served(second) and not served(first), LIMIT_S)
        with socket.create_server(("127.0.0.1", third)):
            daemon.write_configuration(with_port(third))
            daemon.signal(signal.SIGHUP)
            daemon.wait_status(lambda status: f"Port {third}" in (status.refused or ""))
        assert served(second)
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: "unplugged" in (status.refused or ""))
        assert until(lambda: not served(third), LIMIT_S)
        assert served(second)
        daemon.write_configuration()
        daemon.signal(signal.SIGHUP)
        assert until(lambda: not served(second), LIMIT_S)
        assert daemon.end() == 0


def first_in_path(folder: Path) -> dict[str, str]:
    """Return an environment whose processes import the modules of a folder first."""
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def exclusive(folder: Path, close_s: float = 0.0) -> dict[str, str]:
    """Return an environment where one reader at a time has the scripted camera.

    Closing it takes `close_s`. A driver hangs after a second.
    """
    (folder / "sitecustomize.py").write_text(
        f"""
import threading
import time
from landmarkd.camera import capture
from landmarkd.camera.scripted import ScriptedSource
from landmarkd.errors import SourceBusyError

capture.HANG_S, capture.CLOSE_S = 1.0 + {close_s}, 0.1
free = threading.Lock()
plug = ScriptedSource.open
holders = set()

def open_alone(source):
    if not free.acquire(blocking=False):
        raise SourceBusyError(f"{{source.uri}} is used by another program.")
    holders.add(source)
    plug(source)

def release(source):
    if source in holders:
        time.sleep({close_s})
        holders.remove(source)
        free.release()

ScriptedSource.open, ScriptedSource.close = open_alone, release
"""
    )
    return first_in_path(folder)


def test_a_reload_waits_until_a_slow_driver_has_closed_the_camera(tmp_path: Path) -> None:
    with Daemon(tmp_path, environment=exclusive(tmp_path, close_s=1.0)) as daemon:
        daemon.ear.frames(5)
        daemon.write_configuration(f'{SELDOM}\n[service]\ndevice = "renamed"')
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status.device == "renamed" and status.processed > 0)
        assert "does not start" not in daemon.logged()
        assert daemon.end() == 0


def test_a_driver_that_hangs_during_a_reload_needs_a_new_process(tmp_path: Path) -> None:
    """No service that follows waits for a camera that this process itself keeps from it."""
    steps = [{"do": "frames", "count": 15}, {"do": "block"}]
    with Daemon(tmp_path, steps, environment=exclusive(tmp_path)) as daemon:
        daemon.ear.wait(lambda heard: [item for item in heard if item.stalled])
        daemon.signal(signal.SIGHUP)
        assert daemon.process.wait(LIMIT_S) == ExitCode.TEMPORARY
        assert "its driver hangs in this process" in daemon.logged()


def test_the_status_after_a_failure_says_what_ran(tmp_path: Path) -> None:
    steps = [{"do": "frames", "count": 30}, {"do": "block"}]
    with Daemon(tmp_path, steps, environment=exclusive(tmp_path)) as daemon:
        assert daemon.process.wait(LIMIT_S) == ExitCode.TEMPORARY
        ended = daemon.status()
        assert ended.state == "stopped"
        assert "its driver hangs in this process" in (ended.failure or "")
        assert ended.processed > 0
        assert ended.uptime_s > 1
        assert len(ended.sinks) == 1


@pytest.mark.parametrize("method", ["close", "open"])
def test_a_driver_that_hangs_during_a_reload_does_not_delay_the_end(
    tmp_path: Path, method: str
) -> None:
    """The end comes before the time limits of the driver, which are those of the test here."""
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import threading
from landmarkd.camera import capture
from landmarkd.camera.scripted import ScriptedSource

capture.OPEN_S = capture.HANG_S = {2 * LIMIT_S}
do = ScriptedSource.{method}

def do_or_hang(source):
    if "unplugged" in source.uri or "{method}" == "close":
        print("it hangs", flush=True)
        threading.Event().wait()
    do(source)

ScriptedSource.{method} = do_or_hang
"""
    )
    with Daemon(tmp_path, environment=first_in_path(tmp_path)) as daemon:
        daemon.ear.frames(5)
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(lambda log: "it hangs" in log, "the driver hangs")
        assert daemon.status().state == "reloading"
        daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(LIMIT_S) == 0
        assert daemon.status().state == "stopped"


def test_the_manager_is_not_told_of_an_end_while_one_service_follows_another(
    tmp_path: Path,
) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(0.5)
        said: list[str] = []

        def listen(_: str) -> int:
            while True:
                try:
                    said.append(manager.recv(4096).decode())
                except TimeoutError:
                    return said.count("READY=1") == 3

        with Daemon(tmp_path, environment={"NOTIFY_SOCKET": address}) as daemon:
            daemon.ear.frames(5)
            daemon.signal(signal.SIGHUP)
            daemon.wait_log(lambda log: "was reloaded" in log, "a good one")
            daemon.ear.frames(5, daemon.ear.mark())
            unplug(daemon)
            daemon.signal(signal.SIGHUP)
            daemon.wait_log(listen, "ready three times")
            assert not any(text.startswith("STOPPING") for text in said)
            assert daemon.end() == 0
