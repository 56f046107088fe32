"""Moves points to the positions from the models of the parts, and the dense points with them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import Indices, Layout
from landmarkd.types import Array
from landmarkd.vision.parts import followers

_WITHOUT_SIGMA = 0.7
"""Share of a part's points if the landmark model gives no standard deviations."""


@dataclass(frozen=True)
class Group:
    """iBUG points of one model.

    Attributes:
        chosen: indices of the 68.
        reach_mm: distance from them in which dense points follow.
        doubt: factor of the model's variances when both models are weighted.
        without_sigma: share of its points if the landmark model gives no standard deviations.
    """

    chosen: Indices
    reach_mm: float
    doubt: float = 1.0
    without_sigma: float = _WITHOUT_SIGMA


class Follower:
    """Moves the points of all groups at once: the surer the part's model is, the farther.

    Args:
        layout: of the points.
        groups: with no point in common.

    Attributes:
        into: (n,) indices of the points in the layout, group by group.
    """

    def __init__(self, layout: Layout, groups: Sequence[Group]) -> None:
        self.into = layout.ibug68[np.concatenate([group.chosen for group in groups])]
        sizes = [len(group.chosen) for group in groups]
        self._doubt = np.repeat(np.array([group.doubt for group in groups], np.float32), sizes)
        shares = np.array([group.without_sigma for group in groups], np.float32)
        self._without_sigma = np.repeat(shares, sizes)
        weights = np.hstack([followers(layout, group.chosen, group.reach_mm) for group in groups])
        near = np.flatnonzero(weights.any(1))
        # Without the points that follow nothing. Double precision, see `vision.sums`.
        self._weights: NDArray[np.float64] = weights[near].T.astype(np.float64, order="C")
        # Of all numbers of the points, those that change: x, then y. Writing rows of two or three
        # numbers costs several times as much.
        self._changing: Indices = np.concatenate([3 * near, 3 * near + 1])

    def move(
        self,
        points: Array,
        sigma: Array | None,
        shift: Array,
        found: Array | None,
        share: Array,
    ) -> None:
        """Move the points and their standard deviations, in place.

        Args:
            points: (count, 3) image pixels.
            sigma: (count,) pixels, or None.
            shift: (n, 2) from the points to those of the models of the parts.
            found: (n,) standard deviations of these models, pixels; None if sigma is None.
            share: (n,) largest share of the shift for each, 0 to 1; changed.
        """
        if sigma is None or found is None:
            share *= self._without_sigma
        else:
            own = sigma.take(self.into)
            ratio = found / own
            ratio *= ratio
            ratio *= self._doubt
            ratio += 1.0
            share /= ratio
            found -= own
            found *= share
            found += own
            sigma[self.into] = found
        moved = ((shift.T * share) @ self._weights).ravel()
        moved += points.take(self._changing)
        points.put(self._changing, moved)
