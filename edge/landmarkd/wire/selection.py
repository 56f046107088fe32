"""The indices of a selection of landmarks in a layout."""

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Layout, layout_of
from landmarkd.wire.names import Selection

NAMES = {
    "none": Selection.NONE,
    "68": Selection.IBUG68,
    "eyes": Selection.EYES,
    "all": Selection.ALL,
}
"""Selections by their names in a URI."""

_EYES_OF_68 = slice(36, 48)


def indices_of(selection: Selection, layout: str | Layout) -> NDArray[np.intp]:
    """Return the indices of the points of a selection in a layout, in the order of the wire."""
    points = layout_of(layout) if isinstance(layout, str) else layout
    if selection is Selection.ALL:
        return np.arange(points.count)
    if selection is Selection.IBUG68:
        return points.ibug68
    if selection is Selection.NONE:
        return np.empty(0, np.intp)
    parts = (points.right_lid, points.left_lid, points.right_iris, points.left_iris)
    eyes = [part for part in parts if part is not None]
    return np.concatenate(eyes) if eyes else points.ibug68[_EYES_OF_68]
