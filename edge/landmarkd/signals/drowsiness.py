"""Drowsiness: slow estimates from slow closures, blinks and yawns, with their numbers."""

from collections import deque

from landmarkd.enums import EventKind, EventPhase
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.timing import NANOSECONDS, EventBook, SlidingShare, Stage, nanoseconds
from landmarkd.types import BlinkRates, DriverEvent

STAGES = (
    Stage(0.0, EventKind.DROWSINESS, 1),
    Stage(0.0, EventKind.DROWSINESS, 1),
    Stage(0.0, EventKind.DROWSINESS, 2),
)
MINUTE_S, FIVE_S = 60.0, 300.0
_CLOSURES = {
    EventKind.LONG_CLOSURE,
    EventKind.MICROSLEEP,
    EventKind.SLEEP,
    EventKind.UNRESPONSIVE,
}
_SHUT = {EventKind.BLINK, *_CLOSURES}
_NO_RATES = BlinkRates()


class Rates:
    """Counts blinks and long closures over one and five minutes with visible eyes.

    Args:
        memory_s: how long `count` looks back, at least five minutes.
    """

    def __init__(self, memory_s: float) -> None:
        self._memory_ns = nanoseconds(max(memory_s, FIVE_S))
        self._events: deque[tuple[int, EventKind, float]] = deque(maxlen=1000)
        self._seen = {window: SlidingShare(window) for window in (MINUTE_S, FIVE_S)}

    def add(self, kind: EventKind, duration_s: float, time_ns: int) -> None:
        """Count a blink, long closure or microsleep."""
        self._events.append((time_ns, kind, duration_s))

    def pass_time(self, known: bool, from_ns: int, to_ns: int) -> None:
        """Add time in which the eyes were visible or not."""
        for share in self._seen.values():
            share.add(True if known else None, from_ns, to_ns)
        while self._events and to_ns - self._events[0][0] > self._memory_ns:
            self._events.popleft()

    def count(self, kinds: set[EventKind], window_s: float, time_ns: int) -> int:
        """Return the number of events of these kinds in a window."""
        if not self._events:
            return 0
        since = time_ns - nanoseconds(window_s)
        return sum(kind in kinds and at >= since for at, kind, _ in self._events)

    def mean_blink_s(self, time_ns: int) -> float | None:
        """Return the mean duration of the blinks of the last minute, None with fewer than five."""
        since = time_ns - nanoseconds(MINUTE_S)
        lasted = [d for at, kind, d in self._events if kind == EventKind.BLINK and at >= since]
        return sum(lasted) / len(lasted) if len(lasted) >= 5 else None

    def rates(self, time_ns: int) -> BlinkRates:
        """Return events per minute; None if less than half of the window was seen."""

        def rate(kind: EventKind, window_s: float) -> float | None:
            seen_s = self._seen[window_s].true_s
            if seen_s < 0.5 * window_s:
                return None
            return self.count({kind}, window_s, time_ns) / seen_s * MINUTE_S

        if all(share.true_s < 0.5 * window_s for window_s, share in self._seen.items()):
            return _NO_RATES
        return BlinkRates(
            rate(EventKind.BLINK, MINUTE_S),
            rate(EventKind.BLINK, FIVE_S),
            rate(EventKind.LONG_CLOSURE, MINUTE_S),
            rate(EventKind.LONG_CLOSURE, FIVE_S),
        )


