"""Head pose from 3D landmarks: a weighted rigid fit to the mean head, in the camera frame."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Layout, canonical_points
from landmarkd.rotation import angles_from_matrix
from landmarkd.signals.similarity import fit_similarity
from landmarkd.types import Array, HeadPose, Intrinsics

MIN_SIGMA_PX = 0.25
"""Below this, a point's uncertainty is small compared with the differences between heads."""

_NOWHERE = ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0, 0.0])
_X = 5
"""First row of a point in space; above are those of the head: x, y, z, x² + y² + z², 1."""


def rigid_weights(layout: Layout) -> NDArray[np.float64]:
    """Return the weight of each point for the skull, (count,), with a sum of 1.

    Forehead, bridge and tip of the nose, temples and eye corners are bone or near it. Mouth, jaw,
    lower cheeks, brows and lids move: their weight is small or 0.
    """
    head = canonical_points(layout)[:DENSE]
    corners = head[layout.ibug68]
    weights = np.zeros(layout.count)
    above_upper_lip = head[:, 1] < corners[33, 1]
    weights[:DENSE] = np.where(above_upper_lip, 1.0, 0.0)
    # The sides below the middle of the ears move with the jaw.
    weights[:DENSE][np.abs(head[:, 0]) > 60.0] *= 0.5
    brow = corners[17:27]
    near_brow = np.linalg.norm(head[:, None, :2] - brow[None, :, :2], axis=2).min(1) < 8.0
    weights[:DENSE][near_brow] *= 0.3
    lids = layout.ibug68[[37, 38, 40, 41, 43, 44, 46, 47]]
    near_lid = np.linalg.norm(head[:, None, :2] - head[None, lids, :2], axis=2).min(1) < 6.0
    weights[:DENSE][near_lid] = 0.0
    weights[layout.ibug68[[36, 39, 42, 45]]] = 2.0
    weights /= weights.sum()
    return weights


class PoseEstimator:
    """Fits the canonical head to landmarks.

    The points' x and y are where a perspective camera sees them, their z is depth in pixels at the
    face's mean distance. With the intrinsics each point therefore has a place in space up to one
    common scale, ((x - cx) / fx * d, (y - cy) / fy * d, d) with d = f - z, and one similarity fit
    of the canonical head to these gives the rotation in the camera's frame, with the perspective of
    a near face and of a face off the optical axis accounted for, and the translation over the scale
    in millimetres.

    Args:
        layout: of the points.
        intrinsics: of the camera, for the size of the frames that the points are from.
    """

    def __init__(self, layout: Layout, intrinsics: Intrinsics) -> None:
        self._intrinsics = intrinsics
        self._focal = 0.5 * (intrinsics.fx + intrinsics.fy)
        head = canonical_points(layout).astype(np.float64)
        weights = rigid_weights(layout)
        self._count = layout.count
        self._rigid = np.flatnonzero(weights)
        rigid = head[self._rigid]
        self._weights = weights[self._rigid]
        self._trust = np.empty(len(rigid))
        self._taken = np.empty((len(rigid), 3), np.float32)
        self._rows = np.ones((8, len(rigid)))
        self._rows[:3], self._rows[3] = rigid.T, np.square(rigid).sum(1)
        self._weighted = np.empty((4, len(rigid)))
        self._size_mm = math.sqrt(float(np.prod(np.ptp(head[layout.ibug68, :2], axis=0))))
        self._centre = np.array([[intrinsics.cx], [intrinsics.cy]])
        self._lens = np.array(intrinsics.distortion) if any(intrinsics.distortion) else None

    def estimate(self, points: Array, sigma: Array | None = None) -> HeadPose:
        """Return the pose of a face.

        Args:
            points: (count, 3) image pixels.
            sigma: (count,) standard deviations, pixels; uncertain points count less.

        Returns:
            The pose. Invalid points (all in one place or not finite) give residual 1 and the
            identity.

        Raises:
            ValueError: `points` have another count than the layout.
        """
        if points.shape != (self._count, 3):
            raise ValueError(f"this layout has ({self._count}, 3) points, these are {points.shape}")
        taken, rows, weights = self._taken, self._rows, self._weights
        np.take(points, self._rigid, axis=0, out=taken, mode="clip")
        if not math.isfinite(float(np.vdot(taken, taken))):
            return self._pose(*_NOWHERE, 1.0)
        if sigma is not None:
            weights = self._trust
            np.maximum(sigma.take(self._rigid), MIN_SIGMA_PX, out=weights)
            np.multiply(weights, weights, out=weights)
            np.divide(self._weights, weights, out=weights)
        scale_x, scale_y = self._unproject(taken)
        np.multiply(rows[_X - 1 :], weights, out=self._weighted)
        fit = fit_similarity((self._weighted @ rows.T).tolist(), scale_x, scale_y)
        if fit is None:
            return self._pose(*_NOWHERE, 1.0)
        rotation, translation, residual_mm = fit
        return self._pose(rotation, translation, residual_mm / self._size_mm)

    def _unproject(self, points: Array) -> tuple[float, float]:
        """Write the points' places in space, up to one scale, and return the scales of x and y."""
        camera, place = self._intrinsics, self._rows[_X:]
        place[:] = points.T
        depth = place[2]
        np.subtract(self._focal, depth, out=depth)
        np.maximum(depth, 0.1 * self._focal, out=depth)
        if self._lens is not None:
            matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
            flat = np.ascontiguousarray(points[:, None, :2], np.float64)
            np.multiply(cv2.undistortPoints(flat, matrix, self._lens)[:, 0].T, depth, out=place[:2])
            return 1.0, 1.0
        place[:2] -= self._centre
        place[:2] *= depth
        return 1.0 / camera.fx, 1.0 / camera.fy

    def _pose(
        self, rotation: list[list[float]], translation: list[float], residual: float
    ) -> HeadPose:
        matrix = np.array(rotation, np.float32)
        return HeadPose(
            *angles_from_matrix(matrix),
            matrix,
            np.array(translation, np.float32),
            self._intrinsics.origin,
            residual,
        )
