"""Drawing results into a picture; the daemon does not use it."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Layout, mesh_triangles
from landmarkd.types import Array, DriverState, FaceReport, HeadPose, Report

Image = NDArray[np.uint8]

MESH = (150, 220, 120)
POINT = (90, 255, 90)
LID = (60, 200, 255)
IRIS = (255, 160, 60)
SHUT = (60, 60, 255)
AXES = ((60, 60, 255), (60, 220, 60), (255, 120, 40))
LEVELS = ((120, 220, 120), (80, 220, 255), (40, 150, 255), (50, 50, 255))
"""Colour of the driver's state by severity."""

SUBPIXEL = 4
"""Fractional bits of coordinates in cv2."""


def draw(image: Image, report: Report, layout: Layout) -> Image:
    """Return a copy of a (height, width, 3) BGR image with mesh, eyes, pose and state drawn in."""
    canvas = image.copy()
    unit = max(1.0, min(image.shape[:2]) / 480)
    if report.face is not None:
        _draw_face(canvas, report.face, layout, unit)
    _draw_text(canvas, _lines(report), unit)
    return canvas


def _draw_face(canvas: Image, face: FaceReport, layout: Layout, unit: float) -> None:
    size = max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    thickness = 1 if size < 500 else round(size / 400)
    mesh = canvas.copy()
    corners = _fixed(face.points[mesh_triangles().astype(np.intp)])
    cv2.polylines(mesh, list(corners), True, MESH, thickness, cv2.LINE_AA, SUBPIXEL)
    cv2.addWeighted(mesh, 0.45, canvas, 0.55, 0, dst=canvas)
    _draw_points(canvas, face.points[layout.ibug68], POINT, size)
    for lid, iris, eye in (
        (layout.right_lid, layout.right_iris, face.right),
        (layout.left_lid, layout.left_iris, face.left),
    ):
        if lid is None or iris is None:
            continue
        margin = face.observation.points[lid]
        colour = SHUT if eye.closed else LID
        cv2.polylines(canvas, [_fixed(margin)], True, colour, thickness, cv2.LINE_AA, SUBPIXEL)
        if not eye.closed:
            limbus = cv2.convexHull(face.observation.points[iris[1:], :2])[:, 0]
            cv2.polylines(canvas, [_fixed(limbus)], True, IRIS, thickness, cv2.LINE_AA, SUBPIXEL)
    _draw_axes(
        canvas, face.pose, face.points[layout.ibug68[30]], 0.5 * size, max(1, round(2 * unit))
    )


def _draw_points(canvas: Image, points: Array, colour: tuple[int, int, int], size: float) -> None:
    radius = round(max(0.6, size / 220) * (1 << SUBPIXEL))
    for x, y in _fixed(points):
        cv2.circle(canvas, (int(x), int(y)), radius, colour, -1, cv2.LINE_AA, SUBPIXEL)


def _draw_axes(canvas: Image, pose: HeadPose, origin: Array, length: float, thickness: int) -> None:
    """Draw the head's axes at the tip of the nose: x red, y green, z out of the face blue."""
    for axis, colour in enumerate(AXES):
        direction = pose.rotation[:2, axis] * (-1 if axis == 2 else 1)
        start, end = _fixed(np.stack([origin[:2], origin[:2] + length * direction]))
        first, last = (int(start[0]), int(start[1])), (int(end[0]), int(end[1]))
        cv2.line(canvas, first, last, colour, thickness, cv2.LINE_AA, SUBPIXEL)


def _lines(report: Report) -> list[tuple[str, tuple[int, int, int]]]:
    white = (255, 255, 255)
    if report.face is None:
        lines = [("no face", white)]
    else:
        pose = report.face.pose
        right, left = _openness(report.face.right.openness), _openness(report.face.left.openness)
        angles = f"yaw {pose.yaw:+.0f}  pitch {pose.pitch:+.0f}  roll {pose.roll:+.0f}"
        distance = float(np.linalg.norm(pose.translation_mm)) / 10
        lines = [
            (f"{angles}  {distance:.0f} cm", white),
            (f"eyes  right {right}  left {left}", white),
        ]
    if report.driver is not None:
        lines.append((_state(report.driver), LEVELS[min(3, max(0, report.driver.level))]))
    return lines


def _openness(value: float | None) -> str:
    return "?" if value is None else f"{100 * value:.0f}%"


def _state(driver: DriverState) -> str:
    parts: list[str] = [driver.attention, *driver.active]
    if driver.perclos is not None:
        parts.append(f"PERCLOS {100 * driver.perclos:.0f}%")
    if driver.calibrating:
        parts.append("calibrating")
    return "  ".join(parts)


def _draw_text(canvas: Image, lines: list[tuple[str, tuple[int, int, int]]], unit: float) -> None:
    """Write at the top left, light on a dark outline so that it reads on any picture."""
    scale = 0.5 * unit
    for row, (text, colour) in enumerate(lines):
        place = (round(8 * unit), round((20 + 20 * row) * unit))
        for shade, thickness in (((0, 0, 0), round(3 * unit)), (colour, max(1, round(unit)))):
            cv2.putText(
                canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, shade, thickness, cv2.LINE_AA
            )


def _fixed(points: NDArray[Any]) -> NDArray[np.int32]:
    """Return x and y of points as cv2's fixed-point integers."""
    fixed: NDArray[np.int32] = np.round(
        np.clip(points[..., :2], -1e5, 1e5) * (1 << SUBPIXEL)
    ).astype(np.int32)
    return fixed
