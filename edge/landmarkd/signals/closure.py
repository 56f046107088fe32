"""Lids that are down: does the driver sleep, look down, yawn, talk or turn?

Shut lids alone do not mean sleep. A closure counts if nothing else explains it. Each explanation
has a threshold in the settings, and its numbers are in the event.
"""

from collections import deque
from dataclasses import dataclass, field

from landmarkd.enums import Lids
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.eyes import EyesSeen
from landmarkd.signals.timing import NANOSECONDS, nanoseconds

MEMORY_NS = nanoseconds(2.0)
"""Time of the history of head and mouth."""
BEFORE_NS = nanoseconds(0.25)
"""The pitch of the head before a closure is that at this time before it."""
WITH_LIDS_NS = nanoseconds(0.6)
"""A head that goes down within this time of the lids went down with them.

Our own value, from looks at lap and phone.
"""
SETTLE_NS = nanoseconds(0.1)
"""Time in which lids are still closing (a blink closes in 0.1 s)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The classification of the lids.

    Attributes:
        state: both eyes together.
        closed: whether the eyes are shut and only sleepiness explains it; None if unknown.
        explained: whether they are shut for another reason.
        evidence: numbers for events.
    """

    state: Lids = Lids.UNKNOWN
    closed: bool | None = None
    explained: bool = False
    evidence: dict[str, float] = field(default_factory=dict)


_UNKNOWN, _OPEN, _DOWN = Judged(), Judged(Lids.OPEN, False), Judged(Lids.DOWN, False)


@dataclass(slots=True)
class _Spell:
    """A period with the lids down."""

    began_ns: int
    last_ns: int
    pitch: float
    dropped: float = 0.0
    down: float = 0.0
    iris: float = 0.0
    frames: int = 0
    fell: float = 0.0
    far_down: bool = False


class MouthMotion:
    """Whether the mouth is wide open, or moves as in talking, laughing and singing."""

    def __init__(self, settings: DriverSettings) -> None:
        self._settings = settings
        self._hold_ns = nanoseconds(settings.hold_s)
        self._wide_since_ns: int | None = None
        self._wide_ns: int | None = None
        self._known_ns = 0
        self._turns: deque[int] = deque(maxlen=32)
        self._extreme, self._rising = 0.0, True

    def update(self, mouth: float | None, time_ns: int) -> None:
        """Add the openness of the mouth."""
        while self._turns and time_ns - self._turns[0] > MEMORY_NS:
            self._turns.popleft()
        hidden, self._known_ns = time_ns - self._known_ns > self._hold_ns, time_ns
        if mouth is None or hidden:
            self._wide_since_ns = None
        if mouth is None:
            return
        if mouth >= self._settings.mouth_wide:
            self._wide_since_ns = time_ns if self._wide_since_ns is None else self._wide_since_ns
            if time_ns - self._wide_since_ns >= nanoseconds(self._settings.wide_veto_s):
                self._wide_ns = time_ns
        else:
            self._wide_since_ns = None
        if (mouth > self._extreme) is self._rising:
            self._extreme = mouth
        elif abs(mouth - self._extreme) >= self._settings.mouth_turn:
            self._extreme, self._rising = mouth, not self._rising
            self._turns.append(time_ns)

    def turns(self, since_ns: int) -> int:
        """Return how often the mouth changed between opening and closing since this time."""
        return sum(at >= since_ns for at in self._turns)

    def wide(self, time_ns: int) -> bool:
        """Return whether the mouth is or was just wide open for longer than a syllable."""
        if self._wide_ns is None:
            return False
        return time_ns - self._wide_ns <= nanoseconds(self._settings.yawn_grace_s)


