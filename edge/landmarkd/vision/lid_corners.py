"""The iBUG points of the eyes from the lids that the eye model finds."""

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Indices

EYES: Indices = np.arange(36, 48)
"""The iBUG points of the right eye, then those of the left."""
REACH_MM = 6.0
"""Distance from them in which dense points follow."""
GONE_DEG, FADE_DEG = 40.0, 15.0
"""From this yaw on the points are those of the landmark model, which sees the whole head; at
`FADE_DEG` less and below they are those of the lids."""
_ON_RING = np.array([[0, 8, 16, 24, 32, 40], [24, 16, 8, 0, 40, 32]]) / 3
"""Positions of the points of the right and of the left eye on a ring of 16: two corners, and upper
and lower lid at thirds of the width."""


def ring_weights() -> NDArray[np.float32]:
    """Return weights (12, 32) that give `EYES` from the ring of the right lid, then the left."""
    weights = np.zeros((12, 32), np.float32)
    for row, at in enumerate(_ON_RING.ravel()):
        side, before = row // 6 * 16, int(at)
        weights[row, side + before] += 1 - (at - before)
        weights[row, side + (before + 1) % 16] += at - before
    return weights
