"""A face of which nothing moves: a picture, not a person."""

import math

from landmarkd.enums import Lids
from landmarkd.signals.timing import NANOSECONDS, nanoseconds
from landmarkd.types import HeadPose

STILL_NS = nanoseconds(120.0)
"""A face that does not move and does not blink for this long is a picture. People blink 4.5 times a
minute while they read, 26 times while they talk (A. R. Bentivoglio et al., Movement Disorders 12,
1997), and sway."""

TURN_DEG, MOVE = 1.0, 0.01
"""A turn about any axis, and a move in shares of the distance, beyond which a face has moved."""

DIPPED = 0.6
"""Lids that are open by less, relative to the usual openness, have moved."""

SAMPLE_NS = nanoseconds(0.2)
"""The pose is compared this often."""

SMOOTH_S = 1.0
"""Time constant of what is compared: the pose of a single frame is noisy."""


class StillFace:
    """Says whether the face has been open-eyed and without motion for `STILL_NS`."""

    def __init__(self) -> None:
        self._sampled_ns: int | None = None
        self._since_ns = 0
        self._now = self._then = [0.0] * 6

    def update(self, pose: HeadPose, lids: Lids, openness: float | None, time_ns: int) -> bool:
        """Add a frame.

        Args:
            pose: unsmoothed.
            lids: of both eyes. A face whose eyes are not seen open is not called a picture.
            openness: of both eyes, relative to the usual one; None if unknown.
            time_ns: capture time.
        """
        if lids is not Lids.OPEN or openness is None or openness < DIPPED:
            self._since_ns = time_ns
        last_ns = self._sampled_ns
        if last_ns is None or time_ns - last_ns >= SAMPLE_NS:
            self._sampled_ns = time_ns
            x, y, z = pose.translation_mm.tolist()
            z = max(z, 1.0)
            # All in units of what counts as motion.
            place = [value / MOVE for value in (x / z, y / z, math.log(z))]
            seen = [*place, pose.yaw / TURN_DEG, pose.pitch / TURN_DEG, pose.roll / TURN_DEG]
            past_ns = math.inf if last_ns is None else time_ns - last_ns
            share = 1.0 - math.exp(-past_ns / NANOSECONDS / SMOOTH_S)
            self._now = [a + share * (b - a) for a, b in zip(self._now, seen, strict=True)]
            if max(abs(a - b) for a, b in zip(self._now, self._then, strict=True)) > 1.0:
                self._then, self._since_ns = self._now, time_ns
        return time_ns - self._since_ns >= STILL_NS
