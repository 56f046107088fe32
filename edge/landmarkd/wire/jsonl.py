"""One frame as one line of JSON, with the keys of `report.schema.json`: of a report, or of what the wire brought."""

import json
import math
from typing import Any

import numpy as np

from landmarkd.layout import DENSE, LAYOUTS
from landmarkd.types import DriverEvent, EyeState, FaceReport, Report
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.names import Attention, Phase, Selection, StatusFlag, Zone
from landmarkd.wire.schema import Event, Status

_IBUG68 = LAYOUTS["dense-520"].ibug68
"""The dense points come first in every layout, so this holds for all of them."""
DEGRADED = {
    StatusFlag.DEGRADED_DELEGATE: "delegate",
    StatusFlag.DEGRADED_CAMERA: "camera_stalled",
    StatusFlag.DEGRADED_OTHER: "other",
}


def _number(value: float | None, digits: int) -> float | None:
    return round(float(value), digits) if value is not None and math.isfinite(value) else None


def _list(values: Any, digits: int) -> list[Any] | None:
    """Return an array as rounded lists, or None if a number in it is not finite."""
    array = np.asarray(values, dtype=np.float64)
    return array.round(digits).tolist() if bool(np.isfinite(array).all()) else None


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode(report: Report) -> str:
    """Return a report as one line of JSON, without the line's end.

    Pixels are rounded to 0.01, angles to 0.01°, millimetres to 0.1; what is not known or not finite
    is null.
    """
    return _text(_record(report))


def encode_state(report: Report) -> str:
    """Return a report without what is large: no points, no sigma, no region of interest."""
    return _text(_record(report, points=False))


def encode_event(event: DriverEvent) -> str:
    """Return an event as JSON, with the keys it has in a line."""
    return _text(_event(event))


def _record(report: Report, *, points: bool = True) -> dict[str, Any]:
    driver, counters = report.driver, report.counters
    return {
        "source": report.source,
        "sequence": report.sequence,
        "captured_ns": report.captured_ns,
        "emitted_ns": report.emitted_ns,
        "width": report.width,
        "height": report.height,
        "face": _face(report.face, points) if report.face is not None else None,
        "driver": driver
        and {
            "attention": driver.attention,
            "level": driver.level,
            "calibrating": driver.calibrating,
            "perclos": _number(driver.perclos, 4),
            "drowsiness": driver.drowsiness,
            "mouth_openness": _number(driver.mouth_openness, 3),
            "active": list(driver.active),
            "events": [_event(event) for event in driver.events],
        },
        "counters": {
            "captured": counters.captured,
            "processed": counters.processed,
            "skipped": counters.skipped,
            "reopened": counters.reopened,
        },
        "degraded": list(report.degraded),
    }


def _face(face: FaceReport, with_points: bool) -> dict[str, Any]:
    observation, pose, gaze, roi = face.observation, face.pose, face.gaze, face.observation.roi
    gaze_record = gaze and {
        "yaw": _number(gaze.yaw, 2),
        "pitch": _number(gaze.pitch, 2),
        "zone": gaze.zone,
    }
    record = {
        "score": _number(observation.score, 4),
        "box": _list(face.box, 2),
        "pose": {
            "yaw": _number(pose.yaw, 2),
            "pitch": _number(pose.pitch, 2),
            "roll": _number(pose.roll, 2),
            "translation_mm": _list(pose.translation_mm, 1),
            "rotation": _list(pose.rotation, 6),
            "camera": pose.camera,
            "residual": _number(pose.residual, 5),
        },
        "eyes": {"left": _eye(face.left), "right": _eye(face.right)},
        "gaze": gaze_record,
    }
    if not with_points:
        return record
    points = _list(face.points, 2) if len(face.points) else None
    region = {name: _number(getattr(roi, name), 2) for name in ("x", "y", "side", "angle")}
    sigma = None if observation.sigma is None else _list(observation.sigma, 3)
    return record | {"roi": region, "points": points, "sigma": sigma, "ibug68": _ibug68(points)}


def _ibug68(points: list[Any] | None) -> list[Any] | None:
    return [points[i] for i in _IBUG68] if points is not None and len(points) >= DENSE else None


def _eye(eye: EyeState) -> dict[str, Any]:
    return {
        "openness": _number(eye.openness, 4),
        "closed": None if eye.closed is None else bool(eye.closed),
        "aperture": _number(eye.aperture, 4),
    }


