"""Where the pictures of both eyes lie in a frame: small upright rectangles, the right one mirrored.

Patch pixels have their centres at integers. One network reads both eyes because the right one is
mirrored to look like a left one; points come back through the same affine.
"""

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Indices
from landmarkd.types import Array
from landmarkd.vision.geometry import Affine, extent_of
from landmarkd.vision.patches import PatchShape, Placing, upright

WIDTH, HEIGHT = 48, 32
"""Size of a patch, pixels."""
WIDTH_SHARE = 0.32
"""Width of a patch over the longer side of the box of the dense points: about two eyes."""
RIGHT_CORNERS, LEFT_CORNERS = (36, 39), (42, 45)
"""Corners of the eyes among the 68 points."""


SHAPES = (
    PatchShape(WIDTH, HEIGHT, WIDTH_SHARE),
    PatchShape(WIDTH, HEIGHT, WIDTH_SHARE, mirrored=True),
)
"""Of the left and of the right eye."""


def image_from_patch(points: Array, ibug68: Indices) -> tuple[Affine, Affine]:
    """Return the (2, 3) affines from patch pixels to image pixels of the left and the right eye.

    Args:
        points: (count, 3) image pixels, the dense points first.
        ibug68: (68,) indices.
    """
    middles = np.stack(
        [points[ibug68[list(corners)], :2].mean(0) for corners in (LEFT_CORNERS, RIGHT_CORNERS)]
    )
    left, right = Placing(SHAPES).of(middles, upright(extent_of(points, ibug68)))[0]
    return np.array(left), np.array(right)


def to_patch(points: NDArray[np.floating], affine: Affine) -> NDArray[np.float64]:
    """Map (n, 2) image pixels to patch pixels."""
    return (points - affine[:, 2]) @ np.linalg.inv(affine[:, :2]).T
