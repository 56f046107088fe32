"""landmarkd wire 2: every message, field, type, scale and unit.

The tuples below are the schema. The codec packs and unpacks them, and `tools.wire_generate` writes
the byte tables of docs/wire.md, the C header and the Wireshark dissector from them. The seed of
every checksum is their hash: a receiver with another layout rejects a message instead of reading
wrong numbers.

All integers are little-endian. A field with a scale is round(value * scale), limited to its type;
in Python it is the value in the given unit. Angles, axes and signs are those of `landmarkd.types`.
"""

import hashlib
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from landmarkd.enums import Attention, ClockQuality, EventKind, EventPhase, GazeZone, Lids
from landmarkd.wire.field import Maybe, Rows, Wire, maybe, wire_fields
from landmarkd.wire.names import PointsFlag, Selection, StatusFlag

VERSION = 2

POINT_SCALE = 16
"""Steps in a pixel of the points."""
EVIDENCE_SCALE = 1000
_NO_ROWS = np.empty((0, 3), np.int16)


class Header(NamedTuple):
    """Begins every message."""

    version: Annotated[int, Wire("u8", f"version of the protocol, {VERSION}")] = VERSION
    type: Annotated[int, Wire("u8", "type of the message")] = 0
    sequence: Annotated[
        int,
        Wire(
            "u16", "counts the messages of this stream and wraps; a gap is a message that was lost"
        ),
    ] = 0
    frame: Annotated[
        int, Wire("u32", "number of the frame at its source; all messages about one frame share it")
    ] = 0
    captured_ns: Annotated[
        int, Wire("u64", "capture time of the frame on the sender's monotonic clock", "ns")
    ] = 0


class Hello(NamedTuple):
    """Constant data of one run of the sender. Sent first, and again every two seconds."""

    boot_id: Annotated[int, Wire("u64", "random, differs at each start of the sender")] = 0
    device: Annotated[str, Wire("char[24]", "name of the unit")] = ""
    model: Annotated[str, Wire("char[24]", "name of the landmark model")] = ""
    model_hash: Annotated[
        bytes, Wire("bytes[8]", "first 8 bytes of the SHA-256 of the model's file")
    ] = bytes(8)
    layout: Annotated[str, Wire("char[16]", "name of the landmark layout")] = ""
    landmarks: Annotated[int, Wire("u16", "points in the layout")] = 0
    width: Annotated[int, Wire("u16", "width of the image", "px")] = 0
    height: Annotated[int, Wire("u16", "height of the image", "px")] = 0
    selection: Annotated[int, Wire("u8", "points that the sender promises", names=Selection)] = 0
    distorted: Annotated[int, Wire("u8", "1 if k1 to k3 are to be applied")] = 0
    points_hz: Annotated[
        float, Wire("u16", "complete sets of points promised; 0 is one for every frame", "Hz", 100)
    ] = 0.0
    status_hz: Annotated[
        float, Wire("u16", "most STATUS per second; 0 is one for every frame", "Hz", 100)
    ] = 0.0
    fx: Annotated[
        float, Wire("u32", "focal length; 0 when the intrinsics are not known", "px", 256)
    ] = 0.0
    fy: Annotated[float, Wire("u32", "focal length", "px", 256)] = 0.0
    cx: Annotated[float, Wire("i32", "principal point", "px", 256)] = 0.0
    cy: Annotated[float, Wire("i32", "principal point", "px", 256)] = 0.0
    k1: Annotated[float, Wire("i32", "distortion, OpenCV's model", "", 1000000)] = 0.0
    k2: Annotated[float, Wire("i32", "distortion", "", 1000000)] = 0.0
    p1: Annotated[float, Wire("i32", "distortion", "", 1000000)] = 0.0
    p2: Annotated[float, Wire("i32", "distortion", "", 1000000)] = 0.0
    k3: Annotated[float, Wire("i32", "distortion", "", 1000000)] = 0.0
    camera: Annotated[
        str, Wire("char[24]", "where the intrinsics came from, such as guess:60deg")
    ] = ""
    release: Annotated[str, Wire("char[16]", "version of the sender's landmarkd")] = ""
    utc_offset_ns: Annotated[
        int | None,
        Wire("u64", "add it to a time of this stream to have UTC since 1970", "ns", unknown=0),
    ] = None
    clock: Annotated[
        int, Wire("u8", "how far utc_offset_ns can be trusted", names=ClockQuality)
    ] = 0


