"""What the drawn hard negatives share: their canvas, colours and shapes."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, ...]
"""Red, green, blue, opacity."""
SIDE = 96
MIDDLE = SIDE / 2


def tint(rng: np.random.Generator) -> Colour:
    """Return any colour, often a grey."""
    if rng.random() < 0.4:
        grey = int(rng.integers(256))
        return grey, grey, grey, 255
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue, 255


def natural(rng: np.random.Generator) -> Colour:
    """Of skin, wood, fur, bread, sand and stone."""
    light, warm = rng.uniform(25, 245), rng.uniform(0.35, 1)
    return int(light), int(light * (0.55 + 0.4 * warm)), int(light * warm), 255


def near(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    """Return a colour that differs by `spread` (standard deviation) in each channel."""
    red, green, blue = (int(np.clip(value + rng.normal() * spread, 0, 255)) for value in colour[:3])
    return red, green, blue, 255


def dark(rng: np.random.Generator) -> Colour:
    """Return a dark grey."""
    value = int(rng.integers(0, 60))
    return value, value, value, 255


def at(x: float, y: float) -> tuple[int, int]:
    """Return the pixel nearest to a place."""
    return round(float(x)), round(float(y))


def oval(
    canvas: Image, x: float, y: float, rx: float, ry: float, colour: Colour, angle: float = 0.0
) -> None:
    """Fill an ellipse that is turned by `angle` degrees."""
    axes = max(1, round(rx)), max(1, round(ry))
    cv2.ellipse(canvas, at(x, y), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)


def polygon(canvas: Image, points: list[tuple[float, float]], colour: Colour) -> None:
    """Fill a polygon."""
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], colour, cv2.LINE_AA)


def ink(colour: Sequence[float] | NDArray[np.float32], share: float = 1.0) -> tuple[int, ...]:
    """Return a colour times a share, opaque."""
    return (*(int(np.clip(share * float(n), 0, 255)) for n in colour), 255)


def any_colour(rng: np.random.Generator) -> tuple[int, ...]:
    """Return any colour, as often as not a grey."""
    if rng.random() < 0.5:
        return ink([float(rng.uniform(0, 255))] * 3)
    return ink(rng.uniform(0, 255, 3).tolist())
