"""Weighted sums of few points each, with the same bits on every processor.

Products of dense matrices take one of them in double precision instead: the order of the sum then
moves the last bit of a double, which is lost where the result becomes float32. Either way,
processors without fused multiply-add may differ.
"""

import numpy as np

from landmarkd.types import Array


class Sums:
    """A sparse matrix whose products are added in a fixed order.

    The libraries behind a product of matrices round in their own order on each processor. One bit
    of a middle moves the patch that is cut there, and then the points by much more.

    Args:
        weights: (rows, n) float32, few of each row not 0.
        size: k, numbers of a point.
    """

    def __init__(self, weights: Array, size: int) -> None:
        most = max(1, int(np.count_nonzero(weights, axis=1).max()))
        columns = np.argsort(weights == 0, axis=1, kind="stable")[:, :most]
        # Terms first: the sum over the first axis adds whole rows, one after another. Rows of all
        # numbers, because a loop over the two or three of a point takes twice as long.
        places = size * columns.T[:, :, None] + np.arange(size)
        self._places = places.reshape(most, -1)
        self._weights = np.take_along_axis(weights, columns, 1).T.repeat(size, 1)
        self._size = size

    def of(self, points: Array) -> Array:
        """Return the sums (rows, k) of points (n, k)."""
        terms = points.take(self._places)
        terms *= self._weights
        result: Array = np.add.reduce(terms, 0).reshape(-1, self._size)
        return result
