"""What a camera in a car sees around a face: bright windows, seats, belts, hard light."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.placing import between

Image = NDArray[np.uint8]


def furnish(rng: np.random.Generator, image: Image) -> None:
    """Draw windows and seats over a background, (height, width, 3) uint8 RGB, in place."""
    height, width = image.shape[:2]
    dark = between(rng, 4, 70)
    lining = np.array([1, between(rng, 0.9, 1.05), between(rng, 0.85, 1.1)], np.float32)
    image[:] = cv2.convertScaleAbs(image, alpha=between(rng, 0.15, 0.7), beta=dark * 0.3)
    for _ in range(1 + int(rng.random() * 3)):
        _window(rng, image)
    for _ in range(1 + int(rng.random() * 2)):
        x, top = between(rng, 0, width), between(rng, 0.25, 0.6) * height
        wide = between(rng, 0.3, 0.7) * width
        colour = tuple(float(n) for n in between(rng, 0.6, 1.6) * dark * lining)
        back = np.array([(-0.42, 0), (0.42, 0), (0.5, 0.4), (0.5, 2), (-0.5, 2), (-0.5, 0.4)])
        _fill(image, back * wide + (x, top), colour)
        if rng.random() < 0.8:
            rest = np.array([(-0.2, -0.34), (0.2, -0.34), (0.24, -0.05), (-0.24, -0.05)])
            _fill(image, rest * wide + (x, top), tuple(1.1 * n for n in colour))


def belt(rng: np.random.Generator, image: Image, x: float, y: float, size: float) -> None:
    """Draw a belt from beside a head down across the body, in place; its chin lies at x, y."""
    side = -1 if rng.random() < 0.5 else 1
    start = x + side * between(rng, 0.5, 0.9) * size, y - between(rng, 0, 0.4) * size
    end = x - side * between(rng, 0.1, 0.7) * size, y + between(rng, 1.2, 2) * size
    grey = between(rng, 8, 120)
    cv2.line(
        image,
        (round(start[0]), round(start[1])),
        (round(end[0]), round(end[1])),
        (grey, grey, grey),
        max(1, round(between(rng, 0.08, 0.17) * size)),
        cv2.LINE_AA,
    )


def side_lit(rng: np.random.Generator, image: Image, x: float, y: float, size: float) -> Image:
    """Return a picture lit hard from one side: a face at x, y has a bright and a dark half."""
    height, width = image.shape[:2]
    angle = between(rng, -0.6, 0.6) + (math.pi if rng.random() < 0.5 else 0)
    across = (
        np.arange(width, dtype=np.float32) - np.float32(x + 0.2 * size * rng.standard_normal())
    ) / size
    down = (np.arange(height, dtype=np.float32) - np.float32(y))[:, None] / size
    ramp = (across * math.cos(angle) + down * math.sin(angle)) / between(rng, 0.06, 0.5)
    light = 1 / (1 + np.exp(-np.clip(ramp, -30, 30)))
    dim = between(rng, 0.06, 0.5)
    gain = (dim + (between(rng, 1.0, 1.7) - dim) * light)[..., None]
    return np.clip(image * gain, 0, 255).astype(np.uint8)


def _window(rng: np.random.Generator, image: Image) -> None:
    """A slanted pane: a sky burnt out or a bright street, at times with a dark pillar beside it."""
    height, width = image.shape[:2]
    x0, wide = between(rng, -0.3, 0.9) * width, between(rng, 0.2, 0.8) * width
    y0, high = between(rng, -0.2, 0.35) * height, between(rng, 0.25, 0.6) * height
    slant = 0.15 * wide * rng.standard_normal()
    pane = np.array(
        [(x0, y0), (x0 + wide, y0), (x0 + wide + slant, y0 + high), (x0 + slant, y0 + high)]
    )
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.int32(np.rint(pane * 8))], 255, cv2.LINE_AA, 3)
    if rng.random() < 0.5:
        mask = cv2.blur(mask, (3, 3))
    bright = np.full_like(image, 0) + np.uint8(between(rng, 170, 255))
    if rng.random() < 0.7:
        scene = cv2.flip(image, int(rng.integers(-1, 2)))
        share = between(rng, 0.1, 0.8)
        bright = cv2.addWeighted(bright, 1 - share, scene, share * between(rng, 1, 3), 0)
    weight = mask[..., None].astype(np.float32) / 255
    image[:] = (image + weight * (bright.astype(np.float32) - image)).astype(np.uint8)
    if rng.random() < 0.5:
        x = x0 if rng.random() < 0.5 else x0 + wide
        thick = max(2, round(between(rng, 0.02, 0.09) * width))
        grey = between(rng, 5, 60)
        cv2.line(
            image, (round(x), round(y0)), (round(x + slant), round(y0 + high)), (grey,) * 3, thick
        )


def _fill(image: Image, outline: NDArray[np.float64], colour: tuple[float, ...]) -> None:
    cv2.fillPoly(image, [np.int32(np.rint(outline * 8))], colour, cv2.LINE_AA, 3)
