"""Time on the frames' own clock.

How much of a window something held, and concerns that rise with time.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from landmarkd.enums import EventKind, EventPhase
from landmarkd.types import DriverEvent

NANOSECONDS = 1_000_000_000


def nanoseconds(seconds: float) -> int:
    """Return seconds as whole nanoseconds."""
    return round(seconds * NANOSECONDS)


class SlidingShare:
    """How long a condition held, and did not, within the last seconds.

    What is unknown counts as neither.

    Only changes are stored, so the memory does not depend on the frame rate.
    """

    def __init__(self, window_s: float) -> None:
        self._window_ns = nanoseconds(window_s)
        self._spans: deque[list[int]] = deque()  # condition, begin and end of each
        self._held_ns = [0, 0]

    def clear(self) -> None:
        """Forget everything."""
        self._spans.clear()
        self._held_ns = [0, 0]

    def add(self, condition: bool | None, from_ns: int, to_ns: int) -> None:
        """Count a span of time, not older than any before.

        A condition of None only lets time pass.
        """
        spans = self._spans
        if condition is not None and to_ns > from_ns:
            if spans and spans[-1][2] == from_ns and spans[-1][0] == condition:
                spans[-1][2] = to_ns
            else:
                spans.append([condition, from_ns, to_ns])
            self._held_ns[condition] += to_ns - from_ns
        edge = to_ns - self._window_ns
        while spans and spans[0][1] < edge:
            first = spans[0]
            old, begin, end = first
            if end > edge:
                first[1] = edge
                self._held_ns[old] -= edge - begin
                break
            spans.popleft()
            self._held_ns[old] -= end - begin

    @property
    def true_s(self) -> float:
        """Seconds within the window for which the condition held."""
        return self._held_ns[True] / NANOSECONDS

    @property
    def known_s(self) -> float:
        """Seconds within the window for which it was known whether the condition held."""
        return (self._held_ns[0] + self._held_ns[1]) / NANOSECONDS


class EventBook:
    """Numbers the events of one run."""

    def __init__(self) -> None:
        self._last = 0

    def new_id(self) -> int:
        """Return the next number, from 1."""
        self._last += 1
        return self._last


@dataclass(frozen=True, slots=True)
class Stage:
    """What a concern is called, and how severe it is, after it has lasted for some seconds."""

    after_s: float
    kind: EventKind
    level: int


class Concern:
    """A condition that becomes an event when it lasts.

    The event grows worse in stages and ends when the condition is over for a while.

    The condition is True, False or unknown (None) at each frame. Before the event, up to `hold_s`
    of unknown between two frames on which it holds count as if it had held; a longer time drops it.
    An event begins only on a frame that shows the condition. Once it runs, hiding does not help:
    unknown never ends it, and it goes on to its next stages. It ends after `clear_s` of not
    holding, within which up to `hold_s` may be unknown.

    A time of not holding that is longer than `blip_s` is an interruption: the times of all further
    stages count from its end. A shorter one is noise.

    Args:
        stages: in the order of their times.
        clear_s, hold_s, blip_s: seconds.
        book: gives numbers to events.

    Attributes:
        active: the stage that the running event has reached, or None.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        clear_s: float,
        hold_s: float,
        book: EventBook,
        blip_s: float = 0.0,
    ) -> None:
        self._blip_ns = nanoseconds(blip_s)
        self._stages = tuple(stages)
        self._after_ns = [nanoseconds(stage.after_s) for stage in stages]
        self._clear_ns, self._hold_ns, self._book = nanoseconds(clear_s), nanoseconds(hold_s), book
        self._holds = False
        self._began_ns = self._since_ns = self._last_true_ns = 0
        self._fading = False
        self._over_ns = self._last_false_ns = 0
        self._stage = -1
        self._id = 0
        self.active: Stage | None = None

    def retime(self, stage: int, after_s: float) -> None:
        """Change after how many seconds a stage is reached."""
        self._after_ns[stage] = nanoseconds(after_s)

    def drop(self) -> None:
        """Forget that the condition held, unless it is an event already."""
        if self._stage < 0:
            self._holds = False

    def update(
        self, condition: bool | None, time_ns: int, evidence: dict[str, float]
    ) -> list[DriverEvent]:
        """Take in the condition at a frame and return what begins, escalates or ends.

        Args:
            condition: None if unknown.
            time_ns: capture time, never less than the last.
            evidence: numbers to go with an event; "duration_s" is added.
        """
        running = self._stage >= 0
        if condition:
            self._hold(time_ns, running)
            return self._rise(time_ns, evidence)
        if not running:
            if self._holds and condition is not None:
                self._let_go(time_ns)
            return []
        if condition is None:
            self._fading = self._fading and time_ns - self._last_false_ns <= self._hold_ns
            return [] if self._fading else self._rise(time_ns, evidence)
        return self._fade(time_ns, evidence)

    def _hold(self, time_ns: int, running: bool) -> None:
        """Note a frame on which the condition holds."""
        interrupted = self._fading and time_ns - self._over_ns > self._blip_ns
        lost = not running and time_ns - self._last_true_ns > self._hold_ns
        if not self._holds or lost or (interrupted and not running):
            self._holds, self._began_ns, self._since_ns = True, time_ns, time_ns
        elif interrupted:
            self._since_ns = time_ns
        self._last_true_ns, self._fading = time_ns, False

    def _let_go(self, time_ns: int) -> None:
        """Note a frame before the event on which the condition no longer holds."""
        if not self._fading:
            self._fading, self._over_ns = True, time_ns
        if time_ns - self._over_ns >= self._blip_ns:
            self._holds = self._fading = False

    def _rise(self, time_ns: int, evidence: dict[str, float]) -> list[DriverEvent]:
        events = []
        lasted_ns = time_ns - self._began_ns
        held_ns = time_ns - self._since_ns
        while self._stage + 1 < len(self._stages) and held_ns >= self._after_ns[self._stage + 1]:
            phase = EventPhase.ESCALATE if self._stage >= 0 else EventPhase.BEGIN
            if phase is EventPhase.BEGIN:
                self._id = self._book.new_id()
            self._stage += 1
            self.active = self._stages[self._stage]
            events.append(self._event(phase, time_ns, lasted_ns, evidence))
        return events

    def _fade(self, time_ns: int, evidence: dict[str, float]) -> list[DriverEvent]:
        if not self._fading or time_ns - self._last_false_ns > self._hold_ns:
            self._fading, self._over_ns = True, time_ns
        self._last_false_ns = time_ns
        if time_ns - self._over_ns < self._clear_ns:
            return []
        event = self._event(EventPhase.END, time_ns, self._over_ns - self._began_ns, evidence)
        self._holds = self._fading = False
        self._stage, self.active = -1, None
        return [event]

    def _event(
        self, phase: EventPhase, time_ns: int, lasted_ns: int, evidence: dict[str, float]
    ) -> DriverEvent:
        stage = self._stages[self._stage]
        numbers = {"duration_s": lasted_ns / NANOSECONDS, **evidence}
        return DriverEvent(
            self._id, stage.kind, phase, stage.level, self._began_ns, time_ns, numbers
        )
