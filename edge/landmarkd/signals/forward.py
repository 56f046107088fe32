"""The natural forward direction of the driver, which is the road, for any place of the camera."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.settings.driver import DriverSettings
from landmarkd.settings.zone import Zone

CELL_DEG = 3.0
"""Size of a cell of the map of directions."""
REACH = 3
"""Directions within this many cells, 9 degrees, count as one, because of noise."""
ABOVE_DEG = 8.0
"""A direction higher by this is another place. Our value: windscreen and lap are 25 apart."""


class ForwardDirection:
    """Learns the direction of the road from the directions of head or eyes in the last minutes.

    Drivers look at the road most of the time, except those who use the phone. The phone is never
    above the road: of the directions with much time, the highest is the road. The policy of
    openpilot has similar limits.

    Args:
        settings: thresholds.
        learnt: yaw and pitch of forward, degrees, if known from before.
    """

    def __init__(self, settings: DriverSettings, learnt: tuple[float, float] | None = None) -> None:
        self._settings = settings
        # The highest angle, 90 degrees, has a cell and one beyond it.
        self._cells = round(180.0 / CELL_DEG) + 2
        self._time: NDArray[np.float64] = np.zeros((self._cells, self._cells))
        # The same memory, whose single numbers are read and written faster so.
        self._view: Any = self._time.reshape(-1).data
        self._growth = 1.0
        self._seen_s = self._renewed_s = 0.0
        self.direction = (0.0, 0.0)
        """Yaw and pitch of forward, degrees."""
        if learnt is not None:
            self.learn(learnt[0], learnt[1], settings.forward_trusted_s)

    @property
    def trusted(self) -> bool:
        """Whether there is enough data of this person."""
        return self._seen_s >= self._settings.forward_trusted_s

    def learn(self, yaw: float, pitch: float, dt_s: float) -> None:
        """Add a direction of head or eyes, degrees, for `dt_s` seconds.

        Directions that are impossible for a camera in front of the driver are not learnt.
        """
        limit_yaw, limit_pitch = self._settings.forward_limits
        if abs(yaw) > limit_yaw or abs(pitch) > limit_pitch:
            return
        self._growth *= math.exp(min(100.0, dt_s / self._settings.baseline_memory_s))
        # Shared between the four nearest cells, so that the mean of a cluster is exact.
        x, y = (90.0 + yaw) / CELL_DEG, (90.0 + pitch) / CELL_DEG
        column, row, weight = int(x), int(y), self._growth * dt_s
        right, up = x - column, y - row
        cells, at = self._view, row * self._cells + column
        cells[at] += weight * (1.0 - right) * (1.0 - up)
        cells[at + 1] += weight * right * (1.0 - up)
        at += self._cells
        cells[at] += weight * (1.0 - right) * up
        cells[at + 1] += weight * right * up
        self._seen_s += dt_s
        if self._growth > 1e6:
            self._time /= self._growth
            self._growth = 1.0
        # Update this only once a second.
        if self._seen_s >= self._renewed_s:
            self._renewed_s = self._seen_s + 1.0
            self.direction = self._road()

    def _road(self) -> tuple[float, float]:
        """Return the highest of the directions with much time, as yaw and pitch."""
        left, total = self._time.copy(), float(self._time.sum())
        best: tuple[float, float] | None = None
        best_share = 0.0
        while True:
            gathered = _gathered(left)
            row, column = divmod(int(gathered.argmax()), self._cells)
            share = float(gathered[row, column]) / total
            if best is not None and share < self._settings.forward_least_share:
                return best
            rows = slice(max(0, row - REACH), row + REACH + 1)
            columns = slice(max(0, column - REACH), column + REACH + 1)
            place = left[rows, columns]
            weight = float(place.sum())
            pitch = float(place.sum(1) @ np.arange(self._cells)[rows]) / weight * CELL_DEG - 90.0
            yaw = float(place.sum(0) @ np.arange(self._cells)[columns]) / weight * CELL_DEG - 90.0
            if best is None or pitch > best[1] + ABOVE_DEG:
                best, best_share = (yaw, pitch), share
            left[rows, columns] = 0.0
            if total - float(left.sum()) >= 0.999 * total or best_share <= 0.0:
                return best


def _gathered(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each cell the time within its reach."""
    size = 2 * REACH + 1
    return np.asarray(
        cv2.boxFilter(time, -1, (size, size), normalize=False, borderType=cv2.BORDER_CONSTANT)
    )


def zone_of(
    yaw: float, pitch: float, forward: tuple[float, float], settings: DriverSettings
) -> tuple[str, Zone]:
    """Return the name of the zone of a direction, and the zone; "off" if there is none.

    Args:
        yaw: of the gaze, degrees.
        pitch: of the gaze, degrees.
        forward: yaw and pitch of the driver's natural forward direction.
        settings: with the zones and the side of the driver.
    """
    # The driver's right is image left for a camera that faces the driver: yaw > 0.
    right, up = yaw - forward[0], pitch - forward[1]
    if settings.steering == "right":
        right = -right
    for name, zone in settings.zones.items():
        if zone.right[0] <= right <= zone.right[1] and zone.up[0] <= up <= zone.up[1]:
            return name, zone
    return "off", OFF


OFF = Zone(right=(-180, 180), up=(-90, 90), counts_as="away")
