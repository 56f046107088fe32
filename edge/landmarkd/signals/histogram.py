"""A histogram over time that forgets slowly.

Quantiles of a signal over the last minutes in constant memory.
"""

import math


class FadingHistogram:
    """Weights values by their duration and their age.

    A quantile is found by a few steps from the last one, because it changes little between frames.

    Args:
        low, high: range of the values; values outside count at the edge.
        bins: number of bins; quantiles are interpolated within a bin.
        memory_s: age after which the weight of a value is 1/e.
    """

    def __init__(self, low: float, high: float, bins: int, memory_s: float) -> None:
        self._low, self._step, self._memory_s = low, (high - low) / (bins - 1), memory_s
        self._weights = [0.0] * bins
        self._growth = 1.0
        self.seen_s = 0.0
        self._total = 0.0
        # The last quantile's bin, and the weight of all bins below it.
        self._index, self._below = 0, 0.0

    def add(self, value: float, seconds: float) -> None:
        """Count a value that lasted `seconds`, shared between the two bins that are nearest."""
        weights = self._weights
        place = min(max((value - self._low) / self._step, 0.0), len(weights) - 1.001)
        index = int(place)
        # The weight of new values grows instead of reducing all old ones: the same quantiles with
        # one addition a frame.
        self._growth *= math.exp(min(100.0, seconds / self._memory_s))
        weight = self._growth * seconds
        upper = weight * (place - index)
        weights[index] += weight - upper
        weights[index + 1] += upper
        self._total += weight
        if index < self._index:
            self._below += weight if index + 1 < self._index else weight - upper
        self.seen_s += seconds
        if self._growth > 1e6:
            self._weights = weights = [each / self._growth for each in weights]
            self._growth = 1.0
            self._total, self._below = sum(weights), sum(weights[: self._index])

    def quantile(self, share: float) -> float:
        """Return the value below which `share` of the weight lies.

        The middle of the range when empty.
        """
        weights, index, below = self._weights, self._index, self._below
        if self._total <= 0.0:
            return self._low + 0.5 * self._step * (len(weights) - 1)
        wanted = share * self._total
        while index + 1 < len(weights) and below + weights[index] < wanted:
            below += weights[index]
            index += 1
        while index > 0 and below >= wanted:
            index -= 1
            below -= weights[index]
        self._index, self._below = index, below
        weight = weights[index]
        inside = min(max((wanted - below) / weight, 0.0), 1.0) if weight > 0.0 else 0.5
        return self._low + (index - 0.5 + inside) * self._step
