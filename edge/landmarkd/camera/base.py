"""The interface of a frame source, and common functions: sizes, logs, clocks."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.metering import FaceMeter
from landmarkd.errors import UsageError
from landmarkd.types import Box, Frame
from landmarkd.uri import Uri

NS_PER_S = 1_000_000_000
MAX_SIDE = 8192
_SILENT = 0
"""OpenCV's LOG_LEVEL_SILENT."""
_CLOCK_SLACK_NS = 2 * NS_PER_S


class FrameSource(ABC):
    """Delivers frames one at a time.

    A source is built from a parsed URI; only `open` uses the device. Sources are context managers.
    All methods but `interrupt` and `meter` are called from one thread.

    Attributes:
        uri: as given.
        live: a camera, whose frames are lost if they are not read; False for files, which wait.
        noisy: two frames are bit for bit equal only if the driver hangs; False for compressed video
            of IP cameras.
        remote: a camera in the network; if it does not answer, no driver of this machine hangs.
        period_s: nominal time between frames, or None before it is known.
        missing: frames of a file or pictures of a folder that could not be used.
    """

    live: bool = False
    noisy: bool = True
    remote: bool = False
    period_s: float | None = None
    missing: int = 0
    _meter: FaceMeter | None = None
    _sequence = 0

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        self.uri = uri.text
        self._parsed = uri
        self._fast = fast

    def check(self, *, present: bool = False) -> None:  # noqa: B027 - not all have something to check
        """Check for errors that waiting cannot correct. Opens nothing and never waits.

        Args:
            present: a missing camera is an error too.

        Raises:
            SourceError, AccessError, MissingPackageError: as `open`: the file, folder or device
                cannot be used.
        """

    @abstractmethod
    def open(self) -> None:
        """Open the device or file.

        Raises:
            SourceError: missing, busy, not a video, and so on (see `landmarkd.errors`).
            AccessError: no permission.
            MissingPackageError: a needed package is not installed.
        """

    @abstractmethod
    def read(self, timeout_s: float) -> Frame:
        """Return the next frame; waits for at most `timeout_s`.

        Raises:
            SourceTimeoutError: no frame in time; the source may still recover.
            EndOfStreamError: a finite source is at its end.
            SourceLostError: the device is gone; close and open again.
            SourceFormatError: the frame cannot be used.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the device; may be called twice and on a source that was never opened."""

    def interrupt(self) -> None:
        """Wake a `read` that waits in another thread, if possible; never blocks."""
        return

    def meter(self, box: Box, captured_ns: int) -> None:
        """Receive the face in a frame; a camera may meter on it. From any thread.

        Args:
            box: x0, y0, x1, y1, pixels.
            captured_ns: of that frame.
        """
        if self._meter is not None:
            self._meter.place(box, captured_ns)

    def _delivered(self, image: NDArray[np.uint8], captured_ns: int) -> Frame:
        """Return the next frame of a camera; the metering looks at it first."""
        frame = Frame(self.uri, self._sequence, captured_ns, image)
        self._sequence += 1
        if self._meter is not None:
            self._meter.step(image, captured_ns)
        return frame

    def fresh(self) -> Self:
        """Return a new source of the same URI, not yet open, to replace one that hangs."""
        return type(self)(self._parsed, fast=self._fast)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def size_option(
    uri: Uri, default: tuple[int, int] | None, name: str = "size"
) -> tuple[int, int] | None:
    """Return the option ``size=640x480`` (or another by `name`) as (width, height).

    Raises:
        UsageError: not two even numbers from 16 to `MAX_SIDE`.
    """
    text = uri.options.get(name)
    if text is None:
        return default
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(16 <= side <= MAX_SIDE and side % 2 == 0 for side in (width, height)):
        raise UsageError(
            f"{uri.text}: {name} is {text!r}; use WIDTHxHEIGHT in even pixels, such as 640x480."
        )
    return width, height


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Suppress the warnings of OpenCV on stderr, because our own errors are better."""
    # OpenCV moved this function between 4.11 and 4.12.
    library: Any = cv2
    set_level = getattr(library, "setLogLevel", None) or library.utils.logging.setLogLevel
    previous = set_level(_SILENT)
    try:
        yield
    finally:
        set_level(previous)


def monotonic_stamp(stamp_ns: int, now_ns: int) -> int:
    """Return the time stamp of a driver on the monotonic clock, or `now_ns` for an unknown clock.

    Drivers use CLOCK_MONOTONIC or, as libcamera, CLOCK_BOOTTIME, which also runs while the machine
    sleeps. A stamp is valid if it is within the last two seconds.
    """
    if 0 <= now_ns - stamp_ns <= _CLOCK_SLACK_NS:
        return stamp_ns
    asleep_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
    if 0 <= now_ns - (stamp_ns - asleep_ns) <= _CLOCK_SLACK_NS:
        return stamp_ns - asleep_ns
    return now_ns