class Status(NamedTuple):
    """The state after one frame, with or without a face. Also the heartbeat of the sender."""

    flags: Annotated[int, Wire("u16", "what holds", names=StatusFlag)] = 0
    track: Annotated[
        int, Wire("u16", "person that is followed; rises when another is noticed; 0: unknown")
    ] = 0
    score: Annotated[float, Wire("u8", "probability that this is a face", "", 255)] = 0.0
    attention: Annotated[int, Wire("u8", "the driver's attention", names=Attention)] = 0
    level: Annotated[int, Wire("u8", "severity of the worst running event, 0 to 3")] = 0
    active: Annotated[int, Wire("u8", "running events")] = 0
    eyes: Annotated[int, Wire("u8", "both eyes together", names=Lids)] = 0
    eye_right: Annotated[int, Wire("u8", "the right eye", names=Lids)] = 0
    eye_left: Annotated[int, Wire("u8", "the left eye", names=Lids)] = 0
    zone: Annotated[int, Wire("u8", "where the driver looks", names=GazeZone)] = 0
    yaw: Annotated[float, Wire("i16", "head, > 0 turns the nose to image left", "deg", 100)] = 0.0
    pitch: Annotated[float, Wire("i16", "head, > 0 looks up", "deg", 100)] = 0.0
    roll: Annotated[float, Wire("i16", "head, > 0 is clockwise in the image", "deg", 100)] = 0.0
    qw: Annotated[
        float, Wire("i16", "head frame to camera frame, unit quaternion: w >= 0", "", 32767)
    ] = 0.0
    qx: Annotated[float, Wire("i16", "the same, x", "", 32767)] = 0.0
    qy: Annotated[float, Wire("i16", "the same, y", "", 32767)] = 0.0
    qz: Annotated[float, Wire("i16", "the same, z", "", 32767)] = 0.0
    x: Annotated[int, Wire("i16", "midpoint between the eyes, camera frame, right", "mm")] = 0
    y: Annotated[int, Wire("i16", "the same, down", "mm")] = 0
    z: Annotated[int, Wire("i16", "the same, forward", "mm")] = 0
    residual: Annotated[
        float, Wire("u8", "misfit of the head's pose over the face's size", "", 1000)
    ] = 0.0
    sigma: Annotated[Maybe, maybe("u8", "mean standard deviation of the points", "px", 16)] = None
    gaze_yaw: Annotated[
        Maybe, maybe("i16", "gaze, camera frame, signs as the head", "deg", 100)
    ] = None
    gaze_pitch: Annotated[Maybe, maybe("i16", "the same, pitch", "deg", 100)] = None
    gaze_sigma_yaw: Annotated[Maybe, maybe("u8", "standard deviation of gaze_yaw", "deg", 4)] = None
    gaze_sigma_pitch: Annotated[Maybe, maybe("u8", "the same, gaze_pitch", "deg", 4)] = None
    openness_right: Annotated[
        Maybe, maybe("u8", "1 is this person's open right eye, 0 is shut; at most 1.25", "", 200)
    ] = None
    openness_left: Annotated[Maybe, maybe("u8", "the same, left eye", "", 200)] = None
    openness_sigma_right: Annotated[
        Maybe, maybe("u8", "standard deviation of openness_right", "", 200)
    ] = None
    openness_sigma_left: Annotated[Maybe, maybe("u8", "the same, left eye", "", 200)] = None
    aperture_right: Annotated[
        float, Wire("u8", "gap of the lids over the width of the eye", "", 400)
    ] = 0.0
    aperture_left: Annotated[float, Wire("u8", "the same, left eye", "", 400)] = 0.0
    closed_right: Annotated[
        Maybe, maybe("u8", "probability that the right eye is shut", "", 250)
    ] = None
    closed_left: Annotated[Maybe, maybe("u8", "the same, left eye", "", 250)] = None
    down_right: Annotated[
        Maybe, maybe("u8", "probability that the right lid is lowered to look down", "", 250)
    ] = None
    down_left: Annotated[Maybe, maybe("u8", "the same, left lid", "", 250)] = None
    iris_right: Annotated[
        Maybe, maybe("u8", "share of the right iris that is visible", "", 250)
    ] = None
    iris_left: Annotated[Maybe, maybe("u8", "the same, left iris", "", 250)] = None
    mouth_openness: Annotated[
        Maybe, maybe("u8", "gap of the lips over the width of the mouth", "", 200)
    ] = None
    perclos: Annotated[
        Maybe, maybe("u8", "share of the last minute with eyes 80 % closed or more", "", 250)
    ] = None
    drowsiness: Annotated[int, Wire("u8", "0 alert to 3 very drowsy")] = 0
    drowsiness_score: Annotated[Maybe, maybe("u8", "slow estimate, 0 alert to 1", "", 250)] = None
    blinks_1min: Annotated[Maybe, maybe("u8", "blinks of the last minute", "1/min", 2)] = None
    blinks_5min: Annotated[Maybe, maybe("u8", "blinks of the last five minutes", "1/min", 2)] = None
    long_closures_1min: Annotated[
        Maybe, maybe("u8", "closures longer than a blink, last minute", "1/min", 5)
    ] = None
    long_closures_5min: Annotated[Maybe, maybe("u8", "the same, last five minutes", "1/min", 5)] = (
        None
    )
    x0: Annotated[int, Wire("i16", "box of the points, left", "px")] = 0
    y0: Annotated[int, Wire("i16", "box of the points, top", "px")] = 0
    x1: Annotated[int, Wire("i16", "box of the points, right", "px")] = 0
    y1: Annotated[int, Wire("i16", "box of the points, bottom", "px")] = 0
    latency: Annotated[
        float, Wire("u16", "from the capture to the end of the pipeline", "ms", 10)
    ] = 0.0
    dropped: Annotated[
        int, Wire("u16", "reports that this stream could not take, since the start; stays at 65535")
    ] = 0
    skipped: Annotated[
        int,
        Wire("u32", "frames replaced by a newer one before they were processed, since the start"),
    ] = 0
    reopened: Annotated[int, Wire("u8", "how often the camera was opened again; stays at 255")] = 0
    points_hz: Annotated[
        int, Wire("u8", "complete sets of points sent in the last second; HELLO promises", "Hz")
    ] = 0


