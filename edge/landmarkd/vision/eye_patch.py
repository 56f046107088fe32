"""Where the pictures of both eyes lie in a frame: small upright rectangles, the right one mirrored.

Patch pixels have their centres at integers. One network reads both eyes because the right one is
mirrored to look like a left one; points come back through the same affine.
"""

import math

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Indices
from landmarkd.types import Array
from landmarkd.vision.geometry import Affine, roi_from_points, roll_of

WIDTH, HEIGHT = 48, 32
"""Size of a patch, pixels."""
WIDTH_SHARE = 0.32
"""Width of a patch over the longer side of the box of the dense points: about two eyes."""
RIGHT_CORNERS, LEFT_CORNERS = (36, 39), (42, 45)
"""Corners of the eyes among the 68 points."""


def image_from_patch(points: Array, ibug68: Indices) -> tuple[Affine, Affine]:
    """Return the (2, 3) affines from patch pixels to image pixels of the left and the right eye.

    Args:
        points: (count, 3) image pixels, the dense points first.
        ibug68: (68,) indices.
    """
    dense = points[:DENSE]
    roll = roll_of(dense, ibug68)
    step = WIDTH_SHARE * roi_from_points(dense, 1.0, roll).side / WIDTH
    across = step * math.cos(math.radians(roll)), step * math.sin(math.radians(roll))
    return (
        _affine(points, ibug68[list(LEFT_CORNERS)], across, 1.0),
        _affine(points, ibug68[list(RIGHT_CORNERS)], across, -1.0),
    )


def _affine(points: Array, corners: Indices, across: tuple[float, float], side: float) -> Affine:
    """Return the affine of the patch about the middle of two corners; `side` -1 mirrors it."""
    (x0, y0), (x1, y1) = points[corners, :2].tolist()
    right, down = (side * across[0], side * across[1]), (-across[1], across[0])
    x = (x0 + x1) / 2 - right[0] * (WIDTH - 1) / 2 - down[0] * (HEIGHT - 1) / 2
    y = (y0 + y1) / 2 - right[1] * (WIDTH - 1) / 2 - down[1] * (HEIGHT - 1) / 2
    return np.array([[right[0], down[0], x], [right[1], down[1], y]])


def to_image(patch_points: NDArray[np.floating], affine: Affine) -> NDArray[np.float64]:
    """Map (n, 2) patch pixels to image pixels."""
    return patch_points @ affine[:, :2].T + affine[:, 2]


def to_patch(points: NDArray[np.floating], affine: Affine) -> NDArray[np.float64]:
    """Map (n, 2) image pixels to patch pixels, the inverse of `to_image`."""
    return (points - affine[:, 2]) @ np.linalg.inv(affine[:, :2]).T
