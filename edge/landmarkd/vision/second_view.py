"""A second reading of the mirrored picture: the mean of both is more exact than either."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmarkd.stages import StageClock
from landmarkd.types import Array, FaceObservation, RegionOfInterest
from landmarkd.vision.geometry import extent_of
from landmarkd.vision.landmarks import LandmarkModel


@lru_cache(maxsize=1)
def mirror_weights() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return (562, 8) neighbours and (562, 8) weights of sum 1: each mirrored point is their mean.

    Lids and irises have exact counterparts. The 520 dense points have none (their mirror images
    fall up to 17 mm from the nearest of them); the weights were fitted on random heads by
    `models.train.mirror`, with a median error of 0.13 mm. Double precision, see `vision.sums`.
    """
    with np.load(Path(__file__).parents[1] / "data" / "mirror562.npz") as stored:
        return stored["neighbours"].astype(np.intp), stored["weights"].astype(np.float64)


def mirror_points(points: Array, width: float) -> Array:
    """Return the points (562 or the 520 dense, 3) of the picture mirrored left to right.

    Args:
        points: x, y, z in pixels, pixel centres at integers.
        width: of the picture, pixels.
    """
    reflected = points * np.array([-1, 1, 1], np.float32)
    reflected[:, 0] += width - 1
    neighbours, weights = mirror_weights()
    neighbours, weights = neighbours[: len(points)], weights[: len(points)]
    mirrored: Array = np.matmul(weights[:, None], reflected[neighbours])[:, 0].astype(np.float32)
    return mirrored


def both_views(
    model: LandmarkModel, image: NDArray[np.uint8], seen: FaceObservation, clock: StageClock
) -> FaceObservation:
    """Return the observation with the mean of its points and those of the mirrored picture.

    Args:
        model: of the observation.
        image: (height, width, 3) uint8 BGR.
        seen: from it.
        clock: for the stages.

    Raises:
        DelegateError: the accelerator was lost.
    """
    width, roi = image.shape[1], seen.roi
    mirrored = RegionOfInterest(width - 1 - roi.x, roi.y, roi.side, -roi.angle)
    other = model.locate(np.ascontiguousarray(image[:, ::-1]), mirrored, clock)
    points = 0.5 * (seen.points + mirror_points(other.points, width))
    return replace(seen, points=points, extent=extent_of(points, model.layout.ibug68))
