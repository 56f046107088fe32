"""Received messages as records: a session from a HELLO, a report from a frame."""

from math import hypot

import numpy as np

from landmarkd.enums import (
    Attention,
    ClockQuality,
    Degradation,
    EventKind,
    EventPhase,
    GazeZone,
    Lids,
)
from landmarkd.rotation import matrix_from_quaternion
from landmarkd.types import (
    Array,
    BlinkRates,
    Counters,
    DriverEvent,
    DriverState,
    EyeState,
    FaceObservation,
    FaceReport,
    Gaze,
    HeadPose,
    Intrinsics,
    RegionOfInterest,
    Report,
    Session,
    UtcOffset,
)
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.names import Selection, StatusFlag, member_of
from landmarkd.wire.schema import Event, Hello, Status
from landmarkd.wire.status import DEGRADED

MAX_NS = (1 << 64) - 1
"""The largest time on the wire and in JSON."""
_NO_POINTS = np.empty((0, 3), np.float32)


def session_of(hello: Hello) -> Session:
    """Return the session of a HELLO, with the first 16 digits of the hash of the model."""
    known = (
        hello.boot_id,
        hello.device,
        hello.model,
        hello.model_hash.hex(),
        hello.layout,
        hello.landmarks,
    )
    return Session(*known, _intrinsics_of(hello), hello.release)


def report_of(record: FrameRecord) -> Report | None:
    """Return the report of a frame, with the resolution of the wire; None if it has no STATUS.

    The unsmoothed points, the uncertainty of each point and the region of interest are not on the
    wire: the observation has the same points as the face, no sigma, and its box as region. Without
    points on the wire, points are (0, 3).
    """
    status, hello = record.status, record.hello
    if status is None:
        return None
    return Report(
        source=hello.device if hello is not None else "",
        sequence=record.frame,
        captured_ns=record.captured_ns,
        emitted_ns=min(record.captured_ns + round(status.latency * 1e6), MAX_NS),
        width=hello.width if hello is not None else 0,
        height=hello.height if hello is not None else 0,
        face=_face(record, status) if status.flags & StatusFlag.FACE else None,
        driver=_driver(record, status) if status.flags & StatusFlag.DRIVER else None,
        counters=Counters(skipped=status.skipped, reopened=status.reopened),
        degraded=tuple(Degradation(name) for name, flag in DEGRADED.items() if status.flags & flag),
        intrinsics=None if hello is None else _intrinsics_of(hello),
        utc=None if hello is None else utc_of(hello),
    )


def _intrinsics_of(hello: Hello) -> Intrinsics | None:
    if hello.fx <= 0 or hello.fy <= 0:
        return None
    distortion = (hello.k1, hello.k2, hello.p1, hello.p2, hello.k3)
    optics = (hello.fx, hello.fy, hello.cx, hello.cy, hello.width, hello.height, hello.camera)
    return Intrinsics(*optics, distortion)


def utc_of(hello: Hello) -> UtcOffset | None:
    """Return the offset to UTC of a HELLO, or None."""
    if hello.utc_offset_ns is None:
        return None
    return UtcOffset(hello.utc_offset_ns, member_of(ClockQuality, hello.clock))


def _eye(status: Status, side: str) -> EyeState:
    flags, name = status.flags, side.upper()
    return EyeState(
        aperture=getattr(status, f"aperture_{side}"),
        openness=getattr(status, f"openness_{side}"),
        closed=bool(flags & StatusFlag[f"{name}_CLOSED"])
        if flags & StatusFlag[f"{name}_P80"]
        else None,
        state=member_of(Lids, getattr(status, f"eye_{side}")),
        probability_closed=getattr(status, f"closed_{side}"),
        probability_down=getattr(status, f"down_{side}"),
        iris_visible=getattr(status, f"iris_{side}"),
        openness_sigma=getattr(status, f"openness_sigma_{side}"),
    )


def _face(record: FrameRecord, status: Status) -> FaceReport:
    points = (
        record.points
        if record.points is not None and record.selection is Selection.ALL
        else _NO_POINTS
    )
    box = (float(status.x0), float(status.y0), float(status.x1), float(status.y1))
    side = max(1.0, box[2] - box[0], box[3] - box[1])
    region = RegionOfInterest((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, side, status.roll)
    gaze = None
    if status.gaze_yaw is not None and status.gaze_pitch is not None:
        zone = member_of(GazeZone, status.zone)
        gaze = Gaze(
            status.gaze_yaw,
            status.gaze_pitch,
            None if zone is GazeZone.UNKNOWN else zone,
            status.gaze_sigma_yaw,
            status.gaze_sigma_pitch,
        )
    pose = HeadPose(
        status.yaw,
        status.pitch,
        status.roll,
        _rotation(status),
        np.array([status.x, status.y, status.z], np.float32),
        record.hello.camera if record.hello is not None else "",
        status.residual,
    )
    observation = FaceObservation(status.score, region, points, track=status.track)
    return FaceReport(
        observation, points, box, pose, _eye(status, "left"), _eye(status, "right"), gaze
    )


def _rotation(status: Status) -> Array:
    w, x, y, z = status.qw, status.qx, status.qy, status.qz
    length = hypot(w, x, y, z)
    if length == 0.0:
        return np.eye(3, dtype=np.float32)
    unit = (w / length, x / length, y / length, z / length)
    return matrix_from_quaternion(unit).astype(np.float32)


def _driver(record: FrameRecord, status: Status) -> DriverState:
    return DriverState(
        attention=member_of(Attention, status.attention),
        level=status.level,
        calibrating=bool(status.flags & StatusFlag.CALIBRATING),
        perclos=status.perclos,
        drowsiness=status.drowsiness,
        mouth_openness=status.mouth_openness,
        active=record.active,
        events=tuple(event_of(event) for event in record.events if event.phase < len(EventPhase)),
        eyes=member_of(Lids, status.eyes),
        drowsiness_score=status.drowsiness_score,
        rates=BlinkRates(
            status.blinks_1min,
            status.blinks_5min,
            status.long_closures_1min,
            status.long_closures_5min,
        ),
    )


def event_of(event: Event) -> DriverEvent:
    """Return the driver event of an EVENT; an unknown phase counts as its begin."""
    return DriverEvent(
        event.id,
        member_of(EventKind, event.kind),
        member_of(EventPhase, event.phase),
        event.level,
        event.began_ns,
        event.at_ns,
        dict(event.rows),
    )
