"""What arrived, as the records of the pipeline again: a session from a HELLO, a report from a frame."""

import numpy as np

from landmarkd import enums
from landmarkd.enums import EventKind, EventPhase
from landmarkd.rotation import matrix_from_angles
from landmarkd.types import (
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
)
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.jsonl import DEGRADED
from landmarkd.wire.names import Attention, Phase, Selection, StatusFlag, Zone
from landmarkd.wire.schema import Event, Hello, Status

_NO_POINTS = np.empty((0, 3), np.float32)
_PHASES = {
    Phase.BEGIN: EventPhase.BEGIN,
    Phase.ESCALATE: EventPhase.ESCALATE,
    Phase.END: EventPhase.END,
}


def session_of(hello: Hello) -> Session:
    """Return the session that a HELLO tells of; of the model's hash only the first 16 digits are known."""
    intrinsics = None
    if hello.fx > 0 and hello.fy > 0:
        distortion = (hello.k1, hello.k2, hello.p1, hello.p2, hello.k3)
        optics = (hello.fx, hello.fy, hello.cx, hello.cy, hello.width, hello.height, hello.camera)
        intrinsics = Intrinsics(*optics, distortion)
    known = (
        hello.boot_id,
        hello.device,
        hello.model,
        hello.model_hash.hex(),
        hello.layout,
        hello.landmarks,
    )
    return Session(*known, intrinsics)


def report_of(record: FrameRecord) -> Report | None:
    """Return the report that a frame was sent for, to the steps of the wire; None if its STATUS was lost.

    The unsmoothed points, the uncertainty of each point and the region of interest are not on the
    wire: the observation has the same points as the face, no sigma, and its box as region. Without
    points on the wire there are none: (0, 3).
    """
    status, hello = record.status, record.hello
    if status is None:
        return None
    return Report(
        source=hello.device if hello is not None else "",
        sequence=record.frame,
        captured_ns=record.captured_ns,
        emitted_ns=record.captured_ns + round(status.latency * 1e6),
        width=hello.width if hello is not None else 0,
        height=hello.height if hello is not None else 0,
        face=_face(record, status) if status.flags & StatusFlag.FACE else None,
        driver=_driver(record, status) if status.flags & StatusFlag.DRIVER else None,
        counters=Counters(skipped=status.skipped, reopened=status.reopened),
        degraded=tuple(name for flag, name in DEGRADED.items() if status.flags & flag),
    )


def _eye(status: Status, side: str) -> EyeState:
    flags, name = status.flags, side.upper()
    return EyeState(
        getattr(status, f"aperture_{side}"),
        getattr(status, f"openness_{side}") if flags & StatusFlag[f"{name}_OPENNESS"] else None,
        bool(flags & StatusFlag[f"{name}_CLOSED"]) if flags & StatusFlag[f"{name}_P80"] else None,
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
    if status.flags & StatusFlag.GAZE:
        zone = Zone(status.zone) if status.zone in Zone._value2member_map_ else Zone.UNKNOWN
        gaze = Gaze(status.gaze_yaw, status.gaze_pitch, zone.name.lower() if zone else None)
    pose = HeadPose(
        status.yaw,
        status.pitch,
        status.roll,
        matrix_from_angles(status.yaw, status.pitch, status.roll).astype(np.float32),
        np.array([status.x, status.y, status.z], np.float32),
        record.hello.camera if record.hello is not None else "",
        status.residual,
    )
    observation = FaceObservation(status.score, region, points)
    return FaceReport(
        observation, points, box, pose, _eye(status, "left"), _eye(status, "right"), gaze
    )


def _driver(record: FrameRecord, status: Status) -> DriverState:
    flags = status.flags
    known = status.attention in Attention._value2member_map_
    return DriverState(
        attention=enums.Attention(Attention(status.attention).name.lower() if known else "unknown"),
        level=status.level,
        calibrating=bool(flags & StatusFlag.CALIBRATING),
        perclos=status.perclos if flags & StatusFlag.PERCLOS else None,
        drowsiness=status.drowsiness,
        mouth_openness=status.mouth_openness if flags & StatusFlag.MOUTH else None,
        active=tuple(EventKind(kind) for kind in record.active),
        events=tuple(
            _event(event) for event in record.events if event.repeat == 0 and event.phase in _PHASES
        ),
    )


def _event(event: Event) -> DriverEvent:
    phase = _PHASES[Phase(event.phase)]
    return DriverEvent(
        event.id,
        EventKind(event.kind),
        phase,
        event.level,
        event.began_ns,
        event.at_ns,
        dict(event.rows),
    )
