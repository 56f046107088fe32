"""From the head's frame to pixels.

Three frames: the head's (centimetres, y up, z out of the face), the same turned by the pose (still
y up, z toward the camera), and the camera's (OpenCV: x right, y down, z forward).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.benchmark import pose_from_rotation, rotation_from_pose

_FLIP = np.diag([1.0, -1.0, -1.0])  # y up and z toward the camera, to y down and z away


def rotation_from_angles(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Rotation (3, 3) of the head, y up, from degrees in the order of `models.benchmark`.

    Yaw > 0 turns the nose to image left, pitch > 0 looks up, roll > 0 is clockwise in the image.
    """
    return _FLIP @ rotation_from_pose(pitch, yaw, roll) @ _FLIP


def angles_from_rotation(rotation: np.ndarray) -> np.ndarray:
    """Inverse of `rotation_from_angles`: (pitch, yaw, roll) in degrees, |yaw| <= 90 degrees."""
    return pose_from_rotation(_FLIP @ rotation @ _FLIP)


def to_camera(
    points: np.ndarray, rotation: np.ndarray, origin: np.ndarray, position: np.ndarray
) -> np.ndarray:
    """Head-frame points (N, 3) in the camera frame of OpenCV, centimetres.

    Args:
        points: Head frame, y up.
        rotation: From `rotation_from_angles`.
        origin: The head-frame point that the head turns about.
        position: Where that point lies in the camera frame.
    """
    flipped = rotation * np.array([[1.0], [-1.0], [-1.0]])
    matrix = flipped.T.astype(np.float32)
    shift = (np.asarray(position) - flipped @ np.asarray(origin)).astype(np.float32)
    return points @ matrix + shift


@dataclass(frozen=True)
class Camera:
    """A pinhole with radial distortion; pixel centres at integers.

    Attributes:
        focal: Pixels.
        cx: Principal point, pixels.
        cy: Principal point, pixels.
        k1: First radial coefficient, on (x/z)^2 + (y/z)^2.
    """

    focal: float
    cx: float
    cy: float
    k1: float = 0.0

    def __post_init__(self) -> None:
        if not self.focal > 0:
            raise ValueError(f"the focal length must be positive, not {self.focal}")

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) float32 of camera-frame points (N, 3) with z > 0."""
        plane = points[:, :2] / points[:, 2:]
        if self.k1:
            plane = plane * (1 + self.k1 * (plane * plane).sum(1, keepdims=True))
        return (plane * self.focal + [self.cx, self.cy]).astype(np.float32)

    def landmarks(self, points: np.ndarray) -> np.ndarray:
        """Landmarks (562, 3) float32 in pixels: x, y, and z larger if nearer, dense mean zero."""
        return self.with_depth(points, points[:520, 2].mean())

    def with_depth(self, points: np.ndarray, depth: float) -> np.ndarray:
        """Any points (N, 3) in pixels like `landmarks`, z zero at a distance `depth`."""
        z = (depth - points[:, 2:]) * (self.focal / depth)
        return np.hstack([self.project(points), z]).astype(np.float32)
