"""A camera that follows a script, with faults: for tests, and for users without hardware."""

import json
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.base import NS_PER_S, FrameSource
from landmarkd.camera.container import open_video
from landmarkd.camera.pace import wait_until
from landmarkd.camera.paths import local_path, require_file
from landmarkd.errors import (
    EndOfStreamError,
    SourceAbsentError,
    SourceFormatError,
    SourceLostError,
    SourceTimeoutError,
)
from landmarkd.files import read_bounded
from landmarkd.types import Frame
from landmarkd.uri import Uri

ACTIONS = frozenset(
    {"frames", "black", "corrupt", "resize", "identical", "stale", "silence", "block", "disconnect"}
)
MAX_BYTES = 1 << 20
_TIMED = frozenset({"silence", "block", "disconnect"})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script.

    Attributes:
        action: "frames", "black" (a covered lens), "corrupt" (cannot be decoded), "resize" (half
            the size), "identical" (the last frame with new time stamps), "stale" (the last frame
            with its old time stamp), each for `count` frames; "silence" (reads time out), "block"
            (a read does not return, independent of its timeout), "disconnect" (reading and opening
            fail), each for `seconds`.
        count: frames.
        seconds: infinity if it is missing or null in the script.
    """

    action: str
    count: int = 0
    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of a scripted camera.

    ``{"size": [640, 480], "fps": 30, "clip": "face.mp4", "steps": [...]}``

    Attributes:
        size: width and height of the frames, pixels.
        fps: frames per second.
        clip: video of the frames, played in a loop, or None for a moving pattern.
        steps: in order; the stream ends after the last one.
    """

    size: tuple[int, int]
    fps: float
    clip: Path | None
    steps: tuple[Step, ...]


class ScriptedSource(FrameSource):
    """A live camera that follows a JSON file: ``scripted:faults.json``.

    See `Script` and `Step`.
    """

    live = True

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        self._path = local_path(uri.only(()), "the script")
        self._device: _Device | None = None
        self._open = False

    def check(self, *, present: bool = False) -> None:  # noqa: ARG002 - files must exist
        """Check that the script is valid, see `FrameSource.check`."""
        read_script(self._path)

    def open(self) -> None:
        """Plug in, or after `fresh`, open the same device again.

        Raises:
            SourceError: no such script.
            SourceAbsentError: the device is disconnected at this point of the script.
            SourceFormatError: not a script.
        """
        if self._device is None:
            self._device = _Device(self.uri, read_script(self._path))
        self.period_s = 1.0 / self._device.script.fps
        self._device.plug()
        self._open = True

    def read(self, timeout_s: float) -> Frame:
        """Do the next step of the script, see `FrameSource.read`."""
        if self._device is None or not self._open:
            raise SourceLostError(f"{self.uri} is not open.")
        return self._device.read(timeout_s)

    def close(self) -> None:
        """Unplug."""
        self._open = False

    def fresh(self) -> Self:
        """Return a source for the same device, which continues its script."""
        other = super().fresh()
        other._device = self._device
        return other


