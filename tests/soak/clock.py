"""A clock that advances by a camera's period with each frame, so that a day fits into an hour."""

import time
from collections.abc import Callable


class FrameClock:
    """The monotonic clock of a process, advanced by `advance`.

    The daemon acts by time: it searches for a face every 0.25 s while there is none, so at 5,000
        frames a second it would miss most faces. With this clock a frame takes as long as with a
        real camera. Real time passes as well: latencies do not change, and waits for a thread or a
        device are not longer than before.

    Args:
        period_s: of the camera.
    """

    def __init__(self, period_s: float) -> None:
        self._period_ns = round(period_s * 1e9)
        self._ahead_ns = 0
        self._real: Callable[[], int] = time.monotonic_ns

    def now_ns(self) -> int:
        """Return the time, ns."""
        return self._real() + self._ahead_ns

    def now_s(self) -> float:
        """Return the time, s."""
        return self.now_ns() / 1e9

    def advance(self) -> None:
        """Advance the clock by one frame."""
        self._ahead_ns += self._period_ns

    def install(self) -> None:
        """Let everything in this process that asks the module `time` use this clock."""
        time.monotonic_ns = self.now_ns
        # A bound method: as an attribute of a class a function would be given an instance.
        time.monotonic = self.now_s
