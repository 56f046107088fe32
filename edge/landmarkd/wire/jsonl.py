"""One frame as one line of JSON, as in report.schema.json: of a report or of the wire."""

from math import isfinite
from typing import Any

import numpy as np
import orjson

from landmarkd.layout import DENSE, LAYOUTS
from landmarkd.types import DriverEvent, DriverState, EyeState, FaceReport, Gaze, HeadPose, Report
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.names import Selection
from landmarkd.wire.restore import report_of
from landmarkd.wire.status import MAX_OPENNESS

Line = dict[str, Any]
"""A line before encoding, with arrays for lists of numbers."""
_IBUG68 = LAYOUTS["dense-520"].ibug68
"""The dense points come first in every layout, so this holds for all of them."""


def _number(value: float | None, digits: int) -> float | None:
    return round(float(value), digits) if value is not None and isfinite(value) else None


def _within(value: float | None, low: float, high: float, digits: int) -> float | None:
    number = _number(value, digits)
    return None if number is None else min(high, max(low, number))


def _array(values: Any, digits: int) -> Any:
    """Return a rounded array, or None if a number in it is not finite."""
    array = np.asarray(values, dtype=np.float64)
    # Adding zero makes a number that was rounded to -0 a plain 0.
    return array.round(digits) + 0.0 if bool(np.isfinite(array).all()) else None


def _text(line: Line) -> str:
    return orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def encode(report: Report, selection: Selection = Selection.ALL) -> str:
    """Return a report as one line of JSON, without the line's end.

    With less than all points, "points" and "sigma" are null; without points, "ibug68" too.

    Pixels are rounded to 0.01, angles to 0.01°, millimetres to 0.1; unknown numbers and those that
    are not finite are null.
    """
    line = _line(report)
    _select(line["face"], selection)
    return _text(line)


def _select(face: Line | None, selection: Selection) -> None:
    """Empty the keys of points that are not selected."""
    if face is not None and selection is not Selection.ALL:
        face |= {"points": None, "sigma": None}
        if selection is not Selection.IBUG68:
            face["ibug68"] = None


def encode_state(report: Report) -> str:
    """Return a report without points, sigma and region of interest."""
    return _text(_line(report, points=False))


def encode_event(event: DriverEvent) -> str:
    """Return an event as JSON, with the same keys as in a line."""
    return _text(event_line(event))


def encode_record(
    record: FrameRecord, source: str = "", selection: Selection = Selection.ALL
) -> str:
    """Return a received frame as one line of JSON; values that are not on the wire are null.

    Args:
        record: a frame with a STATUS.
        source: name of the sender, used before its HELLO.
        selection: of the points in the record, as in `encode`.

    Raises:
        ValueError: if the record has no STATUS.
    """
    report = report_of(record)
    if report is None:
        raise ValueError("a frame whose STATUS was lost has no line")
    line = _line(report)
    line["source"] = _clean(report.source or source)
    line["counters"] |= {"captured": None, "processed": None}
    if record.hello is None:
        line |= {"width": None, "height": None}
    face = line["face"]
    if face is not None:
        face |= {"roi": None, "sigma": None}
        if record.hello is None:
            face["pose"]["camera"] = None
        if record.selection is Selection.IBUG68 and record.points is not None:
            face["ibug68"] = _array(record.points, 2)
    _select(face, selection)
    return _text(line)


def _clean(text: str) -> str:
    """Return text without lone surrogates, which are allowed in a path but not in JSON."""
    return text.encode("utf-8", "replace").decode()


def _line(report: Report, *, points: bool = True) -> Line:
    counters, utc = report.counters, report.utc
    return {
        "source": _clean(report.source),
        "sequence": report.sequence,
        "captured_ns": report.captured_ns,
        "emitted_ns": report.emitted_ns,
        "utc": utc and {"offset_ns": utc.offset_ns, "quality": utc.quality},
        "width": report.width,
        "height": report.height,
        "face": _face(report.face, points) if report.face is not None else None,
        "driver": _driver(report.driver) if report.driver is not None else None,
        "counters": {
            "captured": counters.captured,
            "processed": counters.processed,
            "skipped": counters.skipped,
            "reopened": counters.reopened,
        },
        "degraded": report.degraded,
    }


