"""What happens to the process: signals, kills, files that change under it, a machine that runs out of things."""

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

from edge.daemon.statusfile import read_status
from edge.errors import ExitCode, LandmarkdError
from edge.vision.zoo import open_zoo
from tests.faults.bench import Daemon
from tests.faults.row import Row, fault

KILLS = 4
"""Random kills in the tests; `python -m tests.faults --kills 100` is the long run."""


@fault("SIGSTOP for 2 s, then SIGCONT")
def stopped(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(30)
        daemon.signal(signal.SIGSTOP)
        time.sleep(2.0)
        mark = daemon.ear.mark()
        began = time.monotonic()
        daemon.signal(signal.SIGCONT)
        # What was queued when it stopped still goes out; three frames later it is truly moving.
        moving = daemon.ear.frames(20, mark)
        assert daemon.end() == 0
        return Row("silence, then on", moving[0].at_s - began, "the frames of those 2 s")


@fault("SIGKILL at random moments")
def killed(folder: Path) -> Row:
    chance = random.Random(7)
    slowest = 0.0
    lines = folder / "report.jsonl"
    for _ in range(KILLS):
        began = time.monotonic()
        with Daemon(folder, sinks=[f"jsonl:{lines}"]) as daemon:
            first = daemon.ear.frames(1)[0]
            slowest = max(slowest, first.at_s - began)
            time.sleep(chance.uniform(0.0, 0.8))
            daemon.signal(signal.SIGKILL)
            daemon.process.wait()
        # Nothing that the next start reads may be half-written.
        try:
            read_status(daemon.runtime)
        except LandmarkdError as error:
            assert "No daemon has run" in str(error)  # noqa: PT017 - killed before the first snapshot
    return Row("silence until the next start", slowest, "what was not yet sent; no file is half-written")


@fault("SIGTERM")
def terminated(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(30)
        began = time.monotonic()
        assert daemon.end() == 0
        passed = time.monotonic() - began
        assert passed < 2.0, "a clean end within 2 s is what the unit promises"
        assert daemon.status()["state"] == "stopped"
    return Row("BYE", None, f"nothing; it ended after {passed:.1f} s")


@fault("configuration reloaded with an error")
def bad_reload(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        before = daemon.ear.frames(30)[-1]
        daemon.write_configuration("[tracker]\npresence = 7")
        daemon.signal(signal.SIGHUP)
        mark = daemon.ear.mark()
        after = daemon.ear.frames(40, mark)
        assert after[0].frame > before.frame, "the same camera session went on"
        assert "tracker.presence" in daemon.logged()
        gap = max(late.at_s - early.at_s for early, late in pairwise(after))
        assert daemon.end() == 0
        return Row("nothing; the old configuration stays", gap, "nothing")


@fault("configuration reloaded")
def good_reload(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(30)
        daemon.write_configuration('[service]\ndevice = "renamed"')
        mark, began = daemon.ear.mark(), time.monotonic()
        daemon.signal(signal.SIGHUP)
        daemon.wait_status(lambda status: status["device"] == "renamed" and status["processed"] > 0)
        after = daemon.ear.wait(lambda heard: [item for item in heard if item.frame < 30 and item.at_s > began], mark)
        assert daemon.end() == 0
        return Row("BYE, HELLO", after[0].at_s - began, "the frames while the camera was opened again")


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
    with Daemon(folder, settings=f'[model]\nfolder = "{mine}"') as daemon:
        daemon.ear.frames(30)
        with (mine / card.file).open("r+b") as file:
            file.truncate(1000)
        mark = daemon.ear.mark()
        daemon.ear.frames(30, mark)
        daemon.signal(signal.SIGHUP)
        after = daemon.ear.frames(60, mark)
        assert "bytes instead of" in daemon.logged(), "the reload is refused and says why"
        gap = max(late.at_s - early.at_s for early, late in pairwise(after))
        assert daemon.end() == 0
        return Row("nothing; a reload is refused", gap, "nothing")


@fault("file descriptors run out")
def descriptors(folder: Path) -> Row:
    with Daemon(folder, [{"do": "frames", "count": 60}, {"do": "disconnect", "seconds": 3}]) as daemon:
        daemon.ear.frames(30)
        pid = daemon.process.pid
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(3, used - 3), limits[1]))
        daemon.ear.wait(lambda heard: any(item.stalled for item in heard))
        time.sleep(1.0)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        mark, began = daemon.ear.mark(), time.monotonic()
        after = daemon.ear.frames(30, mark)
        daemon.wait_status(lambda status: status["state"] == "running" and status["captured"] > 60)
        assert daemon.end() == 0
        return Row("the stream goes on, camera_stalled while the camera is away", after[0].at_s - began, "nothing more")


@fault("disk of the status file and recordings full")
def disk_full(folder: Path) -> Row:
    """/dev/full refuses every byte, as a full disk does."""
    with Daemon(folder, sinks=["jsonl:/dev/full"]) as daemon:
        daemon.ear.frames(60)
        values = daemon.wait_status(lambda status: any(sink["dropped"] > 0 for sink in status["sinks"]))
        full = next(sink for sink in values["sinks"] if "full" in sink["uri"])
        assert "space" in (full["last_error"] or "")
        mark = daemon.ear.mark()
        daemon.ear.frames(30, mark)
        assert daemon.end() == 0
        return Row("nothing; the other sinks go on", 0.0, "what the full disk did not take, counted")


@fault("runtime directory cannot be written")
def read_only(folder: Path) -> Row:
    (folder / "run").write_text("a file where the folder should be")
    with Daemon(folder) as daemon:
        daemon.ear.frames(60)
        assert daemon.end() == 0
        return Row("nothing", 0.0, "the status file")


@fault("wall clock stepped by a day")
def clock_stepped(folder: Path) -> Row:
    """For the process alone, by a library that is loaded before libc; the monotonic clock is left as it is."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc for the library that moves the clock")
    library, offset = folder / "wall_clock.so", folder / "offset"
    source = Path(__file__).with_name("wall_clock.c")
    subprocess.run(["gcc", "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    offset.write_text("0")
    environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(offset)}
    with Daemon(folder, environment=environment) as daemon:
        before = daemon.ear.frames(30)[-1]
        for step in ("86400", "-86400", "0"):
            offset.write_text(step)
            mark = daemon.ear.mark()
            after = daemon.ear.frames(30, mark)
        assert after[-1].frame > before.frame
        gap = max(late.at_s - early.at_s for early, late in pairwise(after))
        assert daemon.status()["reopened"] == 0
        assert daemon.end() == 0
        return Row("nothing", gap, "nothing")


@fault("camera never comes back")
def given_up(folder: Path) -> Row:
    """The attempts are used up and the process ends with the code on which systemd starts it again."""
    import edge.camera.capture as ladder

    budget_s = sum(ladder.BACKOFF_S)
    began = time.monotonic()
    steps = [{"do": "frames", "count": 10}, {"do": "disconnect"}]
    with Daemon(folder, steps) as daemon:
        daemon.ear.wait(lambda heard: any(item.stalled for item in heard))
        code = daemon.process.wait(budget_s + 60)
        assert code == ExitCode.TEMPORARY
        assert "lost" in daemon.logged()
        passed = time.monotonic() - began
        values = daemon.status()
        assert values["reopened"] == len(ladder.BACKOFF_S)
        assert os.path.exists(daemon.runtime)  # noqa: PTH110
    return Row(
        f"camera_stalled, BYE after {passed:.0f} s, exit code 75", None, "everything until systemd starts it again"
    )
