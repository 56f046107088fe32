"""The landmark layout: which index is what, and the canonical head (docs/landmarks.md)."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.types import Array

Indices = NDArray[np.intp]

DENSE = 520
"""Number of dense face points, which are the first in every layout."""

# Which of the dense points are the 68 of iBUG/Multi-PIE, in their order; the jaw is the 3D jaw of
# AFLW2000-3D.
_IBUG68 = (
    *(240, 314, 388, 469, 510, 517, 515, 513, 519, 514, 516, 518, 511, 470, 392, 318, 244),
    *(120, 98, 87, 90, 99, 100, 95, 89, 101, 123),
    *(142, 188, 217, 242, 292, 299, 308, 300, 293),
    *(166, 144, 147, 158, 171, 176, 160, 150, 146, 169, 179, 172),
    *(394, 360, 348, 353, 349, 361, 397, 417, 426, 425, 424, 414),
    *(390, 375, 374, 376, 396, 402, 395, 401),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A landmark layout.

    Attributes:
        name: "dense-520" or "landmarkd-562".
        count: number of points.
        ibug68: (68,) indices of the iBUG points in their order.
        right_lid, left_lid: (16,) indices of a lid margin: outer corner, 7 upper, inner corner, 7
            lower back to the outer corner; None in a layout without lids.
        right_iris, left_iris: (5,) indices: pupil centre, then right, top, left and bottom of the
            limbus; or None.
    """

    name: str
    count: int
    ibug68: Indices
    right_lid: Indices | None = None
    left_lid: Indices | None = None
    right_iris: Indices | None = None
    left_iris: Indices | None = None


LAYOUTS = {
    "dense-520": Layout("dense-520", DENSE, np.array(_IBUG68)),
    "landmarkd-562": Layout(
        "landmarkd-562",
        562,
        np.array(_IBUG68),
        right_lid=np.arange(520, 536),
        left_lid=np.arange(536, 552),
        right_iris=np.arange(552, 557),
        left_iris=np.arange(557, 562),
    ),
}


def layout_of(name: str) -> Layout:
    """Return a layout by its name.

    Raises:
        ModelError: if there is none.
    """
    try:
        return LAYOUTS[name]
    except KeyError:
        raise ModelError(
            f"Unknown landmark layout {name!r}; known are {', '.join(LAYOUTS)}."
        ) from None


@lru_cache(maxsize=1)
def _canonical() -> tuple[Array, NDArray[np.uint16]]:
    with np.load(Path(__file__).parent / "data" / "canonical.npz") as data:
        return data["points"], data["triangles"]


def canonical_points(layout: Layout) -> Array:
    """Return the points of the mean head: (count, 3) float32, millimetres.

    The head frame is OpenCV's camera frame for a face that looks straight into the camera: x to
    image right, y down, z away from the camera; the origin is the midpoint between the pupils.
    Geometry: ICT-FaceKit (NOTICE).
    """
    return _canonical()[0][: layout.count]


def mesh_triangles() -> NDArray[np.uint16]:
    """Return the triangles of the dense points, (n, 3), for drawing; the mouth is left open.

    A Delaunay triangulation of the mean head seen from the front, with both rings of the lips as
    its edges: no triangle joins the upper to the lower lip.
    """
    return _canonical()[1]
