"""Accuracy of the presence score: on faces and on pictures without a face."""

from pathlib import Path

import numpy as np
from landmarkd.stages import StageClock
from landmarkd.types import RegionOfInterest
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import look
from numpy.typing import NDArray

from models.evaluate.records import read_image

KEPT_SHARE = 0.99
"""The threshold is the one that keeps this share of real faces."""


def crops_of(width: int, height: int) -> list[RegionOfInterest]:
    """Return the squares of a picture to look at: the middle, half of it, and the four quarters."""
    side = min(width, height)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    squares = [
        RegionOfInterest(middle_x, middle_y, side),
        RegionOfInterest(middle_x, middle_y, side / 2),
    ]
    squares += [
        RegionOfInterest(middle_x + sx * side / 4, middle_y + sy * side / 4, side / 2)
        for sy in (-1, 1)
        for sx in (-1, 1)
    ]
    return squares


def scores_of(model: LandmarkModel, folder: Path) -> NDArray[np.float64]:
    """Return the presence of each crop of a folder's pictures, at the tracker's second reading."""
    clock = StageClock()
    scores = []
    for path in sorted(folder.iterdir()):
        image = read_image(path)
        scores += [
            look(model, image, roi, clock).score for roi in crops_of(image.shape[1], image.shape[0])
        ]
    return np.array(scores)


def measure_presence(
    model: LandmarkModel, face_scores: NDArray[np.float64], folders: list[Path]
) -> dict[str, float]:
    """Return the threshold that keeps 99 % of the faces, and the share of faceless crops below."""
    threshold = float(np.quantile(face_scores, 1 - KEPT_SHARE))
    numbers = {
        "threshold that keeps 99 %": threshold,
        "faces above 0.5, %": 100 * float((face_scores > 0.5).mean()),
    }
    for folder in folders:
        scores = scores_of(model, folder)
        numbers[f"{folder.name}: rejected, %"] = 100 * float((scores < threshold).mean())
        numbers[f"{folder.name}: rejected at 0.5, %"] = 100 * float((scores < 0.5).mean())
    return numbers
