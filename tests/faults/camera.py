"""Faults of cameras."""

import time
from itertools import pairwise
from pathlib import Path

from landmarkd.camera.capture import REOPEN_S

from tests.camera.uvc.fake import build
from tests.faults.bench import Daemon, longest_silence_s
from tests.faults.row import Row, fault

HEARTBEAT_LIMIT_S = 2.0
"""Silence on the wire means that the daemon is dead: while it runs, the wire is never silent for
this long, seconds."""


def _camera(
    folder: Path, steps: list[dict[str, object]], words: str, counter: str = "", stalls: bool = True
) -> Row:
    """Play a script: good frames, a fault, good frames; the wire shows it and the daemon continues.

    Args:
        folder: scratch.
        steps: the fault.
        words: expected in `landmarkd status` during the fault.
        counter: counter of the snapshot that must have grown.
        stalls: whether the wire must show camera_stalled.
    """
    with Daemon(folder, [{"do": "frames", "count": 20}, *steps]) as daemon:
        ear = daemon.ear
        before = ear.frames(10)[-1]
        said = daemon.told(words)
        values = daemon.wait_status(
            lambda status: status.state == "running" and not status.camera_trouble
        )
        ear.wait(lambda heard: heard[-1].frame > before.frame + 40 and not heard[-1].stalled)
        heard = list(ear.heard)
        moving = [item for item in heard if not item.stalled]
        assert stalls == any(item.stalled for item in heard)
        gap = max((late.at_s - early.at_s for early, late in pairwise(moving)), default=0.0)
        silence = longest_silence_s(heard)
        assert silence < HEARTBEAT_LIMIT_S
        if counter:
            assert getattr(values, counter) > 0
        assert daemon.end() == 0
        told = (
            f"camera_stalled, heartbeat at most {silence:.1f} s apart"
            if stalls
            else "attention: blocked"
        )
        lost = f"{gap:.1f} s without a frame" if stalls else "nothing"
        return Row(
            told,
            gap if stalls else 0.0,
            lost + (f", {getattr(values, counter)} {counter}" if counter else ""),
            said,
        )


@fault("camera delivers nothing for 2.5 s")
def silent(folder: Path) -> Row:
    return _camera(folder, [{"do": "silence", "seconds": 2.5}], "delivers nothing")


@fault("camera's driver blocks for ever")
def blocks(folder: Path) -> Row:
    row = _camera(folder, [{"do": "block"}], "delivers nothing", "reopened")
    assert row.recovery_s is not None
    assert row.recovery_s >= REOPEN_S
    return row


@fault("camera disappears for 4 s")
def disappears(folder: Path) -> Row:
    return _camera(folder, [{"do": "disconnect", "seconds": 4}], "check its cable", "reopened")


@fault("camera is not there at the start and comes after 4 s")
def absent(folder: Path) -> Row:
    with Daemon(folder, [{"do": "disconnect", "seconds": 4}]) as daemon:
        heard = daemon.ear.wait(lambda heard: len(heard) >= 2 and list(heard))
        assert all(item.stalled for item in heard)
        said = daemon.told("waiting for the camera")
        daemon.ear.frames(20)
        values = daemon.wait_status(lambda status: status.state == "running")
        assert values.reopened > 0
        began = next(item.at_s for item in daemon.ear.heard if not item.stalled)
        waited = began - daemon.ear.heard[0].at_s
        assert daemon.end() == 0
    return Row("camera_stalled from the start", waited, "nothing", said)


def _usb(folder: Path, trouble: str, words: str, counter: str) -> Row:
    """Cause a fault of a USB camera under OpenCV's own back end for 4 s."""
    usb = build(folder / "usb")
    uri = f"v4l2:{usb.node}"
    with Daemon(folder, source=uri, environment=usb.environment) as daemon:
        before = daemon.ear.frames(10)[-1]
        usb.does(trouble)
        if trouble == "gone":
            usb.node.unlink()
        said = daemon.told(words)
        usb.node.touch()
        usb.does("ok")
        daemon.ear.wait(lambda heard: heard[-1].frame > before.frame + 20 and not heard[-1].stalled)
        values = daemon.wait_status(lambda status: status.state == "running")
        assert getattr(values, counter) > 0
        # The first picture after opening again may be equal to the last one before.
        assert values.identical <= 1, values
        assert values.stale == 0, values
        moving = [item for item in daemon.ear.heard if not item.stalled]
        gap = max(late.at_s - early.at_s for early, late in pairwise(moving))
        assert daemon.end() == 0
    return Row("camera_stalled", gap, f"{getattr(values, counter)} {counter}", said)


@fault("USB camera's frames are cut in the middle")
def usb_cut(folder: Path) -> Row:
    return _usb(folder, "cut", "cannot be decoded", "corrupt")


@fault("USB camera's frames are random bytes")
def usb_garbage(folder: Path) -> Row:
    return _usb(folder, "garbage", "cannot be decoded", "corrupt")


@fault("USB camera's frames are empty")
def usb_empty(folder: Path) -> Row:
    return _usb(folder, "empty", "cannot be decoded", "corrupt")


@fault("USB camera is pulled out and plugged in")
def usb_gone(folder: Path) -> Row:
    return _usb(folder, "gone", "is not there", "reopened")


@fault("USB camera is not there at the start and is plugged in")
def usb_absent(folder: Path) -> Row:
    usb = build(folder / "usb")
    usb.node.unlink()
    with Daemon(folder, source=f"v4l2:{usb.node}", environment=usb.environment) as daemon:
        daemon.ear.wait(lambda heard: len(heard) >= 2)
        assert all(item.stalled for item in daemon.ear.heard)
        said = daemon.told("waiting for the camera")
        began = time.monotonic()
        usb.node.touch()
        first = daemon.ear.frames(20)[0]
        daemon.wait_status(lambda status: status.state == "running")
        assert daemon.end() == 0
    return Row("camera_stalled from the start", first.at_s - began, "nothing", said)


@fault("camera repeats an old frame with its old time")
def stale(folder: Path) -> Row:
    return _camera(folder, [{"do": "stale", "count": 75}], "repeats an old frame", "stale")


@fault("camera repeats a frame with new times")
def identical(folder: Path) -> Row:
    return _camera(
        folder, [{"do": "identical", "count": 75}], "repeats the same picture", "identical"
    )


@fault("camera delivers frames that cannot be decoded")
def corrupt(folder: Path) -> Row:
    return _camera(folder, [{"do": "corrupt", "count": 75}], "cannot be decoded", "corrupt")


@fault("camera changes the size of its frames")
def resized(folder: Path) -> Row:
    return _camera(folder, [{"do": "resize", "count": 75}], "another size", "corrupt")


@fault("camera is covered")
def black(folder: Path) -> Row:
    return _camera(folder, [{"do": "black", "count": 120}], "covered", stalls=False)
