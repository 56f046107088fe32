"""The iBUG points of the eyes from the lids that the eye model found."""

import math

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import LAYOUTS
from landmarkd.types import Array
from landmarkd.vision.geometry import facing
from landmarkd.vision.parts import followers

_LAYOUT = LAYOUTS["landmarkd-562"]
_EYES = np.arange(36, 48)
_ON_RING = np.array([[0, 8, 16, 24, 32, 40], [24, 16, 8, 0, 40, 32]]) / 3
"""Where the points of the right and of the left eye lie on a ring of 16: two corners, and upper and
lower lid at thirds of the width."""
_GONE_DEG, _FADE_DEG = 40.0, 15.0
"""From this yaw on the points are the landmark model's, which sees the whole head turn; from so
many degrees less they are those of the lids."""
_LIDS = slice(520, 552)
"""The ring of the right eye, then that of the left."""
_LID_OF_EACH = np.repeat([520, 536], 6)
"""A point of the lids for each of the points: all of an eye's lids have one standard deviation."""
_INTO = _LAYOUT.ibug68[_EYES]
_ALL_FOLLOWERS = followers(_LAYOUT, _EYES, 6.0)
_NEAR = np.flatnonzero(_ALL_FOLLOWERS.any(1))
_FOLLOWERS = _ALL_FOLLOWERS[_NEAR]
_SQRT_HALF = np.float32(math.sqrt(0.5))


def _ring_weights() -> NDArray[np.float32]:
    """Return weights (12, 32) of both rings' points."""
    weights = np.zeros((12, 32), np.float32)
    for row, at in enumerate(_ON_RING.ravel()):
        side, before = row // 6 * 16, int(at)
        weights[row, side + before] += 1 - (at - before)
        weights[row, side + (before + 1) % 16] += at - before
    return weights


_WEIGHTS = _ring_weights()


def follow_lids(points: Array, sigma: Array | None, seen: tuple[float, float]) -> None:
    """Move the iBUG points of both eyes, and the dense points by them, to the lids, in place.

    Each eye's share is how much surer the eye model is of its lids than the landmark model of these
    points, times the probability that the eye is there to be seen.

    Args:
        points: (562, 3) image pixels, the lids read anew.
        sigma: (562,) pixels or None.
        seen: probabilities, of the right and of the left eye.
    """
    corners = points.take(_INTO, axis=0)
    near = facing(corners[0], corners[9], _GONE_DEG, _FADE_DEG)
    if near == 0.0:
        return
    share = np.repeat(np.array((near * seen[0], near * seen[1]), np.float32), 6)
    if sigma is not None:
        own = sigma.take(_INTO)
        lids = sigma.take(_LID_OF_EACH) * _SQRT_HALF
        squared = own * own
        share *= squared / (squared + lids * lids)
        sigma[_INTO] = own + share * (lids - own)
    shift = _WEIGHTS @ points[_LIDS, :2]
    shift -= corners[:, :2]
    shift *= share[:, None]
    points[_NEAR, :2] += _FOLLOWERS @ shift
