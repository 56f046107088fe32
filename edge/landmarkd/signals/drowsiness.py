"""Drowsiness: PERCLOS over a minute, with microsleeps and yawns beside it."""

from landmarkd.enums import EventKind, EventPhase
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.timing import NANOSECONDS, EventBook, SlidingShare, Stage, nanoseconds
from landmarkd.types import DriverEvent

STAGES = (
    Stage(0.0, EventKind.DROWSINESS, 1),
    Stage(0.0, EventKind.DROWSINESS, 1),
    Stage(0.0, EventKind.DROWSINESS, 2),
)


class Drowsiness:
    """PERCLOS (Wierwille et al. 1994) and the level of drowsiness that follows from it.

    Levels 1 to 3 are `perclos_levels`; a level is left when PERCLOS has fallen below
    `perclos_release` of it. A microsleep within the window makes it at least 2, frequent yawns at
    least 1. The event begins at level 1, escalates with each higher level and ends at 0.
    """

    def __init__(self, settings: DriverSettings, book: EventBook) -> None:
        self._settings, self._book = settings, book
        self._closed = SlidingShare(settings.perclos_window_s)
        self._hold_ns, self._window_ns = (
            nanoseconds(settings.hold_s),
            nanoseconds(settings.perclos_window_s),
        )
        self._last: tuple[bool | None, int] | None = None
        self._microsleep_ns: int | None = None
        self._began_ns = self._id = self._told = 0
        self.level = 0

    @property
    def perclos(self) -> float | None:
        """Share of the window's known time with eyes closed, or None before enough is known."""
        known = self._closed.known_s
        return self._closed.true_s / known if known >= self._settings.perclos_min_s else None

    @property
    def stage(self) -> Stage | None:
        """What the running event is, or None."""
        return STAGES[self.level - 1] if self.level else None

    def update(
        self, closed: bool | None, time_ns: int, *, microsleep: bool, yawns: int
    ) -> list[DriverEvent]:
        """Take in a frame and return what begins, escalates or ends.

        Args:
            closed: whether the eyes are (P80), None if unknown.
            time_ns: capture time, never less than the last.
            microsleep: whether a closure is an event at present.
            yawns: how many there were lately.
        """
        if self._last is not None:
            was, then_ns = self._last
            self._closed.add(was if time_ns - then_ns <= self._hold_ns else None, then_ns, time_ns)
        self._last = closed, time_ns
        if microsleep:
            self._microsleep_ns = time_ns
        level = self._level(yawns, time_ns)
        if level == self.level:
            return []
        before, self.level = self.level, level
        if before == 0:
            self._began_ns, self._id, self._told = time_ns, self._book.new_id(), 0
        if level == 0:
            return [self._event(EventPhase.END, before, time_ns)]
        if level <= self._told:
            return []
        phase = EventPhase.ESCALATE if self._told else EventPhase.BEGIN
        self._told = level
        return [self._event(phase, level, time_ns)]

    def _level(self, yawns: int, time_ns: int) -> int:
        perclos = self.perclos or 0.0
        level = 0
        for number, limit in enumerate(self._settings.perclos_levels, 1):
            reached = limit * self._settings.perclos_release if self.level >= number else limit
            if perclos >= reached:
                level = number
        if self._microsleep_ns is not None and time_ns - self._microsleep_ns <= self._window_ns:
            level = max(level, 2)
        if yawns >= self._settings.yawns_drowsy:
            level = max(level, 1)
        return level

    def _event(self, phase: EventPhase, level: int, time_ns: int) -> DriverEvent:
        evidence = {
            "drowsiness": float(level),
            "duration_s": (time_ns - self._began_ns) / NANOSECONDS,
        }
        if self.perclos is not None:
            evidence["perclos"] = self.perclos
        stage = STAGES[level - 1]
        return DriverEvent(
            self._id, stage.kind, phase, stage.level, self._began_ns, time_ns, evidence
        )
