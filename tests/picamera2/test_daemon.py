"""The whole daemon on the real picamera2."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

LIMIT_S = 60


class Daemon:
    """`landmarkd run` with a camera of the lab; `lines` are its reports so far."""

    def __init__(self, folder, options="", **environment):
        self.reports = folder / "reports.jsonl"
        self.log = folder / "log"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from landmarkd.cli.main import main; main()", "run"),
                *("--source", f"picamera2:?{options}", "--sink", f"jsonl:{self.reports}"),
            ],
            env={**os.environ, "RUNTIME_DIRECTORY": str(folder / "run"), **environment},
            stderr=self.log.open("w"),
        )

    def lines(self):
        whole = self.reports.read_text().split("\n")[:-1] if self.reports.exists() else []
        return [json.loads(line) for line in whole]

    def wait(self, wanted):
        until = time.monotonic() + LIMIT_S
        while not (found := wanted(self.lines())):
            assert time.monotonic() < until, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        return found

    def end(self):
        """Return the exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30), time.monotonic() - began


@pytest.fixture
def daemon(tmp_path):
    started = []

    def start(*args, **environment):
        started.append(Daemon(tmp_path, *args, **environment))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def moving(lines, since=0):
    return [line for line in lines[since:] if "camera_stalled" not in line["degraded"]]


def test_faces_are_found(daemon):
    running = daemon("size=640x480&fps=30")
    lines = running.wait(lambda lines: len(lines) > 60 and lines)
    assert sum(line["face"] is not None for line in lines) > 0.7 * len(lines)
    code, seconds = running.end()
    assert code == 0
    assert seconds < 2
    log = running.log.read_text()
    assert "libcamera" not in log
    assert "INFO" not in log
    assert "Camera" not in log


def test_a_stall_is_told_and_the_camera_comes_back(daemon, tmp_path):
    stall = tmp_path / "stall"
    running = daemon(VIRTUAL_STALL=str(stall))
    running.wait(lambda lines: len(moving(lines)) > 20)
    stall.touch()
    count = running.wait(
        lambda lines: lines and "camera_stalled" in lines[-1]["degraded"] and len(lines)
    )
    time.sleep(4)
    stall.unlink()
    running.wait(lambda lines: len(moving(lines, count)) > 20)
    log = running.log.read_text()
    assert "is back" in log
    assert "another program" not in log
    assert running.end()[0] == 0


def test_sigterm_during_a_stall(daemon, tmp_path):
    stall = tmp_path / "stall"
    running = daemon(VIRTUAL_STALL=str(stall))
    running.wait(lambda lines: len(moving(lines)) > 20)
    stall.touch()
    running.wait(lambda lines: lines and "camera_stalled" in lines[-1]["degraded"])
    code, seconds = running.end()
    assert code == 0
    assert seconds < 2


def test_a_driver_that_hangs_while_closing_ends_the_process(daemon, tmp_path):
    stall, hang = tmp_path / "stall", tmp_path / "hang"
    running = daemon(VIRTUAL_STALL=str(stall), VIRTUAL_HANG=str(hang))
    running.wait(lambda lines: len(moving(lines)) > 20)
    hang.touch()
    stall.touch()
    assert running.process.wait(LIMIT_S) == 75
    assert "hangs in this process" in running.log.read_text()
