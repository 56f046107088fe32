"""The frame of a scene, and its background."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.network import SIDE
from models.detector.placing import (
    between,
    pick,
)
from models.photographs import Album

Image = NDArray[np.uint8]
ASPECTS = (*[4 / 3] * 9, *[16 / 9] * 3, *[1.0] * 3, *[3 / 4] * 4, 0.62)


def frame(rng: np.random.Generator) -> tuple[int, int]:
    """Return the width and height of a frame within the square."""
    aspect = pick(rng, ASPECTS) * math.exp(0.06 * rng.standard_normal())
    width, height = (SIDE, round(SIDE / aspect)) if aspect >= 1 else (round(SIDE * aspect), SIDE)
    return min(width, SIDE), min(height, SIDE)


def window(rng: np.random.Generator, photographs: Album, height: int, width: int) -> Image:
    """Return a window of a photograph or several, perhaps with false colours, contrast or blur."""
    image = photographs.window(rng, height, width)
    chances = rng.random(4)
    if chances[0] < 0.12:
        x, y = (int(between(rng, 0.25, 0.75) * n) for n in (width, height))
        image = image.copy()
        for part in (image[:y, :x], image[y:, :x], image[:, x:])[: 1 + int(rng.random() * 3)]:
            part[:] = photographs.window(rng, *part.shape[:2])
    if chances[1] < 0.08:
        image = np.ascontiguousarray(image[..., rng.permutation(3)])
    if chances[2] < 0.12:
        gain = between(rng, 1.4, 2.6)
        image = cv2.convertScaleAbs(image, alpha=gain, beta=float(-image.mean()) * (gain - 1))
    if chances[3] < 0.2:
        radius = 3 + 2 * int(rng.random() * 4)
        image = cv2.blur(image, (radius, radius))
    return image


def encoded(light: NDArray[np.float32], exposure: float) -> Image:
    """Return linear light as 8-bit codes."""
    codes = cv2.convertScaleAbs(light, alpha=255 * exposure)
    return cv2.LUT(codes, _GAMMA)


_GAMMA = (255 * (np.arange(256) / 255) ** (1 / 2.2)).astype(np.uint8)
