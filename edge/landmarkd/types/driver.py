"""The driver: what happened, and the state after a frame."""

from dataclasses import dataclass, field

from landmarkd.enums import Attention, EventKind, EventPhase, Lids


@dataclass(frozen=True, slots=True)
class DriverEvent:
    """An event of the attention of the driver.

    Attributes:
        id: counts up from 1 within one run; begin, escalate and end of one event share it.
        kind: what happened.
        phase: begin, escalate or end.
        level: severity, 0 information, 1 notice, 2 warning, 3 alarm.
        began_ns: capture time of the frame with which it began.
        at_ns: capture time of the frame with which this phase was decided.
        evidence: numbers that caused it, by name ("duration_s", "perclos", "yaw").
    """

    id: int
    kind: EventKind
    phase: EventPhase
    level: int
    began_ns: int
    at_ns: int
    evidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlinkRates:
    """How often the eyes closed, per minute; None before enough time was seen.

    Attributes:
        blinks_1min, blinks_5min: blinks over the last minute and the last five.
        long_closures_1min, long_closures_5min: closures longer than a blink, over the same.
    """

    blinks_1min: float | None = None
    blinks_5min: float | None = None
    long_closures_1min: float | None = None
    long_closures_5min: float | None = None


@dataclass(slots=True)
class DriverState:
    """The state of the driver after this frame.

    Attributes:
        attention: summary of the state.
        level: severity of the worst active event, 0 to 3.
        calibrating: the baselines of this person are still being learnt, so that openness is not
            reliable yet.
        perclos: share of the last 60 s with eyes at least 80 % closed, 0 to 1, or None before
            enough time was seen.
        drowsiness: 0 alert to 3 very drowsy.
        mouth_openness: gap of the lips over the width of the mouth, or None if unknown.
        active: kinds of the active events.
        events: events that began, escalated or ended on this frame; from a receiver, also those of
            frames before it that were heard only now.
        eyes: both eyes together: open, closed, down or unknown.
        drowsiness_score: slow estimate from blinks, closures and PERCLOS, 0 alert to 1, or None
            before enough time was seen.
        rates: blinks and long closures.
    """

    attention: Attention = Attention.UNKNOWN
    level: int = 0
    calibrating: bool = True
    perclos: float | None = None
    drowsiness: int = 0
    mouth_openness: float | None = None
    active: tuple[EventKind, ...] = ()
    events: tuple[DriverEvent, ...] = ()
    eyes: Lids = Lids.UNKNOWN
    drowsiness_score: float | None = None
    rates: BlinkRates = field(default_factory=BlinkRates)
