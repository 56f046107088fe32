"""Telling persons apart: a number that rises when somebody else is in front of the camera."""

import math

from landmarkd.types import Box

ABSENCE_S = 3.0
"""After no face was seen for this long, the next face may be another person."""

JUMP, GROWTH = 2.0, 1.8
"""A face that is found again this many sizes away, or this many times as large, is another."""


class Persons:
    """Numbers the persons that a tracker follows, from 1."""

    def __init__(self) -> None:
        self._number = 0
        self._another = True
        self._last_ns = 0
        self._last_box: Box = (0.0, 0.0, 0.0, 0.0)

    def another(self) -> None:
        """Count the next face as another person's."""
        self._another = True

    def number(self, box: Box, now_ns: int) -> int:
        """Return the number of the person whose face was seen in a box, pixels, at a time."""
        if not self._another:
            self._another = now_ns - self._last_ns >= ABSENCE_S * 1e9 or self._jumped(box)
        if self._another:
            self._number, self._another = self._number + 1, False
        self._last_ns, self._last_box = now_ns, box
        return self._number

    def _jumped(self, box: Box) -> bool:
        before, size = _size(self._last_box), _size(box)
        x = (box[0] + box[2] - self._last_box[0] - self._last_box[2]) / 2
        y = (box[1] + box[3] - self._last_box[1] - self._last_box[3]) / 2
        return (
            math.hypot(x, y) > JUMP * max(size, before) or not 1 / GROWTH < size / before < GROWTH
        )


def _size(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1], 1.0)
