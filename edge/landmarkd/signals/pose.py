"""Head pose from 3D landmarks: a weighted rigid fit to the mean head, in the camera frame."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Layout, canonical_points
from landmarkd.rotation import angles_from_matrix
from landmarkd.signals.similarity import Rows, fit_similarity
from landmarkd.types import Array, HeadPose, Intrinsics

MIN_SIGMA_PX = 0.25
"""Below this, a point's uncertainty is small compared with the differences between heads."""

_NOWHERE = ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0, 0.0])
_SAME_RAY = 0.005
"""A fit is repeated if the head lies off its ray by more than this, radians."""

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

    The points' x and y are where a perspective camera sees them. Their z is depth in pixels at the
    face's mean distance, along the ray to the face: the model sees the surroundings of the face
    alone, where a head at the edge of the picture looks as one in the middle that is turned. With
    the intrinsics each point therefore has a place in space up to one common scale, r d / (r n)
    with its ray r = ((x - cx) / fx, (y - cy) / fy, 1), the unit vector n of the ray to the face and
    d = f / n_z - z. One similarity fit of the canonical head to these gives the rotation in the
    camera's frame, with the perspective of a near face and of a face off the optical axis accounted
    for, and the translation over the scale in millimetres.

    Args:
        layout: of the points.
        intrinsics: of the camera, for the size of the frames that the points are from.

    Attributes:
        rigid_head: (n, 3) rigid points of the mean head, millimetres.
    """

    def __init__(self, layout: Layout, intrinsics: Intrinsics) -> None:
        self._intrinsics = intrinsics
        self._focal = 0.5 * (intrinsics.fx + intrinsics.fy)
        head = canonical_points(layout).astype(np.float64)
        weights = rigid_weights(layout)
        self._count = layout.count
        self._rigid = np.flatnonzero(weights)
        self._middle: list[float] = head[:DENSE].mean(0).tolist()
        self.rigid_head = rigid = head[self._rigid]
        self._weights = weights[self._rigid]
        self._trust = np.empty(len(rigid))
        self._rows = np.ones((8, len(rigid)))
        self._rows[:3], self._rows[3] = rigid.T, np.square(rigid).sum(1)
        self._weighted = np.empty((4, len(rigid)))
        self._size_mm = math.sqrt(float(np.prod(np.ptp(head[layout.ibug68, :2], axis=0))))
        self._sums = np.ones((2, DENSE), np.float32)
        self._along, self._part = np.empty((2, len(rigid)))
        self._centre = np.array([[intrinsics.cx], [intrinsics.cy]])
        self._scale = 1.0, 1.0
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
        weights = self._weights
        taken = points.take(self._rigid, axis=0)
        if not math.isfinite(float(np.vdot(taken, taken))):
            return self._pose(*_NOWHERE, 1.0)
        if sigma is not None:
            weights = self._trust
            np.maximum(sigma.take(self._rigid), MIN_SIGMA_PX, out=weights)
            np.multiply(weights, weights, out=weights)
            np.divide(self._weights, weights, out=weights)
        ray = self._ray(points[:DENSE])
        fit = self._fit(taken, weights, ray)
        if fit is not None:
            # Points that are far off, and count little, may have moved the middle.
            x, y = self._middle_after(*fit[:2])
            x, y = x - ray[0], y - ray[1]
            off = math.hypot(x, y)
            if off > _SAME_RAY:
                # By the excess alone, so that a head at the limit does not jump.
                share = 1.0 - _SAME_RAY / off
                fit = self._fit(taken, weights, (ray[0] + share * x, ray[1] + share * y))
        if fit is None:
            return self._pose(*_NOWHERE, 1.0)
        rotation, translation, residual_mm = fit
        return self._pose(rotation, translation, residual_mm / self._size_mm)

    def rigid_in_head(self, pose: HeadPose) -> NDArray[np.float64]:
        """Return the rigid points of the last estimate, which was `pose`, in the head's axes.

        Returns:
            (3, n), up to one scale and one shift.
        """
        back = pose.rotation.T.astype(np.float64)
        back[:, 0] *= self._scale[0]
        back[:, 1] *= self._scale[1]
        turned: NDArray[np.float64] = back @ self._rows[_X:]
        return turned

    def _fit(
        self, points: Array, weights: NDArray[np.float64], ray: tuple[float, float]
    ) -> tuple[Rows, list[float], float] | None:
        """Return the fit of `fit_similarity` for rigid points seen around a ray."""
        scale_x, scale_y = self._unproject(points, ray)
        np.multiply(self._rows[_X - 1 :], weights, out=self._weighted)
        return fit_similarity((self._weighted @ self._rows.T).tolist(), scale_x, scale_y)

    def _middle_after(self, rotation: Rows, translation: list[float]) -> tuple[float, float]:
        """Return the direction of the middle of a head, x and y over z."""
        (a, b, c), (d, e, f), (g, h, i) = rotation
        x, y, z = self._middle
        depth = max(g * x + h * y + i * z + translation[2], 1.0)
        across, down = a * x + b * y + c * z, d * x + e * y + f * z
        return (across + translation[0]) / depth, (down + translation[1]) / depth

    def _ray(self, points: Array) -> tuple[float, float]:
        """Return the direction of the mean of points in space, x and y over z."""
        camera = self._intrinsics
        # Vectors times matrices: sums over rows take five times as long.
        self._sums[1] = points[:, 2]
        (x, y, z), products = (self._sums @ points).tolist()
        depth = max(self._focal * len(points) - z, 0.1 * self._focal * len(points))
        x, y = (self._focal * x - products[0]) / depth, (self._focal * y - products[1]) / depth
        if self._lens is None:
            return (x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy
        ((x, y),) = self._straight(np.array([[x, y]])).tolist()
        return x, y

    def _straight(self, points: Array) -> NDArray[np.float64]:
        """Return the rays of points (n, 2), x and y over z, without the lens's distortion."""
        camera = self._intrinsics
        matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
        flat = np.ascontiguousarray(points[:, None], np.float64)
        return np.asarray(cv2.undistortPoints(flat, matrix, self._lens)[:, 0], np.float64)

    def _unproject(self, points: Array, ray: tuple[float, float]) -> tuple[float, float]:
        """Write the points' places in space, up to one scale, and return the scales of x and y.

        Args:
            points: (n, 3) image pixels.
            ray: of the face, x and y over z.
        """
        place, along = self._rows[_X:], self._along
        place[:] = points.T
        if self._lens is not None:
            place[:2], fx, fy = self._straight(points[:, :2]).T, 1.0, 1.0
        else:
            place[:2] -= self._centre
            fx, fy = self._intrinsics.fx, self._intrinsics.fy
        x, y = ray
        cosine = 1.0 / math.sqrt(x * x + y * y + 1.0)
        depth, focal = place[2], self._focal / cosine
        np.subtract(focal, depth, out=depth)
        np.maximum(depth, 0.1 * focal, out=depth)
        # How far the ray of each point, with a z of 1, goes along that of the face.
        np.multiply(place[0], x * cosine / fx, out=along)
        along += np.multiply(place[1], y * cosine / fy, out=self._part)
        along += cosine
        np.maximum(along, 0.1, out=along)
        depth /= along
        place[:2] *= depth
        self._scale = 1.0 / fx, 1.0 / fy
        return self._scale

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
