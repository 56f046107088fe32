"""Head pose from 3D landmarks: a weighted rigid fit to the canonical head, in the camera's metric frame."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Layout, canonical_points
from landmarkd.rotation import (
    Matrix,
    Vector,
    angles_from_matrix,
    rotation_from_vector,
    rotation_vector,
)
from landmarkd.signals.smoothing import MAX_GAP_S, smoothing_factor
from landmarkd.signals.timing import NANOSECONDS
from landmarkd.types import Array, HeadPose, Intrinsics

MIN_SIGMA_PX = 0.25
"""Below this, a point's own uncertainty says nothing against how far people's heads differ."""


def rigid_weights(layout: Layout) -> NDArray[np.float64]:
    """Return how much each point says about the skull, (count,), summing to 1.

    Forehead, bridge and tip of the nose, temples and eye corners are bone or close to it. Mouth,
    jaw and lower cheeks move with the jaw, brows and lids by themselves: their weight is small or
    nothing.
    """
    head = canonical_points(layout)[:DENSE]
    corners = head[layout.ibug68]
    weights = np.zeros(layout.count)
    above_upper_lip = head[:, 1] < corners[33, 1]
    weights[:DENSE] = np.where(above_upper_lip, 1.0, 0.0)
    # The sides below the ears' middle swing with the jaw.
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
    (Umeyama, PAMI 1991) of the canonical head to these gives the rotation in the camera's frame,
    with the perspective of a near face and of a face off the optical axis accounted for, and the
    translation over the scale in millimetres.

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
        extended = np.column_stack([rigid, np.ones(len(rigid)), np.square(rigid).sum(1)])
        self._weighted = extended * weights[self._rigid, None]
        self._reweighted = np.empty_like(self._weighted)
        self._size_mm = math.sqrt(float(np.prod(np.ptp(head[layout.ibug68, :2], axis=0))))
        self._cloud = np.ones((5, len(rigid)))
        self._distorted = any(intrinsics.distortion)
        self._matrix = np.array(
            [
                [intrinsics.fx, 0.0, intrinsics.cx],
                [0.0, intrinsics.fy, intrinsics.cy],
                [0.0, 0.0, 1.0],
            ]
        )

    def estimate(self, points: Array, sigma: Array | None = None) -> HeadPose:
        """Return the pose of a face.

        Args:
            points: (count, 3) image pixels.
            sigma: (count,) standard deviations, pixels; uncertain points count less.

        Returns:
            The pose. Points that make no face, all in one place or not finite, give residual 1 and
            the identity.

        Raises:
            ValueError: if `points` have another count than the layout.
        """
        if points.shape != (self._count, 3):
            raise ValueError(f"this layout has ({self._count}, 3) points, these are {points.shape}")
        points = points.take(self._rigid, axis=0)
        if not math.isfinite(float(points.sum())):
            return self._pose(np.eye(3), np.zeros(3), 1.0)
        weighted = self._weighted
        if sigma is not None:
            trust = np.maximum(sigma.take(self._rigid), MIN_SIGMA_PX)
            np.multiply(trust, trust, out=trust)
            weighted = np.divide(weighted, trust[:, None], out=self._reweighted)
        fit = _fit_similarity((self._unproject(points) @ weighted).tolist())
        if fit is None:
            return self._pose(np.eye(3), np.zeros(3), 1.0)
        rotation, translation, residual_mm = fit
        return self._pose(rotation, translation, residual_mm / self._size_mm)

    def _unproject(self, points: Array) -> NDArray[np.float64]:
        """Return rows of x, y, z, 1 and x² + y² + z² in space, (5, n), up to the one common scale."""
        camera, cloud = self._intrinsics, self._cloud
        x, y, depth = cloud[:3]
        np.subtract(self._focal, points[:, 2], out=depth)
        np.maximum(depth, 0.1 * self._focal, out=depth)
        if self._distorted:
            flat = np.ascontiguousarray(points[:, None, :2], np.float64)
            cloud[:2] = cv2.undistortPoints(flat, self._matrix, np.array(camera.distortion))[:, 0].T
        else:
            np.subtract(points[:, 0], camera.cx, out=x)
            np.subtract(points[:, 1], camera.cy, out=y)
            x *= 1.0 / camera.fx
            y *= 1.0 / camera.fy
        x *= depth
        y *= depth
        np.einsum("ij,ij->j", cloud[:3], cloud[:3], out=cloud[4])
        return cloud

    def _pose(self, rotation: Matrix, translation: Vector, residual: float) -> HeadPose:
        yaw, pitch, roll = angles_from_matrix(rotation)
        return HeadPose(
            yaw,
            pitch,
            roll,
            rotation.astype(np.float32),
            translation.astype(np.float32),
            self._intrinsics.origin,
            residual,
        )


def _fit_similarity(moments: list[list[float]]) -> tuple[Matrix, Vector, float] | None:
    """Fit cloud = s (R head + t) in the weighted least squares sense (Umeyama 1991), from moments alone.

    Args:
        moments: (5, 5), the weighted sums of the products of a cloud's and its head's x, y, z, 1,
            x² + y² + z².

    Returns:
        R, t in the head's unit and the root mean square of what is left in that unit, or None if
        the cloud has no extent.
    """
    total = moments[3][3]
    cloud_mean = [moments[row][3] / total for row in range(3)]
    head_mean = [moments[3][column] / total for column in range(3)]
    covariance = [
        [moments[row][column] / total - cloud_mean[row] * head_mean[column] for column in range(3)]
        for row in range(3)
    ]
    cloud_spread = moments[4][3] / total - sum(value * value for value in cloud_mean)
    head_spread = moments[3][4] / total - sum(value * value for value in head_mean)
    u, singular, vt = np.linalg.svd(np.array(covariance))
    if _determinant(covariance) < 0:
        u[:, 2], singular[2] = -u[:, 2], -singular[2]
    rotation: Matrix = u @ vt
    scale = float(singular.sum()) / head_spread
    if not scale > 1e-6:
        return None
    # What is left is |cloud|² / s² + |head|² - 2 tr(Rᵀ covariance) / s, and that trace is s
    # |head|².
    residual = math.sqrt(max(0.0, cloud_spread / scale**2 - head_spread))
    return rotation, np.array(cloud_mean) / scale - rotation @ np.array(head_mean), residual


def _determinant(m: list[list[float]]) -> float:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


class PoseFilter:
    """The One Euro filter on rotations and translations, not on angles: no jump where angles wrap.

    Args:
        min_cutoff_hz: cutoff of a head at rest.
        rotation_beta: rise of the cutoff, hertz for each radian a second.
        translation_beta: rise of the cutoff, hertz for each metre a second.
        derivative_cutoff_hz: cutoff of the velocities.
    """

    def __init__(
        self,
        min_cutoff_hz: float = 1.0,
        rotation_beta: float = 8.0,
        translation_beta: float = 10.0,
        derivative_cutoff_hz: float = 1.0,
    ) -> None:
        self._min_cutoff, self._derivative_cutoff = min_cutoff_hz, derivative_cutoff_hz
        self._rotation_beta, self._translation_beta = rotation_beta, translation_beta
        self.reset()

    def reset(self) -> None:
        """Forget the head; the next pose comes back unchanged."""
        self._time_ns: int | None = None
        self._rotation: Matrix = np.eye(3)
        self._translation: Vector = np.zeros(3)
        self._turning: Vector = np.zeros(3)
        self._moving: Vector = np.zeros(3)

    def filter(self, pose: HeadPose, time_ns: int) -> HeadPose:
        """Return the smoothed pose of the frame captured at `time_ns`."""
        dt = math.inf if self._time_ns is None else (time_ns - self._time_ns) / NANOSECONDS
        if not 0.0 < dt <= MAX_GAP_S:
            self.reset()
            self._time_ns = time_ns
            self._rotation = pose.rotation.astype(np.float64)
            self._translation = pose.translation_mm.astype(np.float64)
            return pose
        self._time_ns = time_ns
        factor = smoothing_factor(self._derivative_cutoff, dt)
        turn = rotation_vector(pose.rotation.astype(np.float64) @ self._rotation.T)
        self._turning += factor * (turn / dt - self._turning)
        cutoff = self._min_cutoff + self._rotation_beta * math.hypot(*self._turning)
        self._rotation = rotation_from_vector(smoothing_factor(cutoff, dt) * turn) @ self._rotation
        step = pose.translation_mm - self._translation
        self._moving += factor * (step / dt - self._moving)
        cutoff = self._min_cutoff + self._translation_beta * math.hypot(*self._moving) / 1000.0
        self._translation = self._translation + smoothing_factor(cutoff, dt) * step
        yaw, pitch, roll = angles_from_matrix(self._rotation)
        return HeadPose(
            yaw,
            pitch,
            roll,
            self._rotation.astype(np.float32),
            self._translation.astype(np.float32),
            pose.camera,
            pose.residual,
        )
