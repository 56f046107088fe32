"""Error over sigma of points after they are combined with those of the landmark model.

A part's network is calibrated alone, on faces that fill the picture. The daemon reports its points
averaged with those of the landmark model, in pictures as cameras take them.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from landmarkd.stages import StageClock
from landmarkd.vision.closer import open_parts
from landmarkd.vision.eyes import open_eyes
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.parts import PARTS
from landmarkd.vision.search import look
from landmarkd.vision.zoo import open_zoo

from models.evaluate.readers import read_shards
from models.evaluate.subjects import Whole

MASKS = "mask"
"""Faces with one of these attributes are left out: nothing shows the points."""


def fit(name: str, folder: Path, limit: int | None = None) -> dict[str, float]:
    """Return the `spread` with which the deviations of a part's points are right on drawn faces.

    The points do not depend on it, so sigma is a linear function of it.

    Args:
        name: of the part.
        folder: written by `models.synth write`; faces not used for training.
        limit: maximum number of faces.

    Raises:
        ValueError: the default landmark model gives no standard deviations.

    Returns:
        `before` and `after`, the roots of the mean square of distance over sigma, over sqrt(2), at
        a spread of 1 and at the one found; `spread`; `faces`.
    """
    (errors, one), (_, two) = (_measured(name, folder, spread, limit) for spread in (1.0, 2.0))
    spread = solve(errors, one, two)
    return {
        "spread": spread,
        "before": _rms(errors, one),
        "after": _rms(errors, one + (spread - 1) * (two - one)),
        "faces": len(errors),
    }


def solve(errors: np.ndarray, one: np.ndarray, two: np.ndarray) -> float:
    """Return the spread at which errors are as large as sigma predicts.

    Args:
        errors: distances, any shape.
        one: standard deviations of x and of y at a spread of 1, the same shape.
        two: the same at 2; they are a straight line over the spread.
    """
    low, high = 0.2, 8.0
    for _ in range(40):
        middle = (low + high) / 2
        wide = _rms(errors, one + (middle - 1) * (two - one)) < 1
        low, high = (low, middle) if wide else (middle, high)
    return low


def _rms(errors: np.ndarray, sigma: np.ndarray) -> float:
    return float(np.sqrt(np.mean((errors / sigma) ** 2) / 2))


def _measured(
    name: str, folder: Path, spread: float, limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and deviations of a part's points, both (faces, points) in pixels."""
    zoo = open_zoo()
    eyes, parts = open_eyes(zoo, "default"), open_parts(zoo, "default")
    for part in parts:
        if part.kind == name:
            part.card = part.card.model_copy(update={"spread": spread})
    model = cast("LandmarkModel", Whole(LandmarkModel(zoo, "default"), eyes, parts=parts))
    chosen = np.concatenate(PARTS[name].points)
    into, clock = model.layout.ibug68[chosen], StageClock()
    errors, sigmas = [], []
    for face in read_shards(folder, limit):
        if MASKS in face.tags:
            continue
        seen = look(model, face.read(), model.first_roi(face.box), clock)
        if seen.sigma is None:
            raise ValueError("the default landmark model gives no standard deviations")
        errors.append(np.linalg.norm(seen.points[into, :2] - face.points[chosen], axis=1))
        sigmas.append(seen.sigma[into])
    return np.array(errors), np.array(sigmas, np.float64)
