"""A histogram over time that forgets slowly.

Quantiles of a signal over the last minutes in constant memory.
"""

import math

import numpy as np
from numpy.typing import NDArray


class FadingHistogram:
    """Weights values by how long they lasted and by how long ago that was.

    Args:
        low, high: range of the values; what lies outside counts at the edge.
        bins: how finely it is divided; quantiles are interpolated within a bin.
        memory_s: after this long a value counts 1/e.
    """

    def __init__(self, low: float, high: float, bins: int, memory_s: float) -> None:
        self._low, self._step, self._memory_s = low, (high - low) / (bins - 1), memory_s
        self._weights: NDArray[np.float64] = np.zeros(bins)
        self._growth = 1.0
        self.seen_s = 0.0

    def add(self, value: float, seconds: float) -> None:
        """Count a value that lasted `seconds`, shared between the two bins that are nearest."""
        place = min(max((value - self._low) / self._step, 0.0), len(self._weights) - 1.001)
        index, part = int(place), place - int(place)
        # New values grow instead of all old ones fading: one addition a frame, the same quantiles.
        self._growth *= math.exp(seconds / self._memory_s)
        self._weights[index] += self._growth * seconds * (1.0 - part)
        self._weights[index + 1] += self._growth * seconds * part
        self.seen_s += seconds
        if self._growth > 1e6:
            self._weights /= self._growth
            self._growth = 1.0

    def quantile(self, share: float) -> float:
        """Return the value below which `share` of the weight lies.

        The middle of the range when empty.
        """
        below = np.cumsum(self._weights)
        if below[-1] <= 0.0:
            return self._low + 0.5 * self._step * (len(below) - 1)
        wanted = share * below[-1]
        index = int(np.searchsorted(below, wanted))
        before = float(below[index - 1]) if index else 0.0
        inside = (wanted - before) / float(self._weights[index])
        return float(self._low + (index - 0.5 + inside) * self._step)
