"""What cameras do."""

from itertools import pairwise
from pathlib import Path

from edge.camera.capture import REOPEN_S
from tests.faults.bench import Daemon, longest_silence_s
from tests.faults.row import Row, fault

HEARTBEAT_LIMIT_S = 2.0
"""Silence on the wire means dead: this long is never reached while the daemon lives, however the camera does."""


def _camera(folder: Path, steps: list[dict[str, object]], counter: str = "", stalls: bool = True) -> Row:
    """Play a script: good frames, then trouble, then good frames; the wire must tell and nothing else must end."""
    with Daemon(folder, [{"do": "frames", "count": 30}, *steps]) as daemon:
        ear = daemon.ear
        before = ear.frames(25)[-1]
        if stalls:
            ear.wait(lambda heard: any(item.stalled for item in heard))
        values = daemon.wait_status(lambda status: status["captured"] > 60 and status["state"] == "running")
        ear.frames(60)
        heard = list(ear.heard)
        moving = [item for item in heard if not item.stalled]
        after = next(item for item in moving if item.frame > before.frame + (30 - 25) and item.at_s > before.at_s)
        gap = max((late.at_s - early.at_s for early, late in pairwise(moving)), default=0.0)
        silence = longest_silence_s(heard)
        assert silence < HEARTBEAT_LIMIT_S
        assert after.frame > before.frame
        if counter:
            assert values[counter] > 0
        assert daemon.end() == 0
        told = f"camera_stalled, heartbeat at most {silence:.1f} s apart" if stalls else "nothing but a gap"
        return Row(told, gap, f"{gap:.1f} s without a frame" + (f", {values[counter]} {counter}" if counter else ""))


@fault("camera delivers nothing for 2 s")
def silent(folder: Path) -> Row:
    return _camera(folder, [{"do": "silence", "seconds": 2}])


@fault("camera's driver blocks for ever")
def blocks(folder: Path) -> Row:
    row = _camera(folder, [{"do": "block"}], "reopened")
    assert row.recovery_s is not None
    assert row.recovery_s >= REOPEN_S
    return row


@fault("camera disappears for 4 s")
def disappears(folder: Path) -> Row:
    return _camera(folder, [{"do": "disconnect", "seconds": 4}], "reopened")


@fault("camera repeats an old frame with its old time")
def stale(folder: Path) -> Row:
    return _camera(folder, [{"do": "stale", "count": 45}], "stale")


@fault("camera repeats a frame with new times")
def identical(folder: Path) -> Row:
    return _camera(folder, [{"do": "identical", "count": 45}], "identical")


@fault("camera delivers frames that cannot be decoded")
def corrupt(folder: Path) -> Row:
    return _camera(folder, [{"do": "corrupt", "count": 45}], "corrupt")


@fault("camera changes the size of its frames")
def resized(folder: Path) -> Row:
    return _camera(folder, [{"do": "resize", "count": 45}], "corrupt")


@fault("camera is covered")
def black(folder: Path) -> Row:
    return _camera(folder, [{"do": "black", "count": 45}], stalls=False)