class Drowsiness:
    """PERCLOS (Wierwille et al. 1994), a slow score, and the level of drowsiness.

    PERCLOS counts slow closures and not blinks (Dinges and Grace 1998): a closure counts, from its
    beginning, if it is longer than a blink.

    Levels 1 to 3 are those of PERCLOS (`perclos_levels`); a level ends when PERCLOS is below
    `perclos_release` of it, or was unknown for `forget_s`. Yawns make level 1 as long as there
    are enough of them. The score adds values of the last five minutes; a single microsleep is an
    event and does not mean drowsiness. The event begins at level 1, escalates with each higher
    level and ends at 0, or with another driver. In a vehicle that is too slow for alarms no time
    counts and no level rises. After `clear_s` there the level is 0; what led to it is forgotten, so
    that the event does not begin again with each start at a light.
    """

    def __init__(self, settings: DriverSettings, book: EventBook) -> None:
        self._settings, self._book = settings, book
        self._hold_ns = nanoseconds(settings.hold_s)
        self._blink_ns = nanoseconds(settings.blink_max_s)
        self._clear_ns = nanoseconds(settings.clear_s)
        self._forget_ns = nanoseconds(settings.forget_s)
        self._slow_ns: int | None = None
        self._began_ns = self._id = self._told = self._forgotten_ns = 0
        self.level = 0
        self.stage: Stage | None = None
        """Kind of the active event, or None."""
        self.reset()

    def reset(self) -> None:
        """Reset the history of the eyes, because another person drives.

        A running event ends on the next frame.
        """
        self._kept = self._known_ns = 0
        self._closed = SlidingShare(self._settings.perclos_window_s)
        self._rates = Rates(self._settings.perclos_window_s)
        self._last: tuple[bool | None, bool, int] | None = None
        self._shut_since_ns: int | None = None
        self._counted_ns = 0

    @property
    def perclos(self) -> float | None:
        """Share of the known time with closed eyes, or None before enough is known."""
        known = self._closed.known_s
        return self._closed.true_s / known if known >= self._settings.perclos_min_s else None

    def rates(self, time_ns: int) -> BlinkRates:
        """Return how often the eyes closed in the last minutes."""
        return self._rates.rates(time_ns)

    def update(
        self,
        closed: bool | None,
        time_ns: int,
        *,
        trusted: bool,
        eyes: list[DriverEvent],
        yawns: int,
        slow: bool = False,
    ) -> list[DriverEvent]:
        """Add a frame and return events that begin, escalate or end.

        Args:
            closed: whether the eyes are closed (P80), None if unknown.
            time_ns: capture time, not less than the last one.
            trusted: whether the baselines of the eyes are reliable, which PERCLOS needs.
            eyes: blinks, long closures and closure events of this frame.
            yawns: number in the last minutes.
            slow: whether the vehicle is too slow for an alarm.
        """
        counted = trusted and not slow
        self._count(closed if counted else None, time_ns, seen=closed is not None)
        for event in eyes:
            if event.phase is EventPhase.END and event.kind in _SHUT:
                self._rates.add(event.kind, event.evidence["duration_s"], time_ns)
        level = self._level(yawns, time_ns)
        if slow:
            level = self._in_slow_vehicle(level, time_ns)
        else:
            self._slow_ns = None
        if level == self.level:
            return []
        before, self.level = self.level, level
        self.stage = STAGES[level - 1] if level else None
        if before == 0:
            self._began_ns, self._id, self._told = time_ns, self._book.new_id(), 0
        if level == 0:
            return [self._event(EventPhase.END, before, time_ns, yawns)]
        if level <= self._told:
            return []
        phase = EventPhase.ESCALATE if self._told else EventPhase.BEGIN
        self._told = level
        return [self._event(phase, level, time_ns, yawns)]

    def _count(self, closed: bool | None, time_ns: int, *, seen: bool) -> None:
        """Count the time since the last frame, closures only once they are longer than blinks."""
        last, self._last = self._last, (closed, seen, time_ns)
        if last is None:
            return
        was, was_seen, then_ns = last
        if time_ns - then_ns > self._hold_ns:
            was, was_seen = None, False
        # Blinks are counted before the baselines are reliable, so this time counts too.
        self._rates.pass_time(was_seen, then_ns, time_ns)
        if was:
            since = self._shut_since_ns = (
                then_ns if self._shut_since_ns is None else self._shut_since_ns
            )
            if time_ns - since > self._blink_ns:
                self._closed.add(True, max(since, self._counted_ns), time_ns)
                self._counted_ns = time_ns
            return
        if self._shut_since_ns is not None:
            # A blink counts as open eyes here.
            self._closed.add(False, max(self._shut_since_ns, self._counted_ns), then_ns)
            self._shut_since_ns = None
        self._closed.add(was, then_ns, time_ns)
        self._counted_ns = time_ns

    def score(self, yawns: int, time_ns: int) -> float | None:
        """Return the slow estimate, 0 alert to 1, or None before enough was seen.

        A weighted sum, ours: PERCLOS over its highest level (0.4), long closures and microsleeps in
        five minutes over six (0.3), mean blink duration between 0.25 and 0.5 s (0.2), yawns over
        `yawns_drowsy` (0.1). Not validated with sleepy drivers.
        """
        perclos = self.perclos
        if perclos is None:
            return None
        shut = self._rates.count(_CLOSURES, FIVE_S, time_ns)
        blink_s = self._rates.mean_blink_s(time_ns) or 0.0
        return (
            0.4 * min(perclos / self._settings.perclos_levels[2], 1.0)
            + 0.3 * min(shut / 6.0, 1.0)
            + 0.2 * min(max((blink_s - 0.25) / 0.25, 0.0), 1.0)
            + 0.1 * min(yawns / self._settings.yawns_drowsy, 1.0)
        )

    def _level(self, yawns: int, time_ns: int) -> int:
        settings, perclos, kept = self._settings, self.perclos, self._kept
        if perclos is not None:
            level, self._known_ns = 0, time_ns
        else:
            level = kept if time_ns - self._known_ns < self._forget_ns else 0
        for number, limit in enumerate(settings.perclos_levels, 1):
            reached = limit * settings.perclos_release if kept >= number else limit
            if perclos is not None and perclos >= reached:
                level = number
        if level and not kept:
            since_s = (time_ns - self._forgotten_ns) / NANOSECONDS
            window_s = min(settings.perclos_window_s, since_s)
            shut = self._rates.count(_CLOSURES, window_s, time_ns)
            if shut < settings.drowsy_closures:
                # One closure is an event, not a state.
                level = 0
        self._kept = level
        return max(level, 1) if yawns >= settings.yawns_drowsy else level

    def _in_slow_vehicle(self, level: int, time_ns: int) -> int:
        if self._slow_ns is None:
            self._slow_ns = time_ns
        level = min(level, self.level)
        if level and time_ns - self._slow_ns >= self._clear_ns:
            level = 0
            self._closed.clear()
            self._forgotten_ns = time_ns
        self._kept = min(self._kept, level)
        return level

    def _event(self, phase: EventPhase, level: int, time_ns: int, yawns: int) -> DriverEvent:
        evidence = {
            "drowsiness": float(level),
            "duration_s": (time_ns - self._began_ns) / NANOSECONDS,
            "yawns": float(yawns),
            "long_closures": float(self._rates.count(_CLOSURES, FIVE_S, time_ns)),
        }
        if self.perclos is not None:
            evidence["perclos"] = self.perclos
        blink_s = self._rates.mean_blink_s(time_ns)
        if blink_s is not None:
            evidence["mean_blink_s"] = blink_s
        stage = STAGES[level - 1]
        return DriverEvent(
            self._id, stage.kind, phase, stage.level, self._began_ns, time_ns, evidence
        )
