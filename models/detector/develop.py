"""A composed scene as a random camera would show it: exposure, tone, blur, noise, JPEG."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.network import SIDE
from models.detector.paste import add_noise

Image = NDArray[np.uint8]

NOISE_UNIT = 24.0
"""Standard deviation of the bank of noise."""

DARKEST, BRIGHTEST = 14.0, 185.0
"""Mean code of a scene after its exposure."""

DARKER, DARK = 18.0, 55.0
"""Mean code of a scene at night."""

_STRETCH = SIDE * SIDE * 3


def develop(rng: np.random.Generator, image: Image) -> Image:
    """Return a scene, (height, width, 3) uint8 of at most 160 x 160, as a camera would have it."""
    # No camera's exposure produces only white or only black.
    mean = max(float(image[::8, ::8].mean()), 1.0)
    exposure = min(max(math.exp(0.3 * rng.standard_normal()), DARKEST / mean), BRIGHTEST / mean)
    gains = exposure * np.exp(0.08 * rng.standard_normal(3))
    table = np.minimum(_LEVELS * gains, 1) ** math.exp(0.25 * rng.standard_normal())
    table = (table - 0.5) * (0.6 + 0.7 * rng.random()) + 0.5 + 0.05 * rng.standard_normal()
    image = cv2.LUT(image, (255 * np.clip(table, 0, 1)).astype(np.uint8).reshape(1, 256, 3))
    chance = rng.random(6)
    if chance[4] < 0.12:
        image = _night(rng, image)
    if chance[0] < 0.22:
        grey = cv2.transform(image, rng.dirichlet([3, 4, 2]).astype(np.float32)[None])
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    if chance[1] < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), 0.3 + rng.random() ** 2 * 1.1)
    if chance[2] < 0.4:
        add_noise(
            image,
            _bank(),
            int(rng.random() * 5 * _STRETCH),
            (1 + 11 * rng.random() ** 2) / NOISE_UNIT,
        )
    if chance[3] < 0.2:
        small = image
        if chance[5] < 0.4:  # a small picture, enlarged
            shrunk = 0.4 + 0.5 * rng.random()
            small = cv2.resize(image, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 30 + int(60 * rng.random())]
        small = cv2.imdecode(cv2.imencode(".jpg", small, quality)[1], 1)
        image = cv2.resize(small, image.shape[1::-1])
    return image


def _night(rng: np.random.Generator, image: Image) -> Image:
    """Return a scene by one lamp: bright near it, and nearly black elsewhere."""
    height, width = image.shape[:2]
    x, y = (n * (0.5 + 0.25 * rng.standard_normal()) for n in (width, height))
    away = np.hypot((np.arange(width) - x), (np.arange(height) - y)[:, None]) / SIDE
    lamp = 1 / (1 + (away / (0.15 + 0.5 * rng.random())) ** 2)
    light = (
        image
        * (0.12 + 0.3 * rng.random() + lamp[..., None])
        * np.exp(0.12 * rng.standard_normal(3))
    )
    dark = (light / 255) ** (1 + rng.random()) * 255
    dark *= min(1.0, (DARKER + (DARK - DARKER) * rng.random()) / max(float(dark.mean()), 1.0))
    return np.clip(dark, 0, 255).astype(np.uint8)


_LEVELS = np.arange(256)[:, None] / 255


@lru_cache(maxsize=1)
def _bank() -> NDArray[np.int8]:
    """Noise for six scenes: one part per pixel and channel, one grey, one in blotches."""
    rng = np.random.default_rng(160)
    white = rng.normal(size=(2 * SIDE, SIDE, 3))
    grey = np.repeat(rng.normal(size=(2 * SIDE, SIDE, 1)), 3, 2)
    blotches = cv2.GaussianBlur(rng.normal(size=(2 * SIDE, SIDE, 3)), (0, 0), 0.8)
    noise = [part / part.std() * NOISE_UNIT for part in (white, grey, blotches)]
    return np.clip(np.concatenate(noise), -127, 127).astype(np.int8).ravel()
