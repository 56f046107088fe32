"""One frame as one row: the columns of `csv:` files and converted recordings (docs/sinks.md).

If OpenFace 2 has a column for a value (its wiki, "Output Format"), the column here has the same
name, unit and sign, so that scripts for OpenFace can read these files: pose_R* in radians (R = Rx
Ry Rz, camera frame with x right, y down, z away), gaze_angle_* in radians, pose_T* in millimetres,
x_N and y_N in pixels. Other columns have the unit in their name.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from landmarkd.enums import ClockQuality
from landmarkd.rotation import matrix_from_angles
from landmarkd.types import DriverState, FaceReport, Report

Value = float | int | str | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _utc(report: Report) -> str | None:
    """Return the time of the capture as ISO 8601, None while the time is unknown."""
    if report.utc is None or report.utc.quality is ClockQuality.UNSYNCHRONISED:
        return None
    microseconds = (report.captured_ns + report.utc.offset_ns) // 1000
    try:
        return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds")
    except OverflowError:
        return None


def _gaze_angles(face: FaceReport) -> tuple[float, float] | None:
    """Return gaze angles of OpenFace in radians: > 0 to image right and down; 0 into the camera."""
    if face.gaze is None:
        return None
    x, y, z = matrix_from_angles(face.gaze.yaw, face.gaze.pitch, 0.0) @ (0.0, 0.0, -1.0)
    return math.atan2(x, -z), math.atan2(y, -z)


def _euler(face: FaceReport) -> tuple[float, float, float]:
    """Return the angles x, y, z in radians with R = Rx Ry Rz, as OpenFace writes them."""
    (a, b, c), (_, _, d), (_, _, e) = face.pose.rotation.tolist()
    return math.atan2(-d, e), math.asin(min(1.0, max(-1.0, c))), math.atan2(-b, a)


def _of_face(read: Callable[[FaceReport], Value]) -> Callable[[Report], Value]:
    return lambda report: None if report.face is None else read(report.face)


def _of_driver(read: Callable[[DriverState], Value]) -> Callable[[Report], Value]:
    return lambda report: None if report.driver is None else read(report.driver)


def _part(values: Sequence[float] | None, place: int) -> Value:
    return None if values is None else values[place]


Column = tuple[type, Callable[[Report], Value]]
COLUMNS: dict[str, Column] = {
    "frame": (int, lambda report: report.sequence),
    "face_id": (int, _of_face(lambda face: face.observation.track)),
    "timestamp": (float, lambda report: report.captured_ns / 1e9),
    "confidence": (float, _of_face(lambda face: face.observation.score)),
    "success": (int, lambda report: int(report.face is not None)),
    "gaze_angle_x": (float, _of_face(lambda face: _part(_gaze_angles(face), 0))),
    "gaze_angle_y": (float, _of_face(lambda face: _part(_gaze_angles(face), 1))),
    "pose_Tx": (float, _of_face(lambda face: float(face.pose.translation_mm[0]))),
    "pose_Ty": (float, _of_face(lambda face: float(face.pose.translation_mm[1]))),
    "pose_Tz": (float, _of_face(lambda face: float(face.pose.translation_mm[2]))),
    "pose_Rx": (float, _of_face(lambda face: _euler(face)[0])),
    "pose_Ry": (float, _of_face(lambda face: _euler(face)[1])),
    "pose_Rz": (float, _of_face(lambda face: _euler(face)[2])),
    "utc": (str, _utc),
    "yaw_deg": (float, _of_face(lambda face: face.pose.yaw)),
    "pitch_deg": (float, _of_face(lambda face: face.pose.pitch)),
    "roll_deg": (float, _of_face(lambda face: face.pose.roll)),
    "gaze_yaw_deg": (float, _of_face(lambda face: face.gaze.yaw if face.gaze else None)),
    "gaze_pitch_deg": (float, _of_face(lambda face: face.gaze.pitch if face.gaze else None)),
    "gaze_zone": (str, _of_face(lambda face: face.gaze.zone if face.gaze else None)),
    "left_openness": (float, _of_face(lambda face: face.left.openness)),
    "left_lids": (str, _of_face(lambda face: face.left.state)),
    "right_openness": (float, _of_face(lambda face: face.right.openness)),
    "right_lids": (str, _of_face(lambda face: face.right.state)),
    "attention": (str, _of_driver(lambda driver: driver.attention)),
    "level": (int, _of_driver(lambda driver: driver.level)),
    "drowsiness": (int, _of_driver(lambda driver: driver.drowsiness)),
    "perclos": (float, _of_driver(lambda driver: driver.perclos)),
    "mouth_openness": (float, _of_driver(lambda driver: driver.mouth_openness)),
    "calibrating": (int, _of_driver(lambda driver: int(driver.calibrating))),
    "events": (
        str,
        _of_driver(lambda driver: ";".join(f"{e.kind}:{e.phase}:{e.level}" for e in driver.events)),
    ),
    "degraded": (str, lambda report: ";".join(report.degraded)),
}
"""Name, type and value of each column; the points follow."""


def columns(points: int) -> dict[str, type]:
    """Return name and type of each column of a table with this number of points."""
    names = {name: kind for name, (kind, _) in COLUMNS.items()}
    return names | {f"{axis}_{i}": float for axis in "xyz" for i in range(points)}


def chosen(report: Report, indices: NDArray[np.intp]) -> NDArray[np.floating] | None:
    """Return the points of a report with these indices, None if it has none."""
    points = report.face.points if report.face is not None else ()
    return points[indices] if len(points) and len(points) >= len(indices) else None


def row(report: Report, points: NDArray[np.floating] | None, count: int) -> list[Value]:
    """Return a report as a row; unknown numbers and those that are not finite are None.

    Args:
        report: the frame's result.
        points: (count, 3) of this frame, or None if it has none.
        count: points of the table.
    """
    values = [_plain(read(report)) for _, read in COLUMNS.values()]
    if points is None or len(points) != count:
        return values + [None] * (3 * count)
    return values + [_plain(value, 2) for value in points.T.reshape(-1).tolist()]


def _plain(value: Value, digits: int = 5) -> Value:
    if isinstance(value, float):
        return round(value, digits) if math.isfinite(value) else None
    return str(value) if isinstance(value, str) else value
