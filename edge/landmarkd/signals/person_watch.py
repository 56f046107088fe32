"""Another person in the place of the driver."""

from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.timing import nanoseconds
from landmarkd.types import FaceObservation

JUMP_NS = nanoseconds(0.5)
JUMP, GROWTH = 1.0, 1.6
"""A face that moves by its own size, or grows by this, between two frames is another person."""


class PersonWatch:
    """Counts in `changes` how often the person changed: by the tracker, a jump or an absence."""

    def __init__(self, settings: DriverSettings) -> None:
        self._absent_ns = nanoseconds(settings.absent_s)
        self._seen_ns: int | None = None
        self._last: FaceObservation | None = None
        self.changes = 0

    def changed(self, observation: FaceObservation | None, time_ns: int) -> bool:
        """Add a frame and return whether it may show another person."""
        if observation is None:
            return False
        seen_ns, self._seen_ns = self._seen_ns, time_ns
        last, self._last = self._last, observation
        if seen_ns is None or last is None:
            return False
        changed = time_ns - seen_ns >= self._absent_ns
        if observation.track and last.track:
            changed = changed or observation.track != last.track
        elif time_ns - seen_ns <= JUMP_NS:
            a, b = last.roi, observation.roi
            moved = max(abs(a.x - b.x), abs(a.y - b.y)) / min(a.side, b.side)
            changed = changed or moved > JUMP or not 1 / GROWTH < a.side / b.side < GROWTH
        self.changes += changed
        return changed
