"""Blinks: dips of the openness that are over soon, with how long they took to close and to open."""

from landmarkd.enums import EventKind, EventPhase
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.timing import NANOSECONDS, EventBook, nanoseconds
from landmarkd.types import DriverEvent


class BlinkDetector:
    """Finds blinks in the openness of the eyes.

    A blink begins when the openness falls through `blink_openness` and ends when it rises through
    `blink_end_openness`; both times are interpolated between frames, so that a low frame rate costs
    little. What does not reach `blink_depth` is a smile or a glance down, what lasts longer than
    `blink_max_s` a closure. A blink is known when it is over: it is reported once, as an END.
    """

    def __init__(self, settings: DriverSettings, book: EventBook) -> None:
        self._begin, self._end = settings.blink_openness, settings.blink_end_openness
        self._max_ns, self._gap_ns = (
            nanoseconds(settings.blink_max_s),
            nanoseconds(settings.blink_gap_s),
        )
        self._depth, self._slow_ns = settings.blink_depth, nanoseconds(settings.blink_slow_frame_s)
        self._book = book
        self._last: tuple[int, float] | None = None
        self._began_ns: int | None = None
        self._deepest = (0, 1.0)

    def update(self, openness: float | None, time_ns: int) -> list[DriverEvent]:
        """Take in the openness at a frame, None if unknown, and return a blink that ended on it."""
        if openness is None:
            return []
        last, self._last = self._last, (time_ns, openness)
        if last is None or time_ns - last[0] > self._gap_ns:
            self._began_ns = None
            return []
        if self._began_ns is None:
            if openness < self._begin <= last[1]:
                self._began_ns, self._deepest = _crossing(last, self._last, self._begin), self._last
            return []
        if openness < self._deepest[1]:
            self._deepest = self._last
        if openness <= self._end:
            return []
        began_ns, self._began_ns = self._began_ns, None
        ended_ns = _crossing(last, self._last, self._end)
        slow = time_ns - last[0] > self._slow_ns
        if ended_ns - began_ns > self._max_ns or (self._deepest[1] >= self._depth and not slow):
            return []
        evidence = {
            "duration_s": (ended_ns - began_ns) / NANOSECONDS,
            "closing_s": (self._deepest[0] - began_ns) / NANOSECONDS,
            "opening_s": (ended_ns - self._deepest[0]) / NANOSECONDS,
            "openness": self._deepest[1],
        }
        return [
            DriverEvent(
                self._book.new_id(), EventKind.BLINK, EventPhase.END, 0, began_ns, time_ns, evidence
            )
        ]


def _crossing(a: tuple[int, float], b: tuple[int, float], level: float) -> int:
    """Return the time at which the line from a to b passes a level, nanoseconds."""
    share = (level - a[1]) / (b[1] - a[1])
    return a[0] + round(share * (b[0] - a[0]))
