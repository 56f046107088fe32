"""A face as the image shows it: what every measure of its features starts from."""

import math
from dataclasses import dataclass

import numpy as np

from landmarkd.layout import Layout, canonical_points
from landmarkd.rotation import Matrix, rotation_to_ray
from landmarkd.types import Array, EyeReading, FaceObservation, HeadPose

MIN_SCALE = 1e-3
"""Pixels for each millimetre; a face of less than a pixel is none."""


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face as the image shows it: what every measure of its features starts from.

    Attributes:
        points: (count, 3) image pixels, unsmoothed.
        sigma: (count,) pixels, or None.
        visible: probabilities that the left and the right eye can be seen, or None.
        pose: of the head.
        rotation: (3, 3), of the head relative to the ray on which it is seen, which is what the
            image shows.
        scale: pixels for each millimetre.
        eyes: what the eye model says of the left and the right eye, or None.
    """

    points: Array
    sigma: Array | None
    visible: tuple[float, float] | None
    pose: HeadPose
    rotation: Matrix
    scale: float
    eyes: tuple[EyeReading, EyeReading] | None = None


class FaceViewer:
    """Makes views of faces; one for each layout."""

    def __init__(self, layout: Layout) -> None:
        # Eye corners, bridge and tip of the nose, and the sides at the height of the eyes.
        self._rigid = layout.ibug68[[0, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45]]
        head = canonical_points(layout)[self._rigid].astype(np.float64)
        head -= head.mean(0)
        self._spread = head.T @ head
        self._centring = np.eye(len(head)) - 1.0 / len(head)

    def view(self, observation: FaceObservation, pose: HeadPose) -> FaceView | None:
        """Return the view of a face, or None if its points have no extent."""
        rotation: Matrix = rotation_to_ray(pose.translation_mm).T @ pose.rotation
        image = self._centring @ observation.points[self._rigid, :2]
        across, down = rotation[0], rotation[1]
        spread = float(across @ self._spread @ across + down @ self._spread @ down)
        scale = math.sqrt(float(np.vdot(image, image)) / spread)
        if not (math.isfinite(scale) and scale > MIN_SCALE):
            return None
        return FaceView(
            observation.points,
            observation.sigma,
            observation.eyes_visible,
            pose,
            rotation,
            scale,
            observation.eyes,
        )
