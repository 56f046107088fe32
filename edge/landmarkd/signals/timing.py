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


class RunningTime:
    """The frames' time, as one that never goes back.

    A frame older than the last one counts as one of the same time. If it is older by more than
    `most_s`, it is of another recording, and time goes on from there: it would else stand still
    until that recording is as late as the one before.

    Attributes:
        now_ns: time of the last frame.
        ahead_ns: how much later that is than on the frames' own clock.
    """

    def __init__(self, most_s: float) -> None:
        self._most_ns = nanoseconds(most_s)
        self._begun = False
        self.now_ns = self.ahead_ns = 0

    def update(self, time_ns: int) -> int:
        """Take in the capture time of a frame and return the time since the last one, or 0."""
        if not self._begun:
            self._begun, self.now_ns = True, time_ns
        last_ns = self.now_ns
        if last_ns - time_ns - self.ahead_ns > self._most_ns:
            self.ahead_ns = last_ns - time_ns
        self.now_ns = max(last_ns, time_ns + self.ahead_ns)
        return self.now_ns - last_ns


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


class Steady:
    """A condition without noise.

    A change counts once it has lasted for longer than `blip_s`, and then from its beginning; a
    shorter one is noise. Up to `hold_s` of unknown change nothing.

    Attributes:
        holds: whether the condition holds.
        since_ns: since when it holds, or does not.
        known_ns: when it was last known.
        doubted: whether the last known frame showed the opposite, for not longer than `blip_s` yet.
    """

    def __init__(self, hold_s: float, blip_s: float) -> None:
        self._hold_ns, self._blip_ns = nanoseconds(hold_s), nanoseconds(blip_s)
        self.holds = self.doubted = False
        self.since_ns = self.known_ns = 0
        self._doubted_ns = 0
        self._hidden = False

    def drop(self) -> None:
        """Forget that the condition held."""
        self.holds = self.doubted = False

    def update(self, condition: bool | None, time_ns: int, *, lost: bool = False) -> None:
        """Take in the condition at a frame.

        Args:
            condition: None if unknown.
            time_ns: capture time, never less than the last.
            lost: whether it holds once it was unknown for longer than `hold_s`.
        """
        if time_ns - self.known_ns > self._hold_ns:
            self.doubted = False
            if self.holds != lost:
                self.holds, self.since_ns = lost, self.known_ns + self._hold_ns
        elif self.doubted and not self._hidden and time_ns - self._doubted_ns > self._blip_ns:
            # What the last frame showed has lasted until this one.
            self._turn()
        self._hidden = condition is None
        if condition is None:
            return
        self.known_ns = time_ns
        if condition == self.holds:
            self.doubted = False
            return
        if not self.doubted:
            self.doubted, self._doubted_ns = True, time_ns
        if time_ns - self._doubted_ns >= self._blip_ns:
            self._turn()

    def _turn(self) -> None:
        self.holds, self.since_ns, self.doubted = not self.holds, self._doubted_ns, False


class Concern:
    """A condition that becomes an event when it lasts.

    The event grows worse in stages and ends when the condition is over for a while.

    The condition is True, False or unknown (None) at each frame. Before the event, up to `hold_s`
    of unknown between two frames on which it holds count as if it had held; a longer time drops it.
    An event begins only on a frame that shows the condition. Once it runs, hiding does not help:
    it goes on to its next stages, until it was unknown for `forget_s`. It ends after `clear_s` of
    not holding, within which up to `hold_s` may be unknown.

    A time of not holding that is longer than `blip_s` is an interruption: the times of all further
    stages count from its end, which is also where a longer unknown time begins. A shorter one is
    noise, and so is a shorter time of holding while the condition is over.

    Args:
        stages: in the order of their times.
        clear_s, hold_s, blip_s, forget_s: seconds.
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
        forget_s: float,
        book: EventBook,
        blip_s: float = 0.0,
    ) -> None:
        self._stages = tuple(stages)
        self._after_ns = [nanoseconds(stage.after_s) for stage in stages]
        self._clear_ns, self._book = nanoseconds(clear_s), book
        self._forget_ns = nanoseconds(forget_s)
        self._steady = Steady(hold_s, blip_s)
        self._began_ns = 0
        self._stage = -1
        self._id = 0
        self.active: Stage | None = None

    def retime(self, stage: int, after_s: float) -> None:
        """Change after how many seconds a stage is reached."""
        self._after_ns[stage] = nanoseconds(after_s)

    def drop(self) -> None:
        """Forget that the condition held, unless it is an event already."""
        if self._stage < 0:
            self._steady.drop()

    def update(
        self, condition: bool | None, time_ns: int, evidence: dict[str, float]
    ) -> list[DriverEvent]:
        """Take in the condition at a frame and return what begins, escalates or ends.

        Args:
            condition: None if unknown.
            time_ns: capture time, never less than the last.
            evidence: numbers to go with an event; "duration_s" is added.
        """
        running, steady = self._stage >= 0, self._steady
        if running and time_ns - steady.known_ns >= self._forget_ns:
            # Also where no frame came for so long: what this one shows is not the same event.
            ended = self._end(time_ns, steady.known_ns + self._forget_ns, evidence)
            steady.drop()
            steady.update(condition, time_ns)
            return [ended]
        steady.update(condition, time_ns, lost=running)
        if steady.holds:
            if condition or (condition is None and running and not steady.doubted):
                return self._rise(time_ns, evidence)
        elif running and condition is False and time_ns - steady.since_ns >= self._clear_ns:
            return [self._end(time_ns, steady.since_ns, evidence)]
        return []

    def _rise(self, time_ns: int, evidence: dict[str, float]) -> list[DriverEvent]:
        events = []
        since_ns = self._steady.since_ns
        while (
            self._stage + 1 < len(self._stages)
            and time_ns - since_ns >= self._after_ns[self._stage + 1]
        ):
            phase = EventPhase.ESCALATE if self._stage >= 0 else EventPhase.BEGIN
            if phase is EventPhase.BEGIN:
                self._id, self._began_ns = self._book.new_id(), since_ns
            self._stage += 1
            self.active = self._stages[self._stage]
            events.append(self._event(phase, time_ns, time_ns - self._began_ns, evidence))
        return events

    def _end(self, time_ns: int, until_ns: int, evidence: dict[str, float]) -> DriverEvent:
        event = self._event(EventPhase.END, time_ns, until_ns - self._began_ns, evidence)
        self._stage, self.active = -1, None
        return event

    def _event(
        self, phase: EventPhase, time_ns: int, lasted_ns: int, evidence: dict[str, float]
    ) -> DriverEvent:
        stage = self._stages[self._stage]
        numbers = {"duration_s": lasted_ns / NANOSECONDS, **evidence}
        return DriverEvent(
            self._id, stage.kind, phase, stage.level, self._began_ns, time_ns, numbers
        )
