"""Where the pictures of both eyes lie in a frame: small upright rectangles, the right one mirrored.

Patch pixels have their centres at integers. One network reads both eyes because the right one is
mirrored to look like a left one; points come back through the same affine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Indices
from landmarkd.types import Array, FaceExtent
from landmarkd.vision.geometry import Affine, extent_of
from landmarkd.vision.patches import PatchRows, place, upright

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
    left, right = places(points, ibug68[[*LEFT_CORNERS, *RIGHT_CORNERS]], extent_of(points, ibug68))
    return np.array(left), np.array(right)


def places(points: Array, corners: Indices, extent: FaceExtent) -> tuple[PatchRows, PatchRows]:
    """Return where the patches of the left and the right eye lie, the right one mirrored.

    Args:
        points: (count, 3) image pixels.
        corners: (4,) indices, the corners of the left eye, then those of the right.
        extent: of the points.
    """
    (x0, y0, _), (x1, y1, _), (x2, y2, _), (x3, y3, _) = points.take(corners, axis=0).tolist()
    left, right = ((x0 + x1) / 2, (y0 + y1) / 2), ((x2 + x3) / 2, (y2 + y3) / 2)
    return places_about(left, right, upright(extent))


def places_about(
    left: Sequence[float], right: Sequence[float], face: tuple[float, float]
) -> tuple[PatchRows, PatchRows]:
    """Return the positions of the patches, from the middles of the left and the right eye.

    Args:
        left: x and y, image pixels.
        right: the same.
        face: result of `upright`.
    """
    size = WIDTH, HEIGHT
    return (
        place(left, face, size, WIDTH_SHARE),
        place(right, face, size, WIDTH_SHARE, mirrored=True),
    )


def to_patch(points: NDArray[np.floating], affine: Affine) -> NDArray[np.float64]:
    """Map (n, 2) image pixels to patch pixels."""
    return (points - affine[:, 2]) @ np.linalg.inv(affine[:, :2]).T
