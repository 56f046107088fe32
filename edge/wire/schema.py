"""landmarkd wire 1: every message, field, type, scale and unit, in this one place.

The dataclasses below are the schema. The codec packs and unpacks them, `edge.wire.generate` writes the byte
tables of docs/wire.md, the C header and the Wireshark dissector from them, and the seed of every checksum is
their hash: a receiver that was built from another layout rejects a message instead of misreading it.

All integers are little-endian. A field with a scale holds round(value * scale), limited to its type; the
attribute in Python is the value in the stated unit. Angles, axes and signs are those of `edge.types`.
"""

import hashlib
from dataclasses import Field, dataclass, field, fields
from enum import IntEnum, IntFlag
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

VERSION = 1

SIZES = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "u64": 8}


@dataclass(frozen=True, slots=True)
class Wire:
    """How one field looks on the wire.

    Attributes:
        kind: a key of `SIZES`, "char[N]" (UTF-8, padded with zeros) or "bytes[N]".
        doc: what it means.
        unit: of the value.
        scale: steps in one unit; 1 for plain integers.
        names: the enumeration or flags that its values come from.
    """

    kind: str
    doc: str
    unit: str = ""
    scale: int = 1
    names: type[IntEnum] | type[IntFlag] | None = None

    @property
    def size(self) -> int:
        """Bytes that the field takes."""
        return SIZES.get(self.kind) or int(self.kind[self.kind.index("[") + 1 : -1])


def _wire(kind: str, doc: str, unit: str = "", scale: int = 1, names: Any = None, default: Any = 0) -> Any:
    return field(default=default, metadata={"wire": Wire(kind, doc, unit, scale, names)})


class Selection(IntEnum):
    """Which landmarks are sent; the index of a point is its place in this selection."""

    NONE = 0
    """no points"""
    IBUG68 = 1
    """the 68 points of the iBUG / Multi-PIE scheme, in its order"""
    EYES = 2
    """right lid, left lid, right iris, left iris (16 + 16 + 5 + 5), or 12 lid points of the 68 where the
    layout has no more"""
    ALL = 3
    """every point of the layout, in its order"""


class Attention(IntEnum):
    """The driver's attention."""

    UNKNOWN = 0
    ATTENTIVE = 1
    DISTRACTED = 2
    DROWSY = 3
    ASLEEP = 4
    UNRESPONSIVE = 5
    ABSENT = 6
    BLOCKED = 7


class Phase(IntEnum):
    """Where an event is in its life."""

    BEGIN = 0
    ESCALATE = 1
    END = 2


class Zone(IntEnum):
    """Where the driver looks."""

    UNKNOWN = 0
    ROAD = 1
    MIRROR_LEFT = 2
    MIRROR_RIGHT = 3
    CENTRE_STACK = 4
    LAP = 5
    PHONE = 6
    OFF = 7
    OTHER = 8
    """a zone of the configuration that has no number here"""


class StatusFlag(IntFlag):
    """What is known and what holds in a STATUS."""

    FACE = 1
    """a face is tracked; without it score, pose, eyes, gaze and box are zero and mean nothing"""
    RIGHT_OPENNESS = 2
    """openness_right is known"""
    LEFT_OPENNESS = 4
    """openness_left is known"""
    RIGHT_CLOSED = 8
    """the right eye is at least 80 % closed"""
    LEFT_CLOSED = 16
    """the left eye is at least 80 % closed"""
    GAZE = 32
    """gaze_yaw and gaze_pitch are known"""
    DRIVER = 64
    """driver monitoring is on; without it attention, level, drowsiness and perclos mean nothing"""
    CALIBRATING = 128
    """this person's baselines are still being learnt"""
    PERCLOS = 256
    """perclos is known"""
    MOUTH = 512
    """mouth_openness is known"""
    SIGMA = 1024
    """the model says how certain it is: sigma is known"""
    RIGHT_P80 = 2048
    """whether the right eye is closed is known"""
    LEFT_P80 = 4096
    """whether the left eye is closed is known"""
    DEGRADED_DELEGATE = 8192
    """an accelerator was lost or refused and the CPU does its work"""
    DEGRADED_CAMERA = 16384
    """the camera has stalled"""
    DEGRADED_OTHER = 32768
    """something else runs in a fallback"""


class PointsFlag(IntFlag):
    """What kind of points a POINTS holds."""

    RAW = 1
    """unsmoothed"""


@dataclass(frozen=True, slots=True)
class Header:
    """Begins every message."""

    version: int = _wire("u8", "version of the protocol, 1", default=VERSION)
    type: int = _wire("u8", "type of the message")
    sequence: int = _wire("u16", "counts the messages of this stream and wraps; a gap is a message that was lost")
    frame: int = _wire("u32", "number of the frame at its source; all messages about one frame share it")
    captured_ns: int = _wire("u64", "capture time of the frame on the sender's monotonic clock", "ns")


