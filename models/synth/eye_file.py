"""The format in which drawn eyes are stored, for the drawing and the training."""

from __future__ import annotations

import numpy as np
from landmarkd.vision.eye_patch import HEIGHT, WIDTH

DETAIL = 2.0
"""Stored pixels for each pixel of a patch."""
MARGIN = (16, 14)
"""Margin: stored pixels beyond what the network sees, at the sides, and above and below."""
STORED = (round(HEIGHT * DETAIL) + 2 * MARGIN[1], round(WIDTH * DETAIL) + 2 * MARGIN[0])
NEITHER, SHUT, DOWN = range(3)
"""Classes of an eye: open or half open, lids shut, looking down with most of the iris covered."""
SHUT_OPENNESS, SHUT_CLOSED, SLIT_OPENNESS = 0.045, 0.97, 0.10
"""Drawn lids which touch have a gap of -0.06, open ones 0.33. At 0.045 the lids are 73 % shut; at
0.10 they are 60 % shut and only lashes are visible between them. The first is the limit of shut
lids in a look down, the second otherwise."""
DOWN_SHARE, DOWN_PITCH, DOWN_CLOSED = 0.40, -12.0, 0.75
BORDER = (0.015, 0.05, 0.05, 4.0)
"""An eye nearer than this to a limit between two classes is borderline: a third of a patch pixel of
gap, and differences in the other values that nobody can see in a picture."""
GLASSES, SUNGLASSES, INFRARED, BRIGHT_PUPIL = 1, 2, 4, 8
"""Bits of the field `tags`."""


def kinds(
    openness: np.ndarray, closed: np.ndarray, share: np.ndarray, pitch: np.ndarray
) -> np.ndarray:
    """Return the classes uint8 (n,) of eyes.

    Args:
        openness: (n,) gap between the lids over the width.
        closed: (n,) how far the lids were closed.
        share: (n,) visible share of the iris.
        pitch: (n,) of the gaze in the head, degrees.
    """
    lowered = (pitch < DOWN_PITCH) & (closed < DOWN_CLOSED)
    least = np.where(lowered, SHUT_OPENNESS, SLIT_OPENNESS)
    shut = (openness < least) | (closed > SHUT_CLOSED)
    down = lowered & (share < DOWN_SHARE)
    return np.where(shut, SHUT, np.where(down, DOWN, NEITHER)).astype(np.uint8)


def borderline(
    openness: np.ndarray, closed: np.ndarray, share: np.ndarray, pitch: np.ndarray
) -> np.ndarray:
    """Return which eyes, bool (n,), would be of another class if one value changed a little.

    Args:
        openness: as in `kinds`; each of the four is changed by its value in `BORDER`.
        closed: as there.
        share: as there.
        pitch: as there.
    """
    values = [openness, closed, share, pitch]
    kind, found = kinds(*values), np.zeros(len(openness), bool)
    for number, border in enumerate(BORDER):
        for sign in (-1, 1):
            other = [value + sign * border * (k == number) for k, value in enumerate(values)]
            found |= kinds(*other) != kind
    return found
