"""Where things are placed in a scene, with which size and rotation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.detector.cuttings import Cutting

T = TypeVar("T")

MOST_FACES = 12
SMALLEST = 7.0
"""Longer side of a face's box, pixels of the input: of 28 pixels in a frame of 640."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The place of a face.

    Attributes:
        affine: (2, 3) from the pixels of the crop to those of the frame.
        face: (8,) float32 as in `Scene.faces`, in the frame.
    """

    affine: NDArray[np.float64]
    face: NDArray[np.float32]


def place(
    rng: np.random.Generator,
    cutting: Cutting,
    size: float,
    x: float,
    y: float,
    turn: float = 9.0,
    tilt: float = 0.0,
) -> Placed:
    """Place the middle of a crop's face, about `size` pixels long, at x, y; see `affine_at`."""
    points = cutting.points
    low, high = points.min(0), points.max(0)
    middle = ((low + high) / 2).tolist()
    affine = affine_at(
        rng, middle[0], middle[1], size / float((high - low).max()), x, y, turn, tilt
    )
    laid = points @ affine[:, :2].T + affine[:, 2]
    face = np.concatenate([laid.min(0), laid.max(0), laid[36:48].mean(0), laid[8]])
    return Placed(affine, face.astype(np.float32))


def group(rng: np.random.Generator, side: int) -> list[float]:
    """Return the sizes of several faces, the largest, which is in front, last."""
    count = 2 + int(rng.random() * (MOST_FACES - 1))
    if rng.random() < 0.65:
        size = min(log_uniform(rng, SMALLEST + 1, 34), 1.5 * side / count)
        return sorted(
            max(size * math.exp(0.13 * rng.standard_normal()), SMALLEST) for _ in range(count)
        )
    high = side * min(0.6, 1.6 / count)
    return sorted(log_uniform(rng, SMALLEST, high) for _ in range(count))


def affine_at(
    rng: np.random.Generator,
    u: float,
    v: float,
    scale: float,
    x: float,
    y: float,
    turn: float,
    tilt: float = 0.0,
) -> NDArray[np.float64]:
    """Return the affine that places u, v of a picture at x, y, stretched and mirrored at random.

    The rotation is normally distributed around `tilt` with a deviation of `turn`, degrees
    clockwise.
    """
    angle = math.radians(tilt + turn * rng.standard_normal())
    stretch = math.exp(0.05 * rng.standard_normal())
    across = scale * stretch * (-1 if rng.random() < 0.5 else 1)
    down = scale / stretch
    a, b = math.cos(angle) * across, -math.sin(angle) * down
    c, d = math.sin(angle) * across, math.cos(angle) * down
    return np.array([[a, b, x - a * u - b * v], [c, d, y - c * u - d * v]])


def apart(face: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Return whether two faces overlap so little that both can be found."""
    x0, y0, x1, y1 = face[:4].tolist()
    u0, v0, u1, v1 = other[:4].tolist()
    width, height = min(x1, u1) - max(x0, u0), min(y1, v1) - max(y0, v0)
    if width <= 0 or height <= 0:
        return True
    return width * height < 0.15 * min((x1 - x0) * (y1 - y0), (u1 - u0) * (v1 - v0))


def shown(face: NDArray[np.float32], width: int, height: int) -> float:
    """Return the share of a face's box that lies in the frame."""
    x0, y0, x1, y1 = face[:4].tolist()
    inside = max(min(x1, width) - max(x0, 0), 0) * max(min(y1, height) - max(y0, 0), 0)
    return float(inside / max((x1 - x0) * (y1 - y0), 1e-6))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """As `rng.uniform`, in a fifth of its time."""
    return low + (high - low) * rng.random()


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between two positive ones, uniform in its logarithm."""
    return low * (high / low) ** rng.random()


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Return a random item."""
    return choices[int(rng.random() * len(choices))]
