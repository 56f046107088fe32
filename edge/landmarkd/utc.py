"""The offset from the monotonic clock to UTC, and its quality. No decision depends on it."""

import ctypes
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from landmarkd.enums import ClockQuality
from landmarkd.types import UtcOffset

READ_EVERY_NS = 1_000_000_000
TIMESYNCD = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd makes this file after it has set the clock."""
_TIMEX_BYTES = 512
"""More than the size of struct timex on any platform; all zeros only read the clock."""
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""


def clock_quality(timesyncd: Path = TIMESYNCD) -> ClockQuality:
    """Return whether the clock of the system is synchronised.

    The kernel says this (adjtimex(2) without changes, allowed for every user); if a sandbox forbids
    the call, the file of systemd-timesyncd decides.
    """
    state = -1
    with suppress(OSError, AttributeError):
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state >= 0:
        return ClockQuality.UNSYNCHRONISED if state == _TIME_ERROR else ClockQuality.SYNCHRONISED
    return ClockQuality.SYNCHRONISED if timesyncd.exists() else ClockQuality.UNKNOWN


class UtcReader:
    """Reads both clocks at most once a second.

    Args:
        wall_ns, monotonic_ns, quality: for tests.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        quality: Callable[[], ClockQuality] = clock_quality,
    ) -> None:
        self._wall_ns, self._monotonic_ns, self._quality = wall_ns, monotonic_ns, quality
        self._read_ns: int | None = None
        self._offset = UtcOffset(0)

    def read(self) -> UtcOffset:
        """Return the offset as of the last second."""
        now = self._monotonic_ns()
        if self._read_ns is None or now - self._read_ns >= READ_EVERY_NS:
            self._read_ns = now
            self._offset = UtcOffset(self._wall_ns() - now, self._quality())
        return self._offset

    def seconds(self) -> int:
        """Return UTC in seconds since 1970 if the clock is synchronised, else 0."""
        offset = self.read()
        if offset.quality is not ClockQuality.SYNCHRONISED:
            return 0
        return (self._monotonic_ns() + offset.offset_ns) // 1_000_000_000
