import os
import subprocess
import sys
import time

import pytest
from landmarkd.daemon.diagnosis import RELOAD_S, STALE_S, diagnose
from landmarkd.daemon.snapshot import Snapshot

from tests.daemon.snapshots import running, sink


def test_a_daemon_that_is_well() -> None:
    found = diagnose(running(), time.monotonic_ns())
    assert found.alive
    assert found.troubles == found.notes == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "stalled"}, "v4l2:/dev/video0 delivers nothing"),
        ({"state": "stalled", "stale_fps": 30.0}, "repeats an old frame"),
        ({"state": "stalled", "identical_fps": 30.0}, "repeats the same picture"),
        ({"state": "stalled", "corrupt_fps": 30.0}, "cannot be decoded"),
        ({"state": "reopening", "camera_trouble": "no such device"}, "no such device"),
        ({"attention": "blocked"}, "covered"),
        ({"refused": "tracker.presence: too large"}, "tracker.presence"),
        ({"degraded": ("delegate",)}, "Coral"),
        ({"throttled": 1}, "voltage"),
        ({"skipped_fps": 10.0}, "10 of 30 frames a second are skipped"),
        (
            {"sinks": (sink(connected=False, last_error="cable cut"),)},
            "is not connected: cable cut",
        ),
        ({"sinks": (sink(dropped_fps=7.0),)}, "drops 7 reports a second"),
    ],
)
def test_each_trouble_is_told_alone(changes: dict[str, object], words: str) -> None:
    found = diagnose(running(**changes), time.monotonic_ns())
    assert found.alive
    assert len(found.troubles) == 1
    assert words in found.troubles[0]


def test_what_may_be_meant_so_is_a_note() -> None:
    snapshot = running(sinks=(sink(note="nobody listens there"),), saving="/srv/pictures")
    found = diagnose(snapshot, time.monotonic_ns())
    assert not found.troubles
    assert "nobody listens" in found.notes[0]
    assert "/srv/pictures" in found.notes[1]


def test_an_old_snapshot_is_of_a_daemon_that_hangs() -> None:
    snapshot = running()
    at = snapshot.updated_ns + round(STALE_S * 1e9)
    assert not diagnose(snapshot, at).troubles
    assert "has written no status for 4 s" in diagnose(snapshot, at + 10**9).troubles[0]


def test_a_snapshot_may_be_older_during_a_reload() -> None:
    snapshot = running(state="reloading", sinks=(sink(connected=False),))
    at = snapshot.updated_ns + round(RELOAD_S * 1e9)
    during, hanging = diagnose(snapshot, at), diagnose(snapshot, at + 10**9)
    assert during.alive
    assert not during.troubles
    assert "being reloaded" in during.notes[0]
    assert "has written no status for 61 s" in hanging.troubles[0]


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (running(state="stopped"), "was stopped"),
        (running(state="stopped", failure="The camera is lost"), "The camera is lost"),
        (running(pid=ended_process()), "without a clean stop"),
        (running(pid=-1), "without a clean stop"),
        (running(pid=1 << 80), "without a clean stop"),
        (running(updated_ns=time.monotonic_ns() + 10**15), "without a clean stop"),
    ],
    ids=[
        "stopped",
        "failed",
        "killed",
        "no process",
        "no number",
        "before the machine was started again",
    ],
)
def test_a_daemon_that_does_not_run(snapshot: Snapshot, words: str) -> None:
    found = diagnose(snapshot, time.monotonic_ns())
    assert not found.alive
    assert len(found.troubles) == 1
    assert words in found.troubles[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may signal every process")
def test_a_daemon_of_another_user_runs() -> None:
    assert diagnose(running(pid=1), time.monotonic_ns()).alive
