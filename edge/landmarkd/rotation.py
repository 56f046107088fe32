"""Rotations, with the order and the signs of the angles (docs/landmarks.md).

All rotations are (3, 3) and act in OpenCV's camera frame: x right, y down, z away from the camera.
A head turns first by its yaw, then by its pitch about its own axis through the ears, then by its
roll about its own axis through the nose: R = Ry(yaw) Rx(pitch) Rz(roll), the order of aircraft and
of opentrack (its `euler_to_rmat`). Yaw > 0 looks to image left, pitch > 0 up, roll > 0 is clockwise
in the image; so a head that is turned by 60° and nods by 20° has (60, -20, 0).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Row = tuple[float, float, float]
Rows = tuple[Row, Row, Row]
Quaternion = tuple[float, float, float, float]
"""w, x, y, z of unit length with w >= 0."""

_SMALL_ANGLE = 1e-6


def matrix_from_angles(yaw: float, pitch: float, roll: float) -> Matrix:
    """Return the rotation of a head with these angles in degrees."""
    cy, sy = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    cp, sp = math.cos(math.radians(pitch)), math.sin(math.radians(pitch))
    cr, sr = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    return np.array(
        [
            [cy * cr - sy * sp * sr, -cy * sr - sy * sp * cr, sy * cp],
            [cp * sr, cp * cr, sp],
            [-sy * cr - cy * sp * sr, sy * sr - cy * sp * cr, cy * cp],
        ]
    )


def angles_from_matrix(rotation: NDArray[np.floating]) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees; the inverse of `matrix_from_angles`.

    Yaw and roll are within ±180°, pitch within ±90°. Angles are continuous for every yaw, except
    where the nose points straight up or down.
    """
    (_, _, a), (b, c, sine), (_, _, d) = rotation.tolist()
    return (
        math.degrees(math.atan2(a, d)),
        math.degrees(math.asin(min(1.0, max(-1.0, sine)))),
        math.degrees(math.atan2(b, c)),
    )


def angles_from_direction(direction: Sequence[float] | NDArray[np.floating]) -> tuple[float, float]:
    """Return yaw and pitch in degrees of a direction of view; (0, 0, -1) gives 0, 0.

    For the third column of a head's rotation, reversed, these are the yaw and pitch of the head.
    """
    x, y, z = direction
    return math.degrees(math.atan2(-x, -z)), math.degrees(math.atan2(-y, math.hypot(x, z)))


def direction_from_angles(yaw: float, pitch: float) -> Vector:
    """Return the unit vector with these angles in degrees; inverse of `angles_from_direction`."""
    level = math.cos(math.radians(pitch))
    return np.array(
        [
            -level * math.sin(math.radians(yaw)),
            -math.sin(math.radians(pitch)),
            -level * math.cos(math.radians(yaw)),
        ]
    )


def angle_between(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the angle in degrees of the rotation from one rotation to another.

    This geodesic distance does not depend on the order of angles.
    """
    w, x, y, z = quaternion_from_matrix(first)
    turn = product(quaternion_from_matrix(second), (w, -x, -y, -z))
    return math.degrees(math.hypot(*vector_from_quaternion(turn)))


def quaternion_from_matrix(rotation: NDArray[np.floating]) -> Quaternion:
    """Return w, x, y, z with w >= 0, dividing by the largest of the four (S. W. Shepperd 1978).

    Args:
        rotation: (3, 3), orthonormal.
    """
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    squares = (1.0 + a + e + i, 1.0 + a - e - i, 1.0 - a + e - i, 1.0 - a - e + i)
    largest = squares.index(max(squares))
    root = math.sqrt(squares[largest])
    half = 0.5 / root
    if largest == 0:
        return root / 2, (h - f) * half, (c - g) * half, (d - b) * half
    if largest == 1:
        w, x, y, z = (h - f) * half, root / 2, (b + d) * half, (c + g) * half
    elif largest == 2:
        w, x, y, z = (c - g) * half, (b + d) * half, root / 2, (f + h) * half
    else:
        w, x, y, z = (d - b) * half, (c + g) * half, (f + h) * half, root / 2
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)


def matrix_from_quaternion(quaternion: Quaternion) -> Matrix:
    """Return the rotation of a quaternion of unit length."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
            [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
            [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
        ]
    )


def quaternion_from_vector(vector: Sequence[float]) -> Quaternion:
    """Return the rotation about an axis times angle in radians: the exponential on SO(3)."""
    x, y, z = vector
    half = 0.5 * math.hypot(x, y, z)
    scale = 0.5 * math.sin(half) / half if half > 0.0 else 0.5
    return math.cos(half), x * scale, y * scale, z * scale


def vector_from_quaternion(quaternion: Quaternion) -> tuple[float, float, float]:
    """Return axis times angle (radians, at most pi) of a rotation, the logarithm on SO(3)."""
    w, x, y, z = quaternion
    length = math.hypot(x, y, z)
    if length < _SMALL_ANGLE:
        scale = math.copysign(2.0, w)
    else:
        scale = 2.0 * math.atan2(math.copysign(length, w), abs(w)) / length
    return x * scale, y * scale, z * scale


def product(second: Quaternion, first: Quaternion) -> Quaternion:
    """Return the rotation by one quaternion after another; its w may be negative."""
    a, b, c, d = second
    w, x, y, z = first
    return (
        a * w - b * x - c * y - d * z,
        a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x,
        a * z + b * y - c * x + d * w,
    )


def rows_to_ray(x: float, y: float, z: float) -> Rows:
    """Return the rows of the smallest rotation from the optical axis to the ray (x, y, z).

    A head beside the axis of the camera looks like a head on the axis that is turned back by this
    rotation. For so few numbers Python is faster than numpy.
    """
    length = math.sqrt(x * x + y * y + z * z)
    if length == 0.0:
        return (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    x, y, z = x / length, y / length, z / length
    if z <= -1.0 + _SMALL_ANGLE:
        return (1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)
    k = 1.0 / (1.0 + z)
    return (1.0 - k * x * x, -k * x * y, x), (-k * x * y, 1.0 - k * y * y, y), (-x, -y, z)
