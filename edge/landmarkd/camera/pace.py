"""Frame times of a video: from its time stamps to the monotonic clock."""

import math

from landmarkd.camera.base import NS_PER_S
from landmarkd.errors import SourceTimeoutError
from landmarkd.pace import sleep_until

DEFAULT_FPS = 30.0
HIGHEST_FPS = 1000.0
GAP_S = 1.0
"""A longer time between two frames is a gap, which is logged and keeps its length."""
LONGEST_GAP_S = 86_400.0
"""A longer gap is a wrong time stamp and counts as one period."""


def period_of(fps: float) -> float:
    """Return seconds per frame; an implausible rate (0, 90000, NaN) counts as 30."""
    return 1.0 / (fps if math.isfinite(fps) and 0.0 < fps <= HIGHEST_FPS else DEFAULT_FPS)


class Timeline:
    """Turns presentation times into increasing capture times.

    A time stamp that is missing, goes back (as in a loop) or jumps by more than `LONGEST_GAP_S` is
    replaced by one period after the previous frame, and the following ones continue from there. A
    pause of the recording keeps its length.

    Args:
        period_s: nominal time between frames.
        base_ns: monotonic time of the first frame.

    Attributes:
        last_ns: time of the last frame, or None before the first.
    """

    def __init__(self, period_s: float, base_ns: int) -> None:
        self._period_ns = round(period_s * NS_PER_S)
        self._base_ns = base_ns
        self._offset_ns = 0
        self.last_ns: int | None = None

    def stamp(self, presentation_s: float) -> int:
        """Return the capture time of the next frame, nanoseconds."""
        usable = math.isfinite(presentation_s) and abs(presentation_s) < NS_PER_S
        at_ns = round(presentation_s * NS_PER_S) if usable else 0
        if self.last_ns is None:
            stamp_ns = self._base_ns
        else:
            stamp_ns = at_ns + self._offset_ns
            gap_ns = stamp_ns - self.last_ns
            if not usable or not 0 < gap_ns <= LONGEST_GAP_S * NS_PER_S:
                stamp_ns = self.last_ns + self._period_ns
        if usable:
            self._offset_ns = stamp_ns - at_ns
        self.last_ns = stamp_ns
        return stamp_ns


def wait_until(due_ns: int, timeout_s: float, name: str) -> None:
    """Wait until the monotonic clock shows `due_ns`.

    Raises:
        SourceTimeoutError: that is more than `timeout_s` away; waited `timeout_s`.
    """
    left_s = sleep_until(due_ns / NS_PER_S, timeout_s)
    if left_s > 0:
        raise SourceTimeoutError(f"{name}: the next frame is due in {left_s:.2f} s.")
