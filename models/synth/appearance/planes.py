"""Painting on three contiguous planes (3, SIZE, SIZE): red, green and blue.

Planes are two to three times as fast as interleaved pixels when every change goes through a mask.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance.colour import Floats
from models.synth.appearance.regions import SIZE

_CHEEK = (slice(int(0.36 * SIZE), int(0.46 * SIZE)), slice(int(0.2 * SIZE), int(0.35 * SIZE)))


def of_pixels(pixels: Floats) -> Floats:
    """Planes of an interleaved picture (SIZE, SIZE, 3)."""
    return np.ascontiguousarray(np.moveaxis(pixels, 2, 0), np.float32)


def to_pixels(planes: Floats) -> Floats:
    """The interleaved picture (SIZE, SIZE, 3) of planes."""
    return cv2.merge(list(planes))


def cheek(planes: Floats) -> Floats:
    """Mean of a cheek, (3,)."""
    return planes[:, *_CHEEK].mean((1, 2))


def tint(planes: Floats, mask: Floats, change: NDArray[np.floating]) -> None:
    """Add `change` (3,) times the mask in place."""
    for plane, amount in zip(planes, change.tolist(), strict=True):
        cv2.scaleAdd(mask, amount, plane, plane)


def lay(
    planes: Floats, colour: NDArray[np.floating], alpha: Floats, tone: Floats | None = None
) -> None:
    """Blend a colour (3,), scaled by `tone` if given, into the planes in place by `alpha` (0–1)."""
    for plane, value in zip(planes, colour.tolist(), strict=True):
        target = np.float32(value) if tone is None else tone * np.float32(value)
        np.add(plane, (target - plane) * alpha, out=plane)