@dataclass(frozen=True, slots=True)
class Hello:
    """What stays the same for one run of the sender. First, and again every two seconds."""

    ID: ClassVar[int] = 1
    boot_id: int = _wire("u64", "random, differs at each start of the sender")
    device: str = _wire("char[24]", "name of the unit", default="")
    model: str = _wire("char[24]", "name of the landmark model", default="")
    model_hash: bytes = _wire("bytes[8]", "first 8 bytes of the SHA-256 of the model's file", default=bytes(8))
    layout: str = _wire("char[16]", "name of the landmark layout", default="")
    count: int = _wire("u16", "points in the layout")
    width: int = _wire("u16", "width of the image", "px")
    height: int = _wire("u16", "height of the image", "px")
    selection: int = _wire("u8", "points that the sender promises", names=Selection)
    distorted: int = _wire("u8", "1 if k1 to k3 are to be applied")
    points_hz: float = _wire(
        "u16", "complete sets of points promised; 0 is one for every frame", "Hz", 100, default=0.0
    )
    status_hz: float = _wire("u16", "most STATUS per second; 0 is one for every frame", "Hz", 100, default=0.0)
    fx: float = _wire("u32", "focal length; 0 when the intrinsics are not known", "px", 256, default=0.0)
    fy: float = _wire("u32", "focal length", "px", 256, default=0.0)
    cx: float = _wire("i32", "principal point", "px", 256, default=0.0)
    cy: float = _wire("i32", "principal point", "px", 256, default=0.0)
    k1: float = _wire("i32", "distortion as OpenCV has it", "", 1000000, default=0.0)
    k2: float = _wire("i32", "distortion", "", 1000000, default=0.0)
    p1: float = _wire("i32", "distortion", "", 1000000, default=0.0)
    p2: float = _wire("i32", "distortion", "", 1000000, default=0.0)
    k3: float = _wire("i32", "distortion", "", 1000000, default=0.0)
    camera: str = _wire("char[24]", "where the intrinsics came from, such as guess:60deg", default="")


@dataclass(frozen=True, slots=True)
class Status:
    """The state after one frame, with or without a face. Also the heartbeat: silence means dead."""

    ID: ClassVar[int] = 2
    flags: int = _wire("u16", "what is known and what holds", names=StatusFlag)
    score: float = _wire("u8", "probability that this is a face", "", 255, default=0.0)
    attention: int = _wire("u8", "the driver's attention", names=Attention)
    yaw: float = _wire("i16", "head, > 0 turns the nose to image left", "deg", 100, default=0.0)
    pitch: float = _wire("i16", "head, > 0 looks up", "deg", 100, default=0.0)
    roll: float = _wire("i16", "head, > 0 is clockwise in the image", "deg", 100, default=0.0)
    x: float = _wire("i16", "midpoint between the eyes, camera frame, right", "mm", default=0.0)
    y: float = _wire("i16", "the same, down", "mm", default=0.0)
    z: float = _wire("i16", "the same, forward", "mm", default=0.0)
    gaze_yaw: float = _wire("i16", "gaze in the camera frame, signs of the head's", "deg", 100, default=0.0)
    gaze_pitch: float = _wire("i16", "gaze in the camera frame, signs of the head's", "deg", 100, default=0.0)
    openness_right: float = _wire("u8", "1 is this person's open right eye, 0 is shut", "", 255, default=0.0)
    openness_left: float = _wire("u8", "1 is this person's open left eye, 0 is shut", "", 255, default=0.0)
    aperture_right: float = _wire("u8", "gap of the lids over the width of the eye", "", 400, default=0.0)
    aperture_left: float = _wire("u8", "gap of the lids over the width of the eye", "", 400, default=0.0)
    mouth_openness: float = _wire("u8", "gap of the lips over the width of the mouth", "", 200, default=0.0)
    perclos: float = _wire("u8", "share of the last minute with the eyes at least 80 % closed", "", 255, default=0.0)
    level: int = _wire("u8", "severity of the worst running event, 0 to 3")
    drowsiness: int = _wire("u8", "0 alert to 3 very drowsy")
    zone: int = _wire("u8", "where the driver looks", names=Zone)
    active: int = _wire("u8", "running events")
    sigma: float = _wire("u8", "median standard deviation of the points", "px", 16, default=0.0)
    residual: float = _wire("u8", "misfit of the head's pose over the face's size", "", 1000, default=0.0)
    x0: int = _wire("i16", "box of the points, left", "px")
    y0: int = _wire("i16", "box of the points, top", "px")
    x1: int = _wire("i16", "box of the points, right", "px")
    y1: int = _wire("i16", "box of the points, bottom", "px")
    latency: float = _wire("u16", "from the capture to the end of the pipeline", "ms", 10, default=0.0)
    dropped: int = _wire("u16", "reports that this stream could not take, since the start; stays at 65535")
    skipped: int = _wire("u32", "frames replaced by a newer one before they were processed, since the start")
    reopened: int = _wire("u8", "how often the camera was opened again; stays at 255")
    points_hz: float = _wire("u8", "complete sets of points sent in the last second; HELLO promises", "Hz", default=0.0)


