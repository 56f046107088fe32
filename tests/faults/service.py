"""Faults of the process: signals, kills, files that change, a machine without resources."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest
from landmarkd.daemon.statusfile import NAME, read_status
from landmarkd.errors import ExitCode, SourceError
from landmarkd.vision.zoo import open_zoo

from tests.faults.bench import SELDOM, Daemon
from tests.faults.row import Row, fault
from tests.process import landmarkd

KILLS = 4
"""Random kills in the tests; `python -m tests.faults --kills 100` is the long run."""


@fault("SIGSTOP for 4 s, then SIGCONT")
def stopped(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(15)
        daemon.wait_status(lambda status: status.processed > 0)
        daemon.signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        said = daemon.told("has written no status")
        time.sleep(max(0.0, stopped_at + 4.0 - time.monotonic()))
        mark = daemon.ear.mark()
        began = time.monotonic()
        daemon.signal(signal.SIGCONT)
        # Reports that were queued when it stopped are still sent; after three frames it really runs
        # again.
        moving = daemon.ear.frames(20, mark)
        assert daemon.end() == 0
        return Row("silence, then on", moving[0].at_s - began, "the frames of that time", said)


@fault("SIGKILL at random moments")
def killed(folder: Path) -> Row:
    """Kill while everything is written as often as possible, and start again with the remaining
    files."""
    chance = random.Random(7)
    slowest, unread = 0.0, 0
    lines = folder / "report.jsonl"
    environment = {"STATE_DIRECTORY": str(folder / "state")}
    for turn in range(KILLS):
        began = time.monotonic()
        with Daemon(folder, sinks=[f"jsonl:{lines}"], environment=environment) as daemon:
            # Every fourth process is killed during its start.
            if turn % 4:
                slowest = max(slowest, daemon.ear.frames(1)[0].at_s - began)
            time.sleep(chance.uniform(0.0, 1.5))
            daemon.signal(signal.SIGKILL)
            daemon.process.wait()
        try:
            read_status(daemon.runtime)
        except SourceError as error:
            assert isinstance(error.__cause__, FileNotFoundError)  # noqa: PT017 - killed before the first snapshot
        whole = lines.read_bytes().split(b"\n")[:-1] if lines.exists() else []
        for line in whole:
            json.loads(line)
        unread += sorted(path.name for path in daemon.runtime.glob(".*")) not in (
            [],
            [f".{NAME}.part"],
        )
    assert unread == 0, "killing leaves no heap of scratch files"
    with Daemon(folder, environment=environment) as daemon:
        daemon.ear.frames(5)
        daemon.wait_status(lambda status: status.processed > 0)
        daemon.signal(signal.SIGKILL)
        daemon.process.wait()
        said = daemon.ask(daemon.runtime, "without a clean stop", ExitCode.UNAVAILABLE)
    return Row(
        "silence until the next start",
        slowest,
        f"what was not yet sent; {KILLS} kills, no file half-written",
        said,
    )


@fault("SIGTERM", alone=True)
def terminated(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(15)
        began = time.monotonic()
        assert daemon.end() == 0
        passed = time.monotonic() - began
        assert passed < 2.0, "a clean end within 2 s is what the unit promises"
        assert daemon.status().state == "stopped"
        said = daemon.ask(daemon.runtime, "was stopped", ExitCode.UNAVAILABLE)
    return Row("BYE", None, f"nothing; it ended after {passed:.1f} s", said)


@fault("configuration reloaded with an error")
def bad_reload(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        before = daemon.ear.frames(15)[-1]
        daemon.write_configuration("[tracker]\npresence = 7")
        daemon.signal(signal.SIGHUP)
        mark = daemon.ear.mark()
        after = daemon.ear.frames(30, mark)
        assert after[0].frame > before.frame, "the same camera session went on"
        assert "tracker.presence" in daemon.logged()
        said = daemon.told("tracker.presence")
        gap = max(late.at_s - early.at_s for early, late in pairwise(after))
        assert daemon.end() == 0
        return Row("nothing; the old configuration stays", gap, "nothing", said)


@fault("configuration reloaded, its camera does not open")
def reload_not_started(folder: Path) -> Row:
    """The configuration passes every check; only opening the camera shows the mistake."""
    script = folder / "unplugged.json"
    steps = [{"do": "disconnect", "seconds": 1000}]
    script.write_text(json.dumps({"size": [320, 240], "fps": 30, "steps": steps}))
    with Daemon(folder) as daemon:
        daemon.ear.frames(15)
        good = daemon.configuration.read_text()
        daemon.configuration.write_text(good.replace(daemon.source, f"scripted:{script}"))
        mark, began = daemon.ear.mark(), time.monotonic()
        daemon.signal(signal.SIGHUP)
        said = daemon.told("is not there")
        after = daemon.ear.wait(
            lambda heard: [item for item in heard if item.frame < 30 and item.at_s > began], mark
        )
        assert "is used again" in daemon.logged()
        assert daemon.end() == 0
        return Row(
            "BYE, HELLO; the old configuration again",
            after[0].at_s - began,
            "the frames while the cameras were opened",
            said,
        )


@fault("configuration reloaded")
def good_reload(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(15)
        daemon.write_configuration(f'{SELDOM}\n[service]\ndevice = "renamed"')
        mark, began = daemon.ear.mark(), time.monotonic()
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status.device == "renamed" and status.processed > 0)
        said = daemon.told(code=ExitCode.OK)
        after = daemon.ear.wait(
            lambda heard: [item for item in heard if item.frame < 30 and item.at_s > began], mark
        )
        assert daemon.end() == 0
        return Row(
            "BYE, HELLO",
            after[0].at_s - began,
            "the frames while the camera was opened again",
            said,
        )


@fault("model replaced and truncated under the running process")
def model_replaced(folder: Path) -> Row:
    zoo = open_zoo()
    name, card = zoo.landmarks()
    mine = folder / "zoo"
    mine.mkdir()
    manifest = json.loads((zoo.folder / "manifest.json").read_text())
    manifest["models"] = {name: manifest["models"][name]}
    manifest["default"] = {"landmarks": name}
    (mine / "manifest.json").write_text(json.dumps(manifest))
    shutil.copy(zoo.folder / card.file, mine)
    with Daemon(folder, settings=f'{SELDOM}\n[model]\nfolder = "{mine}"') as daemon:
        daemon.ear.frames(30)
        with (mine / card.file).open("r+b") as file:
            file.truncate(1000)
        mark = daemon.ear.mark()
        daemon.ear.frames(30, mark)
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status.refused)
        after = daemon.ear.frames(30, mark)
        assert "bytes instead of" in daemon.logged(), "the reload is refused and says why"
        gap = max(late.at_s - early.at_s for early, late in pairwise(after))
        said = daemon.told("bytes instead of")
        assert daemon.end() == 0
        return Row("nothing; a reload is refused", gap, "nothing", said)


@fault("file descriptors run out")
def descriptors(folder: Path) -> Row:
    """While the camera is away, so that it cannot be opened again; no status can be written."""
    with Daemon(
        folder, [{"do": "frames", "count": 40}, {"do": "disconnect", "seconds": 3}]
    ) as daemon:
        daemon.ear.frames(15)
        daemon.wait_status(lambda status: status.processed > 0)
        pid = daemon.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        daemon.ear.wait(lambda heard: any(item.stalled for item in heard))
        said = daemon.told("has written no status")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        mark, began = daemon.ear.mark(), time.monotonic()
        after = daemon.ear.frames(15, mark)
        daemon.wait_status(lambda status: status.state == "running" and status.captured > 45)
        assert "Too many open files" in daemon.logged()
        assert daemon.end() == 0
        wire = "the stream goes on, camera_stalled while the camera is away"
        return Row(wire, after[0].at_s - began, "the status file meanwhile", said)


@fault("disk of a recording full")
def disk_full(folder: Path) -> Row:
    """/dev/full refuses every byte, as a full disk does."""
    with Daemon(folder, sinks=["jsonl:/dev/full"]) as daemon:
        daemon.ear.frames(30)
        said = daemon.told("No space left")
        mark = daemon.ear.mark()
        daemon.ear.frames(15, mark)
        dropped = next(sink.dropped for sink in daemon.status().sinks if "full" in sink.uri)
        assert dropped > 0
        assert daemon.end() == 0
        return Row(
            "nothing; the other sinks go on", 0.0, f"{dropped} reports on that disk, counted", said
        )


@fault("runtime directory missing and not to be made")
def no_runtime(folder: Path) -> Row:
    (folder / "run").write_text("a file where the folder should be")
    with Daemon(folder) as daemon:
        daemon.ear.frames(45)
        assert daemon.logged().count("landmarkd status shows old values") == 1
        done = landmarkd("status", "--runtime", daemon.runtime)
        assert done.returncode == ExitCode.NO_INPUT
        said = done.stderr.strip().removeprefix("landmarkd: ")
        assert "see its log" in said
        assert daemon.end() == 0
        return Row("nothing", 0.0, "the status file", said)


@fault("file system turns read-only")
def read_only(folder: Path) -> Row:
    """A real file system, mounted for this; it holds the runtime and the state directory."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a file system")
    disk = folder / "run"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with Daemon(folder, environment={"STATE_DIRECTORY": str(disk / "state")}) as daemon:
            daemon.ear.frames(15)
            daemon.wait_status(lambda status: status.processed > 0)
            _remount(disk, "ro")
            mark = daemon.ear.mark()
            daemon.ear.frames(30, mark)
            said = daemon.told("cannot be written")
            _remount(disk, "rw")
            began_ns, began = time.monotonic_ns(), time.monotonic()
            daemon.wait_status(lambda status: status.updated_ns > began_ns)
            passed = time.monotonic() - began
            assert "Read-only file system" in daemon.logged()
            assert daemon.end() == 0
            return Row("nothing", passed, "the status file meanwhile", said)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _remount(disk: Path, mode: str) -> None:
    """Change the mode of a file system, at a moment when no file on it is open for writing."""
    for _ in range(200):
        if not subprocess.run(
            ["mount", "-o", f"remount,{mode}", str(disk)], capture_output=True, check=False
        ).returncode:
            return
        time.sleep(0.02)
    raise AssertionError(f"{disk} could not be remounted {mode}")


