"""Distinguishes persons: a number that rises when another person is in front of the camera."""

import math

from landmarkd.types import Box

ABSENCE_S = 3.0
"""After this time without a face, the next face may be another person."""

JUMP, GROWTH = 2.0, 1.8
"""A face that is found again this many sizes away, or this many times as large, is another
person."""

FASTEST, SLACK = 10.0, 0.3
"""A head moves at most so many of its sizes a second, 1.3 m/s, and is read so many sizes off: who
sits farther away a frame later is another person, though nearer than `JUMP`."""


class Persons:
    """Numbers the followed persons, from 1."""

    def __init__(self) -> None:
        self._number = 0
        self._another = True
        self._last_ns = 0
        self._last_box: Box = (0.0, 0.0, 0.0, 0.0)

    def another(self) -> None:
        """Count the next face as another person."""
        self._another = True

    def number(self, box: Box, now_ns: int) -> int:
        """Return the number of the person with a face in this box, pixels, at this time."""
        if not self._another:
            gap_s = (now_ns - self._last_ns) / 1e9
            self._another = gap_s >= ABSENCE_S or self._jumped(box, gap_s)
        if self._another:
            self._number, self._another = self._number + 1, False
        self._last_ns, self._last_box = now_ns, box
        return self._number

    def _jumped(self, box: Box, gap_s: float) -> bool:
        before, size = _size(self._last_box), _size(box)
        x = (box[0] + box[2] - self._last_box[0] - self._last_box[2]) / 2
        y = (box[1] + box[3] - self._last_box[1] - self._last_box[3]) / 2
        # A head moves between a frame and an older one too.
        far = min(JUMP, SLACK + FASTEST * abs(gap_s)) * max(size, before)
        return math.hypot(x, y) > far or not 1 / GROWTH < size / before < GROWTH


def _size(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1], 1.0)