class Points(NamedTuple):
    """Some or all of the landmarks of a frame, in one or more chunks.

    A point is (x, y, z): x and y in the image from its top left pixel centre, z larger when nearer
    to the camera. The rows are in sixteenths of a pixel, x and y relative to the origin.
    """

    selection: Annotated[int, Wire("u8", "which landmarks", names=Selection)] = 0
    flags: Annotated[int, Wire("u8", "what kind of points", names=PointsFlag)] = 0
    chunk: Annotated[int, Wire("u8", "number of this chunk, from 0")] = 0
    chunks: Annotated[int, Wire("u8", "chunks of this frame")] = 0
    first: Annotated[
        int, Wire("u16", "index in the selection of the first point in this chunk")
    ] = 0
    total: Annotated[int, Wire("u16", "points in the selection")] = 0
    origin_x: Annotated[int, Wire("i16", "add to x of every point", "px")] = 0
    origin_y: Annotated[int, Wire("i16", "add to y of every point", "px")] = 0
    rows: NDArray[np.int16] = _NO_ROWS

    def pixels(self) -> NDArray[np.float32]:
        """Return the points of this chunk as (n, 3) float32, pixels."""
        points = self.rows.astype(np.float32)
        points *= 1 / POINT_SCALE
        points[:, 0] += self.origin_x
        points[:, 1] += self.origin_y
        return points


class Event(NamedTuple):
    """An event of the attention of the driver. Repeated every second until its next phase."""

    id: Annotated[
        int, Wire("u32", "counts up from 1; begin, escalate and end of one event share it")
    ] = 0
    began_ns: Annotated[int, Wire("u64", "capture time of the frame that it began with", "ns")] = 0
    at_ns: Annotated[
        int, Wire("u64", "capture time of the frame that this phase was decided on", "ns")
    ] = 0
    kind: Annotated[int, Wire("u8", "what happened", names=EventKind)] = 0
    phase: Annotated[int, Wire("u8", "phase of the event", names=EventPhase)] = 0
    level: Annotated[int, Wire("u8", "0 information, 1 notice, 2 warning, 3 alarm")] = 0
    repeat: Annotated[int, Wire("u16", "how often this was sent before; 0 is the first time")] = 0
    rows: tuple[tuple[str, float], ...] = ()


class Bye(NamedTuple):
    """The sender stops on purpose."""

    frames: Annotated[int, Wire("u32", "frames processed since the start")] = 0
    dropped: Annotated[int, Wire("u32", "reports that this stream could not take")] = 0
    reason: Annotated[int, Wire("u8", "0; other values are reserved")] = 0


Message = Hello | Status | Points | Event | Bye


TYPES: dict[type[Message], int] = {Hello: 1, Status: 2, Points: 3, Event: 4, Bye: 5}
"""The number of each message on the wire."""
ROWS: dict[type[Message], Rows] = {
    Points: Rows(
        (("x", "i16"), ("y", "i16"), ("z", "i16")),
        POINT_SCALE,
        "a point, px; x and y from the origin",
    ),
    Event: Rows(
        (("name", "char[16]"), ("value", "i32")), EVIDENCE_SCALE, "a number that led to the event"
    ),
}
MAX_EVIDENCE = 10
"""Maximum of rows in an EVENT, so that it fits a frame on serial."""


def _canonical() -> str:
    lines = [f"landmarkd wire {VERSION}"]
    for message, number in ((Header, 0), *TYPES.items()):
        lines.append(f"{message.__name__} {number}")
        lines += [
            f"{name} {wire.kind} {wire.scale} {wire.unit} {wire.unknown}"
            for name, wire in wire_fields(message)
        ]
        if message in ROWS:
            lines += [
                f"{name} {kind}[] {ROWS[message].scale}" for name, kind in ROWS[message].columns
            ]
    return "\n".join(lines)


SCHEMA_HASH = hashlib.sha256(_canonical().encode()).digest()[:4]
"""Four bytes that identify this layout; the checksum of every message starts from them."""