class _Device:
    """The camera itself, for one source after the other."""

    def __init__(self, uri: str, script: Script) -> None:
        self.script = script
        self._uri = uri
        self._steps = list(script.steps)
        self._done = 0
        self._until_ns: float | None = None
        self._clip: cv2.VideoCapture | None = None
        self._sequence = 0
        self._drawn = 0
        self._due_ns = 0
        self._last: Frame | None = None

    def plug(self) -> None:
        if self._steps and self._steps[0].action == "disconnect" and not self._elapsed():
            raise SourceAbsentError(f"{self._uri} is not there; check the cable.")
        self._sequence = 0

    def read(self, timeout_s: float) -> Frame:
        while self._steps:
            step = self._steps[0]
            if step.action not in _TIMED:
                if self._done < step.count:
                    return self._frame(step, timeout_s)
                self._advance()
            elif self._elapsed():
                continue
            elif step.action == "disconnect":
                raise SourceLostError(f"{self._uri} was disconnected.")
            elif step.action == "block":
                # The next opening finds the device free: only the old handle blocks.
                self._advance()
                threading.Event().wait(None if step.seconds == math.inf else step.seconds)
            else:
                time.sleep(timeout_s)
                raise SourceTimeoutError(f"{self._uri} is silent.")
        raise EndOfStreamError(f"{self._uri} is at the end of its script.")

    def _advance(self) -> None:
        del self._steps[0]
        self._done = 0
        self._until_ns = None

    def _elapsed(self) -> bool:
        """Start the clock of a timed step; end the step when its time is over."""
        now_ns = time.monotonic_ns()
        if self._until_ns is None:
            self._until_ns = now_ns + self._steps[0].seconds * NS_PER_S
        if now_ns < self._until_ns:
            return False
        self._advance()
        return True

    def _frame(self, step: Step, timeout_s: float) -> Frame:
        wait_until(self._due_ns, timeout_s, self._uri)
        captured_ns = time.monotonic_ns()
        period_ns = round(NS_PER_S / self.script.fps)
        self._due_ns = max(self._due_ns, captured_ns - period_ns) + period_ns
        self._done += 1
        self._sequence += 1
        if step.action == "corrupt":
            raise SourceFormatError(f"{self._uri} delivered a frame that cannot be decoded.")
        last = self._last
        if step.action == "stale" and last is not None:
            return last
        repeated = last if step.action == "identical" else None
        image = repeated.image if repeated is not None else self._draw(step.action)
        self._last = Frame(self._uri, self._sequence - 1, captured_ns, image)
        return self._last

    def _draw(self, action: str) -> NDArray[np.uint8]:
        width, height = self.script.size
        if action == "black":
            return np.zeros((height, width, 3), np.uint8)
        image = self._play(self.script.clip) if self.script.clip else self._pattern()
        scale = 2 if action == "resize" else 1
        if image.shape[:2] != (height // scale, width // scale):
            image = cv2.resize(image, (width // scale, height // scale))  # type: ignore[assignment]
        return image

    def _play(self, clip: Path) -> NDArray[np.uint8]:
        for _ in range(2):
            if self._clip is None:
                self._clip = open_video(clip)
            found, image = self._clip.read()
            if found:
                return image  # type: ignore[return-value]
            self._clip = None
        raise SourceFormatError(f"{clip} has no picture that can be decoded.")

    def _pattern(self) -> NDArray[np.uint8]:
        """Return a ramp that moves by a pixel each frame, so that no two frames are equal."""
        width, height = self.script.size
        self._drawn += 1
        ramp = (np.arange(width) + np.arange(height)[:, None] + self._drawn).astype(np.uint8)
        return np.repeat(ramp[:, :, None], 3, axis=2)


def read_script(path: Path) -> Script:
    """Read a script.

    Raises:
        SourceError: no such file.
        SourceFormatError: not a script; says what is wrong.
    """
    require_file(path)
    try:
        return _parse(json.loads(read_bounded(path, MAX_BYTES)), path.parent)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise SourceFormatError(f"{path} is not a camera script: {error}.") from error


def _parse(data: Any, folder: Path) -> Script:
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        raise TypeError('it needs a list "steps"')
    if unknown := data.keys() - {"size", "fps", "clip", "steps"}:
        raise ValueError(f"unknown {min(unknown)!r}; known are size, fps, clip, steps")
    width, height = (int(side) for side in data.get("size", (640, 480)))
    fps = float(data.get("fps", 30))
    if not (16 <= width <= 4096 and 16 <= height <= 4096 and 0.1 <= fps <= 1000):
        raise ValueError("size is two numbers from 16 to 4096, fps one from 0.1 to 1000")
    clip = data.get("clip")
    steps = tuple(_step(entry) for entry in data["steps"])
    return Script((width, height), fps, folder / str(clip) if clip else None, steps)


def _step(entry: Any) -> Step:
    if not isinstance(entry, dict) or entry.get("do") not in ACTIONS:
        raise ValueError(
            f'each step is {{"do": ACTION, ...}} with one of {", ".join(sorted(ACTIONS))}'
        )
    allowed = {"do", "seconds"} if entry["do"] in _TIMED else {"do", "count"}
    if unknown := entry.keys() - allowed:
        raise ValueError(f"{entry['do']} takes {sorted(allowed)}, not {min(unknown)!r}")
    seconds, count = entry.get("seconds"), int(entry.get("count", 1))
    duration = math.inf if seconds is None else float(seconds)
    if count < 0 or not duration >= 0:
        raise ValueError("count and seconds are not negative")
    return Step(entry["do"], count, duration)