@fault("wall clock stepped by a day")
def clock_stepped(folder: Path) -> Row:
    """A library loaded before libc steps this process's clock; the monotonic clock stays."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc for the library that moves the clock")
    library, offset = folder / "wall_clock.so", folder / "offset"
    source = Path(__file__).with_name("wall_clock.c")
    subprocess.run(
        ["gcc", "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True
    )
    offset.write_text("0")
    environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(offset)}
    with Daemon(folder, environment=environment) as daemon:
        before = daemon.ear.frames(15)[-1]
        for step in ("86400", "-86400", "0"):
            offset.write_text(step)
            mark = daemon.ear.mark()
            after = daemon.ear.frames(15, mark)
        assert after[-1].frame > before.frame
        gap = max(late.at_s - early.at_s for early, late in pairwise(after))
        assert daemon.status().reopened == 0
        said = daemon.told(code=ExitCode.OK)
        assert daemon.end() == 0
        return Row("nothing", gap, "nothing", said)


@fault("camera never comes back")
def given_up(folder: Path) -> Row:
    """The daemon keeps running and trying: a restart would not bring the camera back."""
    steps = [{"do": "frames", "count": 10}, {"do": "disconnect"}]
    with Daemon(folder, steps) as daemon:
        daemon.ear.wait(lambda heard: any(item.stalled for item in heard))
        began = time.monotonic()
        values = daemon.wait_status(
            lambda status: status.state == "reopening" and status.reopened >= 4
        )
        assert values.camera_trouble
        said = daemon.told("does not deliver")
        mark = daemon.ear.mark()
        heard = daemon.ear.wait(lambda heard: len(heard) >= 4 and heard, mark)
        assert all(item.stalled for item in heard)
        passed = time.monotonic() - began
        assert daemon.end() == 0
    wire = f"camera_stalled for as long as it takes, {passed:.0f} s here"
    return Row(wire, None, "everything until the camera comes", said)
