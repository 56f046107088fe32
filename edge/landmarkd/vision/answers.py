"""What a detector's cells say: boxes, marks and the best of answers that overlap."""

import math

import numpy as np
from numpy.typing import NDArray

from landmarkd.types import Array, Box, Detection
from landmarkd.vision.geometry import box_overlap


def decoded(values: Array, centres: Array, units: Array) -> tuple[Array, Array]:
    """Return boxes (n, 4) and marks (n, 2, 2): middle of the eyes, chin; pixels of the input."""
    unit = units[:, None]
    middle = centres + values[:, 0:2] * unit
    half = np.exp2(np.clip(values[:, 2:4], -6, 6)) * unit / 2
    marks = centres[:, None] + values[:, 4:8].reshape(-1, 2, 2) * unit[:, None]
    return np.concatenate([middle - half, middle + half], 1), marks


def turned_back(boxes: Array, marks: Array, affine: NDArray[np.float64]) -> tuple[Array, Array]:
    """Return boxes and marks that were found in a turned square where an affine takes them.

    The box of a rotated face has other sides: the nearest right angle decides which side is the
    width.
    """
    linear, shift = affine[:, :2].astype(np.float32), affine[:, 2].astype(np.float32)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 @ linear.T + shift
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.float32(math.sqrt(abs(np.linalg.det(linear))))
    if abs(linear[0, 1]) > abs(linear[0, 0]):
        half = half[:, ::-1]
    return np.concatenate([middle - half, middle + half], 1), marks @ linear.T + shift


def unscaled(box: Box, scale: float, left: int, top: int) -> Box:
    """Map a box from input to frame pixels; pixel centres are at integers in both."""
    x0, y0, x1, y1 = box
    return (
        (x0 - left + 0.5) / scale - 0.5,
        (y0 - top + 0.5) / scale - 0.5,
        (x1 - left + 0.5) / scale - 0.5,
        (y1 - top + 0.5) / scale - 0.5,
    )


def best(faces: list[Detection], overlap: float) -> list[Detection]:
    """Return faces, best first, without those that overlap a better one by more than a share."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: face.score, reverse=True):
        if all(box_overlap(face.box, better.box) <= overlap for better in kept):
            kept.append(face)
    return kept
