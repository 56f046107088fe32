"""A thread that opens a live source, reads it into the slot, and closes it."""

import threading
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.base import NS_PER_S, FrameSource
from landmarkd.camera.slot import LatestFrame
from landmarkd.camera.statistics import Statistics
from landmarkd.errors import (
    AccessError,
    EndOfStreamError,
    LandmarkdError,
    MissingPackageError,
    SourceAbsentError,
    SourceBusyError,
    SourceFormatError,
    SourceLostError,
    SourceTimeoutError,
    UsageError,
)
from landmarkd.types import Frame

MIN_DEADLINE_S = 0.5
DEADLINE_PERIODS = 2.0
"""A frame is late after this many periods, but not before `MIN_DEADLINE_S`."""
DEFAULT_PERIOD_S = 1 / 30


class Reader:
    """Reads a source until it is stopped, ends or fails. Only this thread uses the source.

    It drops the frames of a hanging driver: those with an old time stamp, and those that are bit
    for bit equal to the previous one, which no sensor makes except in a black or white picture.
    Frames of another size than the first one are damaged and dropped too.

    Args:
        source: not yet open; the thread closes it, however long the driver takes.
        slot: for the frames.
        keep_identical: deliver identical frames too, for a still scene, until it moves.
        sequence: added to the numbers of the frames, which count from 0 after each opening.
        last: the last frame of the previous reader, or None; frames must be newer and differ.

    Attributes:
        error: that ended it, or None.
        captured, stale, identical, corrupt: delivered frames, and dropped ones by reason.
        progress_ns: monotonic time of the last delivered frame, or of the start.
        last: the last checked frame.
        sequence: minimum number of the next frame.
    """

    def __init__(
        self,
        source: FrameSource,
        slot: LatestFrame,
        *,
        keep_identical: bool = False,
        last: Frame | None = None,
        sequence: int = 0,
    ) -> None:
        self.error: Exception | None = None
        self.captured = self.stale = self.identical = self.corrupt = 0
        self.progress_ns = time.monotonic_ns()
        self.last = last
        self.sequence = self._first = sequence
        self.opened = threading.Event()
        self._source = source
        self._slot = slot
        self._keep_identical = keep_identical
        self._size: tuple[int, ...] | None = None
        self._stop = threading.Event()
        self._period_s: float | None = None
        # A driver may block without end: the thread must not keep the process.
        self._thread = threading.Thread(target=self._run, name=f"capture {source.uri}", daemon=True)
        self._thread.start()

    @property
    def deadline_s(self) -> float:
        """Time after which a frame is late."""
        # The first frames may come in a burst, so what was learnt only adds to what is promised.
        period_s = max(self._period_s or 0.0, self._source.period_s or DEFAULT_PERIOD_S)
        return max(MIN_DEADLINE_S, DEADLINE_PERIODS * period_s)

    def silence_s(self, now_ns: int) -> float:
        """Return the time since `progress_ns`."""
        return (now_ns - self.progress_ns) / NS_PER_S

    @property
    def alive(self) -> bool:
        """Whether the thread still runs and may use the device."""
        return self._thread.is_alive()

    def added_to(self, past: Statistics) -> Statistics:
        """Return the counts of all readers: of those before, and its own."""
        return Statistics(
            captured=past.captured + self.captured,
            stale=past.stale + self.stale,
            identical=past.identical + self.identical,
            corrupt=past.corrupt + self.corrupt,
        )

    def stop(self) -> None:
        """Ask the thread to end after its present read."""
        self._stop.set()
        self._source.interrupt()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; return whether the thread ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._source.open()
            self.progress_ns = time.monotonic_ns()
            self.opened.set()
            while not self._stop.is_set():
                self._step()
        except Exception as error:  # for the thread that takes the frames
            self.error = error
        finally:
            try:
                self._source.close()
            except (LandmarkdError, OSError, RuntimeError) as error:
                self.error = self.error or error
            self.opened.set()
            if not self._stop.is_set():
                self._slot.close()

    def _step(self) -> None:
        try:
            frame = self._source.read(self.deadline_s)
        except SourceTimeoutError:
            return
        except SourceFormatError:
            self.corrupt += 1
            return
        self.sequence = self._first + frame.sequence + 1
        if not self._stop.is_set() and self._is_good(frame):
            self._slot.put(replace(frame, sequence=self.sequence - 1) if self._first else frame)
            self.captured += 1
            self.progress_ns = time.monotonic_ns()

    def _is_good(self, frame: Frame) -> bool:
        last, size = self.last, frame.image.shape
        if self._size not in {None, size}:
            self.corrupt += 1
            return False
        if last is not None and frame.captured_ns <= last.captured_ns:
            self.stale += 1
            return False
        self.last, self._size = frame, size
        if last is None:
            return True
        if self._source.noisy and is_repeated(last.image, frame.image):
            self.identical += 1
            return self._keep_identical
        self._keep_identical = False
        self._learn_period(last, frame)
        return True

    def _learn_period(self, last: Frame, frame: Frame) -> None:
        """Adapt to a camera that is slower in the dark, within a few frames."""
        if self.captured == 0:
            return
        gap_s = (frame.captured_ns - last.captured_ns) / NS_PER_S
        self._period_s = gap_s if self._period_s is None else 0.8 * self._period_s + 0.2 * gap_s


def is_repeated(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Return whether two pictures, (height, width, 3) uint8, are equal and not of one colour."""
    sample = after[::8, ::8]
    # The sample distinguishes nearly every pair in a hundredth of the time.
    if not np.array_equal(before[::8, ::8], sample) or not np.array_equal(before, after):
        return False
    return bool((sample != sample[0, 0]).any())


def may_pass(error: Exception, seen: bool) -> bool:
    """Return whether waiting may help: not for permissions, missing packages or bugs.

    Errors of a camera that has delivered before may be temporary. A camera that has not (`seen` is
    False) is only waited for if it is absent, busy or does not answer: any other error of its
    opening is a wrong configuration.
    """
    hopeless = AccessError | EndOfStreamError | MissingPackageError | UsageError
    if not isinstance(error, LandmarkdError | OSError) or isinstance(error, hopeless):
        return False
    waits = SourceAbsentError | SourceBusyError | SourceLostError | SourceTimeoutError
    return seen or isinstance(error, waits) or not isinstance(error, LandmarkdError)