def _event(event: DriverEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "phase": event.phase.value,
        "level": event.level,
        "began_ns": event.began_ns,
        "at_ns": event.at_ns,
        "evidence": {name: _number(value, 4) for name, value in event.evidence.items()},
    }


def encode_record(record: FrameRecord, source: str = "") -> str:
    """Return what arrived about a frame as one line of JSON; what the wire does not carry is null.

    Args:
        record: a frame with a STATUS.
        source: a name for the sender, used until its HELLO has told its own.

    Raises:
        ValueError: if the record has no STATUS.
    """
    status, hello = record.status, record.hello
    if status is None:
        raise ValueError("a frame whose STATUS was lost has no line")
    flags = status.flags
    return _text(
        {
            "source": hello.device if hello is not None and hello.device else source,
            "sequence": record.frame,
            "captured_ns": record.captured_ns,
            "emitted_ns": record.captured_ns + round(status.latency * 1e6),
            "width": hello.width if hello is not None else None,
            "height": hello.height if hello is not None else None,
            "face": _wire_face(record, status) if flags & StatusFlag.FACE else None,
            "driver": _wire_driver(record, status) if flags & StatusFlag.DRIVER else None,
            "counters": {
                "captured": None,
                "processed": None,
                "skipped": status.skipped,
                "reopened": status.reopened,
            },
            "degraded": [name for flag, name in DEGRADED.items() if flags & flag],
        }
    )


def _wire_face(record: FrameRecord, status: Status) -> dict[str, Any]:
    flags, selection = status.flags, record.selection
    points = _list(record.points, 4) if record.points is not None else None
    gaze = {"yaw": status.gaze_yaw, "pitch": status.gaze_pitch, "zone": _name(Zone, status.zone)}
    return {
        "score": _number(status.score, 4),
        "box": [status.x0, status.y0, status.x1, status.y1],
        "roi": None,
        "points": points if selection is Selection.ALL else None,
        "sigma": None,
        "ibug68": points if selection is Selection.IBUG68 else _ibug68(points),
        "pose": {
            "yaw": status.yaw,
            "pitch": status.pitch,
            "roll": status.roll,
            "translation_mm": [status.x, status.y, status.z],
            "rotation": None,
            "camera": record.hello.camera if record.hello is not None else None,
            "residual": status.residual,
        },
        "eyes": {side: _wire_eye(status, side) for side in ("left", "right")},
        "gaze": gaze if flags & StatusFlag.GAZE else None,
    }


def _wire_eye(status: Status, side: str) -> dict[str, Any]:
    flags, name = status.flags, side.upper()
    return {
        "openness": _number(getattr(status, f"openness_{side}"), 4)
        if flags & StatusFlag[f"{name}_OPENNESS"]
        else None,
        "closed": bool(flags & StatusFlag[f"{name}_CLOSED"])
        if flags & StatusFlag[f"{name}_P80"]
        else None,
        "aperture": _number(getattr(status, f"aperture_{side}"), 4),
    }


def _wire_driver(record: FrameRecord, status: Status) -> dict[str, Any]:
    flags = status.flags
    return {
        "attention": _name(Attention, status.attention) or "unknown",
        "level": status.level,
        "calibrating": bool(flags & StatusFlag.CALIBRATING),
        "perclos": _number(status.perclos, 4) if flags & StatusFlag.PERCLOS else None,
        "drowsiness": status.drowsiness,
        "mouth_openness": _number(status.mouth_openness, 3) if flags & StatusFlag.MOUTH else None,
        "active": list(record.active),
        "events": [wire_event(event) for event in record.events if event.repeat == 0],
    }


def wire_event(event: Event) -> dict[str, Any]:
    """Return an EVENT with the keys of an event of a report."""
    return {
        "id": event.id,
        "kind": event.kind,
        "phase": _name(Phase, event.phase),
        "level": event.level,
        "began_ns": event.began_ns,
        "at_ns": event.at_ns,
        "evidence": dict(event.rows),
    }


def _name(kind: Any, value: int) -> str | None:
    """Return the name of a value, None for "unknown" and for what this version does not know."""
    member = kind._value2member_map_.get(value)
    return None if member is None or member.name == "UNKNOWN" else member.name.lower()