@dataclass(frozen=True, slots=True)
class Points:
    """Some or all of the landmarks of a frame, in as many chunks as it takes.

    A point is (x, y, z): x and y in the image from its top left pixel centre, z larger when nearer to the
    camera. The rows hold them in sixteenths of a pixel, x and y relative to the origin.
    """

    ID: ClassVar[int] = 3
    ROW: ClassVar[tuple[tuple[str, str], ...]] = (("x", "i16"), ("y", "i16"), ("z", "i16"))
    SCALE: ClassVar[int] = 16
    selection: int = _wire("u8", "which landmarks", names=Selection)
    flags: int = _wire("u8", "what kind of points", names=PointsFlag)
    chunk: int = _wire("u8", "number of this chunk, from 0")
    chunks: int = _wire("u8", "chunks of this frame")
    first: int = _wire("u16", "index in the selection of the first point in this chunk")
    total: int = _wire("u16", "points in the selection")
    origin_x: int = _wire("i16", "add to x of every point", "px")
    origin_y: int = _wire("i16", "add to y of every point", "px")
    rows: NDArray[np.int16] = field(default_factory=lambda: np.empty((0, 3), np.int16), compare=False)

    def pixels(self) -> NDArray[np.float32]:
        """Return the points of this chunk as (n, 3) float32, pixels."""
        points = self.rows.astype(np.float32)
        points *= 1 / self.SCALE
        points[:, 0] += self.origin_x
        points[:, 1] += self.origin_y
        return points


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to the driver's attention. Repeated every second until it is superseded."""

    ID: ClassVar[int] = 4
    ROW: ClassVar[tuple[tuple[str, str], ...]] = (("name", "char[16]"), ("value", "i32"))
    SCALE: ClassVar[int] = 1000
    MAX_ROWS: ClassVar[int] = 8
    id: int = _wire("u32", "counts up from 1; begin, escalate and end of one event share it")
    began_ns: int = _wire("u64", "capture time of the frame that it began with", "ns")
    at_ns: int = _wire("u64", "capture time of the frame that this phase was decided on", "ns")
    kind: str = _wire("char[24]", "microsleep, long_distraction, yawn, ...", default="")
    phase: int = _wire("u8", "where it is in its life", names=Phase)
    level: int = _wire("u8", "0 information, 1 notice, 2 warning, 3 alarm")
    repeat: int = _wire("u16", "how often this was sent before; 0 is the first time")
    rows: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender stops on purpose."""

    ID: ClassVar[int] = 5
    frames: int = _wire("u32", "frames processed since the start")
    dropped: int = _wire("u32", "reports that this stream could not take")
    reason: int = _wire("u8", "0 asked to stop, 1 end of the source, 2 error")


Message = Hello | Status | Points | Event | Bye
MESSAGES: tuple[type[Hello] | type[Status] | type[Points] | type[Event] | type[Bye], ...] = (
    Hello,
    Status,
    Points,
    Event,
    Bye,
)


def wire_fields(message: type) -> list[tuple[str, Wire]]:
    """Return name and layout of the fixed fields of a message, in their order on the wire."""
    items: tuple[Field[Any], ...] = fields(message)
    return [(item.name, item.metadata["wire"]) for item in items if "wire" in item.metadata]


def _canonical() -> str:
    lines = [f"landmarkd wire {VERSION}"]
    for message in (Header, *MESSAGES):
        lines.append(f"{message.__name__} {getattr(message, 'ID', 0)}")
        lines += [f"{name} {wire.kind} {wire.scale} {wire.unit}" for name, wire in wire_fields(message)]
        lines += [f"{name} {kind}[] {getattr(message, 'SCALE', 1)}" for name, kind in getattr(message, "ROW", ())]
    return "\n".join(lines)


SCHEMA_HASH = hashlib.sha256(_canonical().encode()).digest()[:4]
"""Four bytes that stand for this layout; the checksum of every message starts from them."""
