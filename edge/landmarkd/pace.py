"""Playing at the pace of the capture times: recordings, videos, pictures and scripts."""

import math
import time

LATE_S = 1.0
"""A player that is late by more than this does not hurry to catch up."""


def sleep_until(due_s: float, timeout_s: float = math.inf) -> float:
    """Sleep until the monotonic clock shows `due_s`, for at most `timeout_s`.

    Returns:
        The seconds that were left when the timeout was over; 0 if it is due now.
    """
    wait_s = due_s - time.monotonic()
    if wait_s > 0:
        time.sleep(min(wait_s, timeout_s))
    return max(0.0, wait_s - timeout_s)


class Pacer:
    """Holds frames back until as much time has passed as between their captures.

    Args:
        longest_pause_s: a longer gap between two captures is cut to this; a step back is no pause.
    """

    def __init__(self, longest_pause_s: float = 5.0) -> None:
        self._longest_s = longest_pause_s
        self._last_ns: int | None = None
        self._due = 0.0

    def wait(self, captured_ns: int) -> None:
        """Return when the frame that was captured then is due; at once for the first."""
        now = time.monotonic()
        if self._last_ns is None:
            self._due = now
        else:
            pause = min(self._longest_s, max(0.0, (captured_ns - self._last_ns) / 1e9))
            self._due = max(self._due + pause, now - LATE_S)
            sleep_until(self._due)
        self._last_ns = captured_ns
