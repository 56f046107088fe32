"""Rotations: the one place that holds the sign convention of the angles (docs/landmarks.md).

All rotations are (3, 3) and act in OpenCV's camera frame: x right, y down, z away from the camera.
The angles are those of AFLW2000-3D's `Pose_Para`, R = Rx(pitch) Ry(yaw) Rz(roll) with y up and z
toward the viewer, turned the way that makes yaw > 0 look to image left, pitch > 0 up and roll > 0
clockwise in the image.
"""

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

_SMALL_ANGLE = 1e-6


def matrix_from_angles(yaw: float, pitch: float, roll: float) -> Matrix:
    """Return the rotation of a head with these angles in degrees."""
    cy, sy = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    cp, sp = math.cos(math.radians(pitch)), math.sin(math.radians(pitch))
    cr, sr = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    return np.array(
        [
            [cy * cr, -cy * sr, sy],
            [cp * sr - sp * sy * cr, cp * cr + sp * sy * sr, sp * cy],
            [-sp * sr - cp * sy * cr, -sp * cr + cp * sy * sr, cp * cy],
        ]
    )


def angles_from_matrix(rotation: NDArray[np.floating]) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees; the inverse of `matrix_from_angles` for yaw within ±90°."""
    yaw = math.asin(min(1.0, max(-1.0, float(rotation[0, 2]))))
    pitch = math.atan2(float(rotation[1, 2]), float(rotation[2, 2]))
    roll = math.atan2(-float(rotation[0, 1]), float(rotation[0, 0]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def angles_from_direction(direction: NDArray[np.floating]) -> tuple[float, float]:
    """Return yaw and pitch in degrees of a direction that is looked in; (0, 0, -1) gives 0, 0.

    For the third column of a head's rotation, reversed, these are the yaw and pitch of the head.
    """
    x, y, z = (float(value) for value in direction)
    return math.degrees(math.atan2(-x, math.hypot(y, z))), math.degrees(math.atan2(-y, -z))


def direction_from_angles(yaw: float, pitch: float) -> Vector:
    """Return the unit vector that `angles_from_direction` gives these angles in degrees for."""
    cy = math.cos(math.radians(yaw))
    return np.array(
        [
            -math.sin(math.radians(yaw)),
            -cy * math.sin(math.radians(pitch)),
            -cy * math.cos(math.radians(pitch)),
        ]
    )


def rotation_vector(rotation: Matrix) -> Vector:
    """Return axis times angle (radians, at most pi) of a rotation, the logarithm on SO(3)."""
    w, x, y, z = quaternion_from_matrix(rotation)
    length = math.sqrt(x * x + y * y + z * z)
    if length < _SMALL_ANGLE:
        return np.array([2.0 * x, 2.0 * y, 2.0 * z])
    scale = 2.0 * math.atan2(length, w) / length
    return np.array([x * scale, y * scale, z * scale])


def quaternion_from_matrix(rotation: NDArray[np.floating]) -> tuple[float, float, float, float]:
    """Return w, x, y, z with w >= 0, dividing by the largest of the four (S. W. Shepperd 1978).

    Args:
        rotation: (3, 3), orthonormal.
    """
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    squares = (1.0 + a + e + i, 1.0 + a - e - i, 1.0 - a + e - i, 1.0 - a - e + i)
    largest = max(range(4), key=squares.__getitem__)
    root = math.sqrt(squares[largest])
    half = 0.5 / root
    w, x, y, z = (
        (root / 2, (h - f) * half, (c - g) * half, (d - b) * half),
        ((h - f) * half, root / 2, (b + d) * half, (c + g) * half),
        ((c - g) * half, (b + d) * half, root / 2, (f + h) * half),
        ((d - b) * half, (c + g) * half, (f + h) * half, root / 2),
    )[largest]
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)


def rotation_from_vector(vector: Vector) -> Matrix:
    """Return the rotation about an axis times angle in radians (Rodrigues), the exponential on SO(3)."""
    x, y, z = (float(value) for value in vector)
    angle = math.sqrt(x * x + y * y + z * z)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if angle < _SMALL_ANGLE:
        cross += np.eye(3)
        return cross
    sine = math.sin(angle) / angle
    versine = (1.0 - math.cos(angle)) / (angle * angle)
    result: Matrix = np.eye(3) + sine * cross + versine * (cross @ cross)
    return result


def rotation_to_ray(ray: NDArray[np.floating]) -> Matrix:
    """Return the smallest rotation that turns the optical axis (0, 0, 1) onto a ray from the camera.

    What a camera sees of a head off its axis looks like the head turned back by this rotation on
    the axis.
    """
    x, y, z = (float(value) for value in ray)
    length = math.sqrt(x * x + y * y + z * z)
    if length == 0.0:
        return np.eye(3)
    x, y, z = x / length, y / length, z / length
    if z <= -1.0 + _SMALL_ANGLE:
        return np.diag([1.0, -1.0, -1.0])
    k = 1.0 / (1.0 + z)
    return np.array(
        [[1.0 - k * x * x, -k * x * y, x], [-k * x * y, 1.0 - k * y * y, y], [-x, -y, z]]
    )
