"""Frames from any source: cameras with a supervised thread, files frame by frame."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from landmarkd.camera.base import NS_PER_S, FrameSource
from landmarkd.camera.reader import Reader, may_pass
from landmarkd.camera.slot import LatestFrame
from landmarkd.camera.statistics import REOPENING, RUNNING, STALLED, WAITING, Statistics
from landmarkd.errors import (
    EndOfStreamError,
    SourceBusyError,
    SourceLostError,
    SourceTimeoutError,
)
from landmarkd.types import Box, Frame

log = logging.getLogger(__name__)

OPEN_S = 12.0
"""A camera that needs longer to open hangs; OpenCV waits 10 s for the first frame."""
FIRST_FRAME_S = 5.0
"""Limit for the first frame, because sensors and their exposure control need time."""
REOPEN_S = 3.0
"""Without a frame for this long, a camera is closed and opened again."""
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0)
"""Waits before each attempt to open the camera again. After the last one the camera is lost, or, if
`patient`, the last wait repeats without end."""
HANG_S = 5.0
"""A driver that needs longer to close hangs."""
CLOSE_S = 1.0
"""How long `Capture.close` waits for a driver."""
_WATCH_S = 0.1


class Capture:
    """Delivers the frames of a source and opens a lost camera again.

    A file is read in `next` and loses no frame. A camera is read by its own thread; `next` returns
    the newest frame and supervises the thread: a late frame means "stalled", after `REOPEN_S` the
    camera is opened again, and after all waits of `BACKOFF_S` it is lost. If a driver never
    returns, its thread is abandoned. Use it from one thread; `statistics` may be read from any
    thread.

    Args:
        source: not yet open; the capture owns it.
        patient: wait without a limit for a camera that is missing or used by another program, at
            the start and later. Then only a wrong configuration and a driver that hangs in this
            process are errors.
        ending: whether the program has to end; then nothing waits longer than `CLOSE_S`.

    Attributes:
        settled: whether the camera has delivered a frame or has a known fault.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        patient: bool = False,
        ending: Callable[[], object] = lambda: False,
    ) -> None:
        self._source = source
        self._patient, self._ending = patient, ending
        self._hung: list[Reader] = []
        self._slot = LatestFrame()
        self._reader: Reader | None = None
        self._captured = 0
        self._past = Statistics()
        self._reopened = 0
        self._sequence = 0
        self._last: Frame | None = None
        self._newest_ns = -1
        self._attempt = 0
        self._trouble: str | None = None
        self._retry_ns: int | None = None
        self._abandoned_ns = 0
        self._stands_still = False

    def start(self, *, must_open: bool = False) -> None:
        """Open the source; a camera within `OPEN_S`, if it is not patient or `must_open`.

        Raises:
            SourceError, AccessError, MissingPackageError: see `FrameSource.open`.
            SourceTimeoutError: the driver does not answer.
        """
        if not self._source.live:
            self._source.open()
            return
        self._reader = Reader(self._source, self._slot)
        if self._patient and not must_open:
            return
        if not self._waited(self._reader.opened.wait, time.monotonic_ns(), OPEN_S):
            if self._ending():
                return
            self._reader.stop()
            raise SourceTimeoutError(
                f"{self._source.uri} does not open in {OPEN_S:.0f} s; unplug it, or reboot."
            )
        error = self._reader.error
        played = self._reader.captured or isinstance(error, EndOfStreamError)
        if error is not None and not played:
            raise error

    @property
    def hung(self) -> bool:
        """Whether a driver still blocks a thread that closes a camera."""
        return any(reader.alive for reader in self._hung)

    @property
    def settled(self) -> bool:  # noqa: D102 - documented by the class
        return not self._source.live or self._newest_ns >= 0 or self._trouble is not None

    def next(self, timeout_s: float) -> Frame:
        """Return the next frame of a file or the newest of a camera, within `timeout_s`.

        Raises:
            SourceTimeoutError: no frame in time; call again.
            EndOfStreamError: the source is at its end.
            SourceLostError: the camera did not come back, or its driver hangs.
            SourceFormatError: a frame of a file cannot be used.
        """
        if not self._source.live:
            frame = self._source.read(timeout_s)
            self._captured += 1
            return frame
        until_ns = time.monotonic_ns() + round(timeout_s * NS_PER_S)
        while True:
            left_s = (until_ns - time.monotonic_ns()) / NS_PER_S
            newest = self._slot.take(max(0.0, min(left_s, _WATCH_S)))
            if newest is not None and newest.captured_ns > self._newest_ns:
                if self._attempt:
                    log.warning("%s is back.", self._source.uri)
                self._attempt, self._trouble = 0, None
                self._newest_ns = newest.captured_ns
                return newest
            self._watch(time.monotonic_ns())
            if left_s <= 0:
                raise SourceTimeoutError(
                    f"{self._source.uri} has no new frame within {timeout_s:.2f} s."
                )

    @property
    def late(self) -> bool:
        """Whether the next frame is late or the camera away; never for a file."""
        return self._state() != RUNNING

    @property
    def away(self) -> bool:
        """Whether the camera is missing or was lost, and is waited for; never for a file."""
        return self._state() in {REOPENING, WAITING}

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many frames were captured and skipped, and how often the source was opened again."""
        captured = self._captured + self._past.captured
        if self._reader is not None:
            captured += self._reader.captured
        return captured, self._slot.skipped, self._reopened

    @property
    def statistics(self) -> Statistics:
        """The counts so far."""
        captured, skipped, reopened = self.counts
        return replace(
            self._past if self._reader is None else self._reader.added_to(self._past),
            captured=captured,
            skipped=skipped,
            reopened=reopened,
            missing=self._source.missing,
            state=self._state(),
            trouble=self._trouble,
        )

    def meter(self, box: Box, captured_ns: int) -> None:
        """Give the face to the camera, see `FrameSource.meter`."""
        self._source.meter(box, captured_ns)

    def inherit(self, before: "Capture") -> None:
        """Take over the hanging drivers of a closed capture; call it before `start`."""
        self._hung = [reader for reader in before._hung if reader.alive]

    def close(self, *, followed: bool = False) -> None:
        """Close the source, within `CLOSE_S` even if the driver hangs. May be called twice.

        If it is `followed` by another capture of the camera, it waits up to `HANG_S`.
        """
        if not self._source.live:
            self._source.close()
            return
        if self._reader is not None:
            self._reader.stop()
            self._hung.append(self._reader)
            self._abandoned_ns = time.monotonic_ns()
        limit_s = HANG_S if followed else CLOSE_S
        # Only the last reader may still need its time; those before have hung.
        if self._hung and not self._waited(self._hung[-1].join, self._abandoned_ns, limit_s):
            if self._source.remote:
                log.info("%s does not answer, and is not waited for.", self._source.uri)
            else:
                log.warning("%s does not close; its driver hangs.", self._source.uri)
        self._slot.close()

    def _waited(self, wait: Callable[[float], bool], since_ns: int, limit_s: float) -> bool:
        """Return whether `wait`, called with seconds, succeeds within a limit after `since_ns`."""
        while not wait(_WATCH_S):
            most_s = min(limit_s, CLOSE_S) if self._ending() else limit_s
            if time.monotonic_ns() - since_ns >= most_s * NS_PER_S:
                return False
        return True

    def _state(self) -> str:
        reader = self._reader
        if self._retry_ns is not None or (reader and self._attempt and not reader.captured):
            return REOPENING if self._newest_ns >= 0 else WAITING
        if reader is None or reader.silence_s(time.monotonic_ns()) <= reader.deadline_s:
            return RUNNING
        return STALLED

    def _watch(self, now_ns: int) -> None:
        """Take the next step of the recovery, if one is due."""
        reader = self._reader
        if reader is not None:
            limit_s = max(REOPEN_S if reader.captured else FIRST_FRAME_S, 2 * reader.deadline_s)
            if not reader.opened.is_set():
                limit_s = OPEN_S
            if reader.error is not None:
                self._abandon(reader, str(reader.error).rstrip("."), now_ns)
            elif reader.silence_s(now_ns) > limit_s:
                self._abandon(
                    reader, f"{self._source.uri} has no new frame for {limit_s:.0f} s", now_ns
                )
        elif self._retry_ns is None:
            raise SourceLostError(f"{self._source.uri} was not started.")
        elif now_ns >= self._retry_ns and not self._closing(now_ns):
            self._reopen()

    def _closing(self, now_ns: int) -> bool:
        """Return whether the last reader still closes the camera, within `HANG_S`."""
        self._hung = [reader for reader in self._hung if reader.alive]
        return bool(self._hung) and now_ns < self._abandoned_ns + round(HANG_S * NS_PER_S)

    def _abandon(self, reader: Reader, reason: str, now_ns: int) -> None:
        """Abandon a reader and plan the next one; its thread closes the source."""
        reader.stop()
        seen = self._newest_ns >= 0
        self._trouble = reason
        if reader.error is not None and not may_pass(reader.error, seen):
            raise reader.error
        if self.hung and isinstance(reader.error, SourceBusyError):
            raise SourceLostError(
                f"{self._source.uri} cannot be opened again: its driver hangs in this process "
                "since it was lost, and only a new start helps."
            )
        if self._attempt >= len(BACKOFF_S) and (not self._patient or self.hung):
            raise SourceLostError(
                f"The camera is lost, {self._attempt} attempts did not bring it back ({reason}); "
                "check its cable and power."
            )
        # Not before: a thread that was asked to end just now has not hung.
        self._hung.append(reader)
        if self._attempt == 0:
            log.warning("%s; %s.", reason, "opening it again" if seen else "waiting for the camera")
        # Frames that are identical even after opening again show a still scene, such as a test
        # picture.
        self._stands_still = reader.identical > 0 and reader.captured == 0
        self._past = reader.added_to(self._past)
        self._last, self._sequence = reader.last, reader.sequence
        self._reader = None
        self._slot.open()
        self._abandoned_ns = now_ns
        wait_s = BACKOFF_S[min(self._attempt, len(BACKOFF_S) - 1)]
        self._retry_ns = now_ns + round(wait_s * NS_PER_S)

    def _reopen(self) -> None:
        self._retry_ns = None
        self._reopened += 1
        self._attempt += 1
        self._source = self._source.fresh()
        self._reader = Reader(
            self._source,
            self._slot,
            keep_identical=self._stands_still,
            last=self._last,
            sequence=self._sequence,
        )
