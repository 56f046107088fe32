"""A face as the image shows it: what every measure of its features starts from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Indices, Layout, canonical_points
from landmarkd.rotation import Row, rows_to_ray
from landmarkd.types import Array, EyeReading, FaceObservation, HeadPose

MIN_SCALE = 1e-3
"""Pixels for each millimetre; a face of less than a pixel is none."""


@dataclass(slots=True)
class FaceView:
    """A face as the image shows it: what every measure of its features starts from.

    Made for each frame and not changed.

    Attributes:
        points: (count, 3) image pixels, unsmoothed.
        sigma: (count,) pixels, or None.
        visible: probabilities that the left and the right eye can be seen, or None.
        pose: of the head.
        across, down: what the image shows of the head's own directions: the first two rows of its
            rotation relative to the ray on which it is seen.
        scale: pixels for each millimetre.
        eyes: what the eye model says of the left and the right eye, or None.
        sums: x, y, z of each sum that `FaceViewer.measure` was asked for, pixels; by its number.
        yaw, pitch: how far the face is turned from the camera, wherever in the picture it is and
            however it is rolled, to the subject's own right and up, degrees, within ±90.
    """

    points: Array
    sigma: Array | None
    visible: tuple[float, float] | None
    pose: HeadPose
    across: Row
    down: Row
    scale: float
    eyes: tuple[EyeReading, EyeReading] | None = None
    sums: Sequence[Sequence[float]] = ()
    yaw: float = 0.0
    pitch: float = 0.0

    def shown(self, direction: Row) -> tuple[float, float]:
        """Return x and y, in the image, of a vector in the head."""
        x, y, z = direction
        (a, b, c), (d, e, f) = self.across, self.down
        return a * x + b * y + c * z, d * x + e * y + f * z


class FaceViewer:
    """Makes views of faces; one for each layout.

    All gaps and shifts of a face are sums of its points with weights of either sign. They are
    taken together, by one product of matrices for each view.

    Args:
        layout: of the points.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        # Eye corners, bridge and tip of the nose, and the sides at the height of the eyes.
        rigid = layout.ibug68[[0, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45]]
        head = canonical_points(layout)[rigid].astype(np.float64)
        head -= head.mean(0)
        self._spread: list[Row] = (head.T @ head).tolist()
        self._rigid = len(rigid)
        self._sums: list[NDArray[np.float64]] = []
        for row in np.eye(len(rigid)) - 1.0 / len(rigid):
            self.measure(rigid, row)

    def measure(self, indices: Indices, weights: NDArray[np.float64]) -> int:
        """Have a sum of points taken in every view from now on; return its number.

        Args:
            indices: (n,) of the points.
            weights: (n,) what each is multiplied by.
        """
        row = np.zeros(self.layout.count)
        row[indices] = weights
        for number, known in enumerate(self._sums):
            if np.array_equal(known, row):
                return number - self._rigid
        self._sums.append(row)
        whole = np.stack(self._sums)
        self._used = np.flatnonzero(whole.any(0))
        self._matrix = np.ascontiguousarray(whole[:, self._used])
        return len(self._sums) - 1 - self._rigid

    def view(self, observation: FaceObservation, pose: HeadPose) -> FaceView | None:
        """Return the view of a face, or None if its points have no extent."""
        (a, b, _), (d, e, _), (g, h, _) = rows_to_ray(*pose.translation_mm.tolist())
        (j, k, m), (n, o, p), (q, r, s) = pose.rotation.tolist()
        # The first two rows of the ray's rotation, transposed, times the head's.
        across = a * j + d * n + g * q, a * k + d * o + g * r, a * m + d * p + g * s
        down = b * j + e * n + h * q, b * k + e * o + h * r, b * m + e * p + h * s
        sums = self._matrix @ observation.points.take(self._used, axis=0)
        rigid = sums[: self._rigid, :2].ravel()
        squares = float(rigid.dot(rigid))
        spread = self._shown(across) + self._shown(down)
        scale = math.sqrt(squares / spread)
        if not (math.isfinite(scale) and scale > MIN_SCALE):
            return None
        return FaceView(
            observation.points,
            observation.sigma,
            observation.eyes_visible,
            pose,
            across,
            down,
            scale,
            observation.eyes,
            sums[self._rigid :].tolist(),
            *turned_away(across, down),
        )

    def _shown(self, axis: Row) -> float:
        """Return how far the mean head's points spread along a direction, squared millimetres."""
        x, y, z = axis
        (xx, xy, xz), (_, yy, yz), (_, _, zz) = self._spread
        return x * x * xx + y * y * yy + z * z * zz + 2 * (x * y * xy + x * z * xz + y * z * yz)


def turned_away(across: Row, down: Row) -> tuple[float, float]:
    """Return yaw and pitch of a head as they are in the picture that is rotated to its roll.

    Args:
        across: what the image shows of the head's own directions to its left, down and backward.
        down: the same.
    """
    (_, _, x), (sine, cosine, y) = across, down
    level = math.hypot(sine, cosine)
    if level > 0.0:
        x, y = (x * cosine + y * sine) / level, (y * cosine - x * sine) / level
    level = math.sqrt(max(0.0, 1.0 - x * x - y * y))
    return math.degrees(math.atan2(x, level)), math.degrees(math.asin(min(1.0, max(-1.0, y))))
