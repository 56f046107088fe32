"""Faults from other programs on the machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from landmarkd.daemon.diagnosis import diagnose
from landmarkd.errors import ExitCode

from tests.faults.bench import Daemon, longest_silence_s
from tests.faults.row import Row, fault

HOG = "while True: pass"
BALLOON = """
import os, pathlib
pathlib.Path("/proc/self/oom_score_adj").write_text("200")
pathlib.Path("{group}").write_text(str(os.getpid()))
held = []
while True:
    held.append(b"x" * (1 << 20))
"""


@fault("200 % CPU load beside it", alone=True)
def busy(folder: Path) -> Row:
    with Daemon(folder) as daemon:
        daemon.ear.frames(15)
        hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(2)]
        try:
            mark = daemon.ear.mark()
            heard = daemon.ear.frames(90, mark)
            values = daemon.status()
            said = "; ".join(diagnose(values, values.updated_ns).troubles) or "nothing is wrong"
        finally:
            for hog in hogs:
                hog.kill()
                hog.wait()
        assert 0 <= values.captured - values.processed - values.skipped <= 2, (
            "what was not processed was counted"
        )
        rate = (heard[-1].frame - heard[0].frame) / (heard[-1].at_s - heard[0].at_s)
        assert daemon.end() == 0
        return Row(
            f"{len(heard) / (heard[-1].at_s - heard[0].at_s):.1f} of {rate:.1f} fps, at most "
            f"{longest_silence_s(heard):.2f} s apart",
            0.0,
            f"{values.skipped} frames skipped, counted",
            said,
        )


def _memory_group() -> tuple[Path, Path, str] | None:
    """Return a memory control group's parent, its limit's file and its members' file; else None."""
    root = Path("/sys/fs/cgroup")
    if os.geteuid() != 0:
        return None
    if (root / "memory" / "memory.limit_in_bytes").is_file():
        return root / "memory", Path("memory.limit_in_bytes"), "cgroup.procs"
    controllers = root / "cgroup.subtree_control"
    if controllers.is_file() and "memory" in controllers.read_text():
        return root, Path("memory.max"), "cgroup.procs"
    return None


@fault("memory runs out", alone=True)
def out_of_memory(folder: Path) -> Row:
    """In a control group with limited memory, beside a program that uses all of it.

    The kernel then kills the process with the highest OOM score; the unit's OOMScoreAdjust makes
    sure that it is the other one, as here.
    """
    found = _memory_group()
    if found is None:
        pytest.skip("needs root and control groups that limit memory")
    root, limit, members = found
    group = root / f"landmarkd-test-{os.getpid()}"
    group.mkdir()
    try:
        with Daemon(folder) as daemon:
            daemon.ear.frames(30)
            pid = daemon.process.pid
            (group / members).write_text(str(pid))
            (group / limit).write_text(str(192 << 20))
            balloon = subprocess.Popen(
                [sys.executable, "-c", BALLOON.format(group=str(group / members))]
            )
            mark = daemon.ear.mark()
            assert balloon.wait(60) == -signal.SIGKILL, "the kernel ended the other program"
            heard = daemon.ear.frames(30, mark)
            said = daemon.told(code=ExitCode.OK)
            assert daemon.end() == 0
            return Row(
                f"the stream goes on, at most {longest_silence_s(heard):.2f} s apart",
                0.0,
                "nothing",
                said,
            )
    finally:
        group.rmdir()