class ClosureJudge:
    """Separates closures by sleepiness from looks down and from closures for other reasons."""

    def __init__(self, settings: DriverSettings) -> None:
        self._settings = settings
        self._hold_ns, self._sleep_ns = nanoseconds(settings.hold_s), nanoseconds(settings.sleep_s)
        self._mouth = MouthMotion(settings)
        self._head: deque[tuple[int, float, float]] = deque(maxlen=256)
        self._spell: _Spell | None = None

    def lowered(self, time_ns: int) -> bool:
        """Return whether the lids are down for as long as a sleep, whatever explains it."""
        spell = self._spell
        return (
            spell is not None
            and time_ns - spell.last_ns <= self._hold_ns
            and spell.last_ns - spell.began_ns >= self._sleep_ns
        )

    def update(
        self,
        seen: EyesSeen,
        time_ns: int,
        *,
        yaw: float,
        pitch: float,
        forward_pitch: float | None = None,
        mouth: float | None = None,
        certain: bool = False,
    ) -> Judged:
        """Add a frame with a face and return the classification of its lids.

        Args:
            seen: the eyes.
            time_ns: capture time.
            yaw: of the head, degrees.
            pitch: of the head, degrees.
            forward_pitch: natural pitch of the head, or None if unknown.
            mouth: openness of the mouth, or None if unknown.
            certain: the closure is already an event, so that no explanation counts.
        """
        self._mouth.update(mouth, time_ns)
        while self._head and time_ns - self._head[0][0] > MEMORY_NS:
            self._head.popleft()
        self._head.append((time_ns, yaw, pitch))
        spell = self._spell
        if seen.low is None:
            if seen.any_open or (spell is not None and time_ns - spell.last_ns > self._hold_ns):
                self._spell = None
            # One open eye means awake; one shut eye does not mean asleep.
            return _OPEN if seen.any_open else _UNKNOWN
        if not seen.low:
            self._spell = None
            down = seen.down is not None and seen.down > self._settings.down_probability
            return _DOWN if down else _OPEN
        if spell is None or time_ns - spell.last_ns > self._hold_ns:
            spell = self._spell = self._begin(time_ns, pitch, forward_pitch)
        return self._judge(spell, seen, time_ns, pitch, mouth, certain)

    def _begin(self, time_ns: int, pitch: float, forward_pitch: float | None) -> _Spell:
        before = [p for at, _, p in self._head if at <= time_ns - BEFORE_NS]
        before_pitch = sorted(before)[len(before) // 2] if before else pitch
        spell = _Spell(time_ns, time_ns, before_pitch)
        if forward_pitch is not None:
            spell.far_down = before_pitch - forward_pitch <= -self._settings.head_down_unclear
        return spell

    def _judge(
        self,
        spell: _Spell,
        seen: EyesSeen,
        time_ns: int,
        pitch: float,
        mouth: float | None,
        certain: bool,
    ) -> Judged:
        settings = self._settings
        spell.last_ns = time_ns
        if time_ns - spell.began_ns <= WITH_LIDS_NS:
            spell.fell = max(spell.fell, spell.pitch - pitch)
        if time_ns - spell.began_ns >= SETTLE_NS:
            spell.frames += 1
            spell.dropped += (seen.dropped - spell.dropped) / spell.frames
            spell.down += ((seen.down or 0.0) - spell.down) / spell.frames
            spell.iris += ((seen.iris or 0.0) - spell.iris) / spell.frames
        down = (
            spell.dropped >= settings.lower_lid_drop
            or spell.fell >= settings.head_drop
            or spell.far_down
            or spell.down > settings.down_probability
            or spell.iris >= settings.iris_seen
        )
        yaws = [yaw for at, yaw, _ in self._head if at >= spell.began_ns]
        turned = max(yaws) - min(yaws)
        turns = self._mouth.turns(spell.began_ns - BEFORE_NS)
        explained = not certain and (
            down
            or self._mouth.wide(time_ns)
            or turns >= settings.mouth_turns
            or turned >= settings.head_turn
        )
        evidence = {
            "openness": seen.openness or 0.0,
            "lower_lid": spell.dropped,
            "iris": spell.iris,
            "head_fell": spell.fell,
            "head_turned": turned,
            "mouth": mouth or 0.0,
            "mouth_turns": float(turns),
            "shut_s": (time_ns - spell.began_ns) / NANOSECONDS,
        }
        state = Lids.DOWN if down and not certain else Lids.CLOSED
        return Judged(state, not explained, explained, evidence)
