"""Which of several faces is followed: that in the seat, or the largest."""

import math
from dataclasses import dataclass

from landmarkd.layout import Indices
from landmarkd.types import Array, Box

SEAT_MARGIN = 0.15
"""A face with its middle farther outside, in sizes of the seat, is not in the seat."""

KEPT_MARGIN = 0.3
"""The same for a followed face, which may lean out farther."""

INSIDE_SHARE = 0.4
"""A face with a smaller share of its points inside the frame has left it."""

LARGEST_SHARE = 3
"""A larger face, in sizes of the frame, is an error of the detector."""

SMALL = 0.5
"""A face in the seat of less than this share of the usual size is a picture or somebody behind."""

LEARN_S, MEMORY_S, FORGET_S = 30.0, 120.0, 1800.0
"""Seconds with a face until its size is known, that its mean covers, and without a face after which
it is forgotten."""

LONGEST_FRAME_S = 0.5
"""A longer pause between frames with a face counts as this."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranks faces, and decides whether something can be a face at all.

    Attributes:
        seat: x0, y0, x1, y1 as shares of the frame, or None for the whole of it.
        smallest_px: smallest longer side of a face, pixels.
    """

    seat: Box | None
    smallest_px: float

    def value(self, box: Box, shape: tuple[int, ...], *, kept: bool = False) -> float:
        """Return the value of a face: its longer side, reduced away from the seat.

        Args:
            box: of the 68 points, pixels.
            shape: of the image, height and width first.
            kept: whether the face is followed already.

        Returns:
            0 for a face outside the seat.
        """
        size = max(box[2] - box[0], box[3] - box[1])
        if self.seat is None:
            return size
        x0, y0, x1, y1 = self.seat
        across = ((box[0] + box[2]) / 2 / shape[1] - (x0 + x1) / 2) / max(x1 - x0, 1e-6)
        down = ((box[1] + box[3]) / 2 / shape[0] - (y0 + y1) / 2) / max(y1 - y0, 1e-6)
        away = max(abs(across), abs(down))
        if away > 0.5 + (KEPT_MARGIN if kept else SEAT_MARGIN):
            return 0.0
        return size * (1 - 0.5 * away)

    def plausible(self, points: Array, ibug68: Indices, box: Box, shape: tuple[int, ...]) -> bool:
        """Return whether points and their box can be a face of an image.

        They are finite, not tiny or huge, and enough of them lie inside.

        Args:
            points: (count, 3) image pixels.
            ibug68: (68,) indices of those that count.
            box: of these, pixels.
            shape: of the image, height and width first.
        """
        x0, y0, x1, y1 = box
        if not math.isfinite(x0 + y0 + x1 + y1):
            return False
        if not self.smallest_px <= max(x1 - x0, y1 - y0) <= LARGEST_SHARE * max(shape[:2]):
            return False
        if x0 >= 0 and y0 >= 0 and x1 < shape[1] and y1 < shape[0]:
            return True
        at = points.take(ibug68, axis=0)[:, :2]
        inside = ((at >= 0) & (at < (shape[1], shape[0]))).all(1).mean()
        return bool(inside >= INSIDE_SHARE)


class UsualSize:
    """The size of the face that is usually in the seat: a much smaller one there is a picture.

    It is known after `LEARN_S` with a face, and forgotten when nobody was followed for `FORGET_S`,
    so that a wrong value does not last.
    """

    def __init__(self) -> None:
        self._size = self._seconds = 0.0
        self._last_ns = 0

    def learn(self, size: float, now_ns: int) -> None:
        """Add the longer side of a followed face, pixels, at this time."""
        seconds = min(max((now_ns - self._last_ns) / 1e9, 0.0), LONGEST_FRAME_S)
        if now_ns - self._last_ns > FORGET_S * 1e9:
            self._seconds = 0.0
        self._last_ns = now_ns
        self._seconds = min(self._seconds + seconds, MEMORY_S)
        if self._seconds:
            self._size += (size - self._size) * seconds / self._seconds

    def least(self, now_ns: int) -> float:
        """Return the least size of a face that may be found at this time, pixels."""
        forgotten = now_ns - self._last_ns > FORGET_S * 1e9
        return 0.0 if forgotten or self._seconds < LEARN_S else SMALL * self._size
