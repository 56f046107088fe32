"""Play at the pace of the capture times: the pacer of everything that plays a recording."""

import time
from collections.abc import Callable

LATE_S = 1.0
"""A player that is late by more than this does not hurry to catch up."""


class Pacer:
    """Holds frames back until as much time has passed as between their captures.

    Args:
        longest_pause_s: a longer gap between two captures, or a step back, is cut to this, or to
            no pause at all.
        clock, sleep: for tests.
    """

    def __init__(
        self,
        longest_pause_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._longest_s, self._clock, self._sleep = longest_pause_s, clock, sleep
        self._last_ns: int | None = None
        self._due = clock()

    def wait(self, captured_ns: int) -> None:
        """Return when the frame that was captured then is due; at once for the first."""
        now = self._clock()
        if self._last_ns is None:
            self._due = now
        else:
            pause = min(self._longest_s, max(0.0, (captured_ns - self._last_ns) / 1e9))
            self._due = max(self._due + pause, now - LATE_S)
            self._sleep(max(0.0, self._due - now))
        self._last_ns = captured_ns