def _driver(driver: DriverState) -> Line:
    rates = driver.rates
    return {
        "attention": driver.attention,
        "level": driver.level,
        "calibrating": driver.calibrating,
        "eyes": driver.eyes,
        "perclos": _within(driver.perclos, 0.0, 1.0, 4),
        "drowsiness": driver.drowsiness,
        "drowsiness_score": _within(driver.drowsiness_score, 0.0, 1.0, 3),
        "rates": {
            "blinks_1min": _number(rates.blinks_1min, 1),
            "blinks_5min": _number(rates.blinks_5min, 1),
            "long_closures_1min": _number(rates.long_closures_1min, 1),
            "long_closures_5min": _number(rates.long_closures_5min, 1),
        },
        "mouth_openness": _number(driver.mouth_openness, 3),
        "active": driver.active,
        "events": [event_line(event) for event in driver.events],
    }


def _face(face: FaceReport, with_points: bool) -> Line:
    observation, roi = face.observation, face.observation.roi
    line: Line = {
        "score": _within(observation.score, 0.0, 1.0, 4),
        "track": observation.track,
        "box": _array(face.box, 2),
        "pose": _pose(face.pose),
        "eyes": {"left": _eye(face.left), "right": _eye(face.right)},
        "gaze": _gaze(face.gaze) if face.gaze is not None else None,
    }
    if not with_points:
        return line
    points = _array(face.points, 2) if len(face.points) else None
    line["roi"] = {name: _number(getattr(roi, name), 2) for name in ("x", "y", "side", "angle")}
    line["points"] = points
    line["sigma"] = None if observation.sigma is None else _array(observation.sigma, 3)
    line["ibug68"] = points[_IBUG68] if points is not None and len(points) >= DENSE else None
    return line


def _pose(pose: HeadPose) -> Line:
    return {
        "yaw": _number(pose.yaw, 2),
        "pitch": _number(pose.pitch, 2),
        "roll": _number(pose.roll, 2),
        "quaternion": _array(pose.quaternion, 6),
        "rotation": _array(pose.rotation, 6),
        "translation_mm": _array(pose.translation_mm, 1),
        "camera": pose.camera,
        "residual": _number(pose.residual, 5),
    }


def _gaze(gaze: Gaze) -> Line:
    return {
        "yaw": _number(gaze.yaw, 2),
        "pitch": _number(gaze.pitch, 2),
        "sigma_yaw": _number(gaze.sigma_yaw, 2),
        "sigma_pitch": _number(gaze.sigma_pitch, 2),
        "zone": gaze.zone,
    }


def _eye(eye: EyeState) -> Line:
    return {
        "openness": _within(eye.openness, 0.0, MAX_OPENNESS, 4),
        "openness_sigma": _number(eye.openness_sigma, 3),
        "closed": None if eye.closed is None else bool(eye.closed),
        "aperture": _number(eye.aperture, 4),
        "state": eye.state,
        "probability_closed": _within(eye.probability_closed, 0.0, 1.0, 3),
        "probability_down": _within(eye.probability_down, 0.0, 1.0, 3),
        "iris_visible": _within(eye.iris_visible, 0.0, 1.0, 3),
    }


def event_line(event: DriverEvent) -> Line:
    """Return an event as in JSON lines, MQTT and hooks."""
    return {
        "id": event.id,
        "kind": event.kind,
        "phase": event.phase,
        "level": event.level,
        "began_ns": event.began_ns,
        "at_ns": event.at_ns,
        "evidence": {name: _number(value, 4) for name, value in event.evidence.items()},
    }
