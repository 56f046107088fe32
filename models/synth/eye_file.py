"""How drawn eyes are stored: what the drawing and the training agree on."""

from __future__ import annotations

from landmarkd.vision.eye_patch import HEIGHT, WIDTH

DETAIL = 2.0
"""Stored pixels for each pixel of a patch."""
MARGIN = (16, 14)
"""Stored pixels that a patch has more than the network sees, on either side, above and below."""
STORED = (round(HEIGHT * DETAIL) + 2 * MARGIN[1], round(WIDTH * DETAIL) + 2 * MARGIN[0])
NEITHER, SHUT, DOWN = range(3)
"""Classes of an eye: open or half open, lids shut, looking down with most of the iris covered."""
GLASSES, SUNGLASSES, INFRARED, BRIGHT_PUPIL = 1, 2, 4, 8
"""Bits of the tags."""
