"""The keys of a line of JSON, one class for each object; `report.schema.json` is made from them.

Keys may be added; none is removed or changes its meaning.
"""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from landmarkd.enums import Attention, ClockQuality, EventKind, EventPhase, Lids


@dataclass(frozen=True, slots=True)
class Key:
    """The value of a key.

    Attributes:
        doc: description in the schema.
        low, high: limits of a number.
        count: items of a list.
    """

    doc: str
    low: float | None = None
    high: float | None = None
    count: int | None = None


class RegionLine(TypedDict):
    """Region that the landmark model looked at; null where the wire brought the line."""

    x: Annotated[float | None, Key("centre, pixels")]
    y: Annotated[float | None, Key("centre, pixels")]
    side: Annotated[float | None, Key("pixels")]
    angle: Annotated[float | None, Key("degrees, clockwise in the image")]


class PoseLine(TypedDict):
    """Head pose: yaw > 0 turns to image left, pitch > 0 looks up, roll > 0 is clockwise."""

    yaw: Annotated[float | None, Key("degrees")]
    pitch: Annotated[float | None, Key("degrees")]
    roll: Annotated[float | None, Key("degrees")]
    quaternion: Annotated[
        list[float] | None, Key("head frame to camera frame: w, x, y, z, w >= 0", count=4)
    ]
    rotation: Annotated[
        list[list[float]] | None, Key("the same, rows of the rotation matrix", count=3)
    ]
    translation_mm: Annotated[
        list[float] | None,
        Key("midpoint between the eyes, camera frame (x right, y down, z forward), mm", count=3),
    ]
    camera: Annotated[str | None, Key("where the intrinsics came from")]
    residual: Annotated[float | None, Key("misfit over the face's size")]


class EyeLine(TypedDict):
    """One eye of the subject."""

    openness: Annotated[
        float | None, Key("1 is this person's open eye, 0 is shut; null if unknown", 0, 1.25)
    ]
    openness_sigma: Annotated[float | None, Key("standard deviation of openness", 0)]
    closed: Annotated[bool | None, Key("at least 80 % closed; null if unknown")]
    aperture: Annotated[float | None, Key("gap of the lids over the width of the eye")]
    state: Annotated[Lids, Key("down: lowered because the eye looks down")]
    probability_closed: Annotated[float | None, Key("that the lids are shut", 0, 1)]
    probability_down: Annotated[float | None, Key("that the lids are lowered to look down", 0, 1)]
    iris_visible: Annotated[float | None, Key("share of the iris that is visible", 0, 1)]


class EyesLine(TypedDict):
    """Both eyes, the subject's left and right."""

    left: EyeLine
    right: EyeLine


class GazeLine(TypedDict):
    """Where the eyes look, in the camera frame; null if unknown."""

    yaw: Annotated[float | None, Key("degrees, signs of the head's")]
    pitch: Annotated[float | None, Key("degrees, signs of the head's")]
    sigma_yaw: Annotated[float | None, Key("standard deviation of yaw, degrees", 0)]
    sigma_pitch: Annotated[float | None, Key("standard deviation of pitch, degrees", 0)]
    zone: Annotated[str | None, Key("zone of the configuration; null until forward is known")]


class FaceLine(TypedDict):
    """The tracked face; null when there is none."""

    score: Annotated[float | None, Key("probability that this is a face", 0, 1)]
    track: Annotated[
        int, Key("person that is followed; rises when another is noticed; 0: unknown", 0)
    ]
    box: Annotated[
        list[float] | None, Key("x0, y0, x1, y1: tight box of the points, pixels", count=4)
    ]
    pose: PoseLine
    eyes: EyesLine
    gaze: GazeLine | None


class FullFaceLine(FaceLine):
    """The tracked face; null when there is none."""

    roi: RegionLine | None
    points: Annotated[
        list[list[float]] | None,
        Key("all landmarks of the layout as x, y, z in pixels; z is larger nearer to the camera"),
    ]
    sigma: Annotated[list[float] | None, Key("standard deviation of each point, pixels")]
    ibug68: Annotated[
        list[list[float]] | None, Key("the 68 iBUG points, as x, y, z in pixels", count=68)
    ]


class EventLine(TypedDict):
    """Something that happened to the driver's attention."""

    id: Annotated[int, Key("begin, escalate and end of one event share it", 0)]
    kind: EventKind
    phase: EventPhase
    level: Annotated[int, Key("0 information to 3 alarm", 0)]
    began_ns: Annotated[int, Key("capture time of the frame that it began with")]
    at_ns: Annotated[int, Key("capture time of the frame that this phase was decided on")]
    evidence: Annotated[dict[str, float | None], Key("numbers that led to it, by name")]


class RatesLine(TypedDict):
    """Blinks and closures longer than a blink, per minute; null before that much was seen."""

    blinks_1min: Annotated[float | None, Key("over the last minute", 0)]
    blinks_5min: Annotated[float | None, Key("over the last five minutes", 0)]
    long_closures_1min: Annotated[float | None, Key("over the last minute", 0)]
    long_closures_5min: Annotated[float | None, Key("over the last five minutes", 0)]


class DriverLine(TypedDict):
    """The driver's attention; null when driver monitoring is off."""

    attention: Attention
    level: Annotated[int, Key("severity of the worst running event, 0 to 3")]
    calibrating: Annotated[bool, Key("this person's baselines are still being learnt")]
    eyes: Annotated[Lids, Key("both eyes together")]
    perclos: Annotated[
        float | None, Key("share of the last minute with the eyes at least 80 % closed", 0, 1)
    ]
    drowsiness: Annotated[int, Key("0 alert to 3 very drowsy", 0)]
    drowsiness_score: Annotated[float | None, Key("slow estimate, 0 alert to 1", 0, 1)]
    rates: RatesLine
    mouth_openness: Annotated[float | None, Key("gap of the lips over the width of the mouth")]
    active: Annotated[list[EventKind], Key("kinds of the running events")]
    events: Annotated[
        list[EventLine],
        Key("what began, escalated or ended on this frame; received lines: or is heard only now"),
    ]


class CountersLine(TypedDict):
    """Totals since the start; null where the wire does not carry one."""

    captured: Annotated[int | None, Key("frames delivered by the source", 0)]
    processed: Annotated[int | None, Key("frames that went through the pipeline", 0)]
    skipped: Annotated[int | None, Key("frames that a newer one replaced", 0)]
    reopened: Annotated[int | None, Key("how often the camera was opened again", 0)]


class UtcLine(TypedDict):
    """Add it to a time of this line to have UTC; null if nobody read the clock."""

    offset_ns: Annotated[int, Key("UTC since 1970 minus the monotonic clock, nanoseconds")]
    quality: Annotated[ClockQuality, Key("whether the clock is kept to a reference")]


class ReportLine(TypedDict):
    """One line of landmarkd's JSON lines: the result for one frame.

    Keys may be added; none is removed or changes its meaning.
    """

    source: Annotated[str, Key("URI or file of the frames, or the name of the sender")]
    sequence: Annotated[int, Key("number of the frame at its source, from 0", 0)]
    captured_ns: Annotated[int, Key("monotonic time of the capture")]
    emitted_ns: Annotated[int, Key("monotonic time at which the pipeline was done")]
    utc: UtcLine | None
    width: Annotated[int | None, Key("of the frame, pixels", 0)]
    height: Annotated[int | None, Key("of the frame, pixels", 0)]
    face: FullFaceLine | None
    driver: DriverLine | None
    counters: CountersLine
    degraded: Annotated[list[str], Key("what runs in a fallback")]
