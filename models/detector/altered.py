"""Altered faces that are no longer faces: parts moved, wiped away or inverted."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.cuttings import Cutting
from models.detector.drawing import (
    Image,
    at,
)


def spoilt(rng: np.random.Generator, face: Cutting) -> Cutting:
    """Return an altered face that no longer is one: parts moved, parts wiped away, or inverted."""
    kind = rng.random()
    if kind < 0.6:
        return Cutting.of(scrambled(rng, face.levels[0], face.points))
    if kind < 0.85:
        return Cutting.of(_wiped(rng, face.levels[0], face.points))
    return Cutting.of(255 - face.levels[0])


def scrambled(rng: np.random.Generator, picture: Image, points: NDArray[np.float32]) -> Image:
    """Return a face's crop with its parts in another order: skin, eyes and lips, but no face."""
    picture = picture.copy()
    low = np.maximum(points.min(0), 0).astype(int)
    rows, columns = (int(n) for n in rng.integers(2, 5, 2))
    step = (np.minimum(points.max(0), picture.shape[0] - 1).astype(int) - low) // (columns, rows)
    if min(step) < 2:
        return picture
    tiles = [
        picture[
            low[1] + r * step[1] : low[1] + (r + 1) * step[1],
            low[0] + c * step[0] : low[0] + (c + 1) * step[0],
        ]
        for r in range(rows)
        for c in range(columns)
    ]
    # Every tile moves: a rotation of a random order has no fixed point.
    order = rng.permutation(len(tiles))
    sources = [tile.copy() for tile in tiles]
    for target, source in zip(order, np.roll(order, 1), strict=True):
        tiles[target][:] = sources[source]
    return picture


def _wiped(rng: np.random.Generator, picture: Image, points: NDArray[np.float32]) -> Image:
    """A head whose face is one smear of skin."""
    low, high = points.min(0), points.max(0)
    size = float((high - low).max())
    mask = np.zeros(picture.shape[:2], np.uint8)
    middle = (low + high) / 2
    axes = round(0.62 * float(high[0] - low[0])), round(0.62 * float(high[1] - low[1]))
    cv2.ellipse(mask, at(*middle), axes, 0, 0, 360, 255, -1)
    weight = cv2.GaussianBlur(mask, (0, 0), 0.06 * size).astype(np.float32)[..., None] / 255
    smear = cv2.GaussianBlur(picture, (0, 0), size * float(rng.uniform(0.2, 0.4)))
    return (picture + weight * (smear.astype(np.float32) - picture)).astype(np.uint8)
