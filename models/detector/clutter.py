"""What is no face and might be taken for one: dials, wheels, grilles, spots, bars, and faces in the wrong order."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def draw(rng: np.random.Generator, image: Image) -> None:
    """Draw a random thing somewhere into an image, (height, width, 3) uint8."""
    side = math.exp(rng.uniform(math.log(8), math.log(140)))
    centre = rng.uniform(0, image.shape[1]), rng.uniform(0, image.shape[0])
    maker = (_rings, _spots, _bars, _grid, _spokes)[rng.integers(5)]
    maker(rng, image, centre, side)


def scrambled(rng: np.random.Generator, picture: Image, points: NDArray[np.float32]) -> Image:
    """Return a face's crop with the parts of the face in another order: skin, eyes and lips, and no face."""
    picture = picture.copy()
    low = np.maximum(points.min(0), 0).astype(int)
    rows, columns = (int(n) for n in rng.integers(2, 5, 2))
    step = (np.minimum(points.max(0), picture.shape[0] - 1).astype(int) - low) // (columns, rows)
    if min(step) < 2:
        return picture
    tiles = [
        picture[low[1] + r * step[1] : low[1] + (r + 1) * step[1], low[0] + c * step[0] : low[0] + (c + 1) * step[0]]
        for r in range(rows)
        for c in range(columns)
    ]
    # Every tile moves: a rotation of a random order has no fixed point.
    order = rng.permutation(len(tiles))
    sources = [tile.copy() for tile in tiles]
    for target, source in zip(order, np.roll(order, 1), strict=True):
        tiles[target][:] = sources[source]
    return picture


def _colour(rng: np.random.Generator) -> list[int]:
    if rng.random() < 0.4:
        return [int(rng.integers(256))] * 3
    return [int(value) for value in rng.integers(0, 256, 3)]


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def _rings(rng: np.random.Generator, image: Image, centre: tuple[float, float], side: float) -> None:
    """A dial, a plate or a loudspeaker."""
    flat, angle = rng.uniform(0.5, 1), rng.uniform(0, 180)
    for share in np.sort(rng.uniform(0.1, 1, rng.integers(1, 6)))[::-1]:
        axes = max(1, round(side / 2 * share)), max(1, round(side / 2 * share * flat))
        thick = -1 if rng.random() < 0.7 else int(rng.integers(1, 4))
        cv2.ellipse(image, _at(*centre), axes, angle, 0, 360, _colour(rng), thick, cv2.LINE_AA)


def _spots(rng: np.random.Generator, image: Image, centre: tuple[float, float], side: float) -> None:
    """A rounded thing with a few spots on it."""
    axes = max(2, round(side / 2)), max(2, round(side / 2 * rng.uniform(0.6, 1.3)))
    cv2.ellipse(image, _at(*centre), axes, rng.uniform(-30, 30), 0, 360, _colour(rng), -1, cv2.LINE_AA)
    ink = _colour(rng)
    for _ in range(int(rng.integers(1, 7))):
        at = centre[0] + rng.uniform(-0.35, 0.35) * side, centre[1] + rng.uniform(-0.35, 0.35) * side
        cv2.circle(image, _at(*at), max(1, round(side * rng.uniform(0.02, 0.15))), ink, -1, cv2.LINE_AA)


def _bars(rng: np.random.Generator, image: Image, centre: tuple[float, float], side: float) -> None:
    """Boxes within a box: a device's front, a window, a shelf."""
    half = np.array([side / 2, side / 2 * rng.uniform(0.4, 1.6)])
    low = np.array(centre) - half
    cv2.rectangle(image, _at(*low), _at(*(low + 2 * half)), _colour(rng), -1)
    for _ in range(int(rng.integers(1, 9))):
        start = low + rng.uniform(0.05, 0.85, 2) * 2 * half
        end = np.minimum(start + rng.uniform(0.05, 0.7, 2) * half, low + 1.9 * half)
        cv2.rectangle(image, _at(*start), _at(*end), _colour(rng), -1)


def _grid(rng: np.random.Generator, image: Image, centre: tuple[float, float], side: float) -> None:
    """Dots in rows: a grille, a keypad, a pattern."""
    count, ink = int(rng.integers(2, 9)), _colour(rng)
    if rng.random() < 0.6:
        half = side * 0.6
        corners = _at(centre[0] - half, centre[1] - half), _at(centre[0] + half, centre[1] + half)
        cv2.rectangle(image, *corners, _colour(rng), -1)
    radius = max(1, round(side / count * rng.uniform(0.15, 0.5)))
    for row in np.linspace(-0.5, 0.5, count):
        for column in np.linspace(-0.5, 0.5, count):
            cv2.circle(image, _at(centre[0] + column * side, centre[1] + row * side), radius, ink, -1, cv2.LINE_AA)


def _spokes(rng: np.random.Generator, image: Image, centre: tuple[float, float], side: float) -> None:
    """A wheel, a fan or a clock."""
    radius = side / 2
    cv2.circle(image, _at(*centre), max(1, round(radius)), _colour(rng), -1, cv2.LINE_AA)
    ink, thick = _colour(rng), max(1, round(side * rng.uniform(0.02, 0.12)))
    turn, count = rng.uniform(0, 6), int(rng.integers(2, 12))
    for n in range(count):
        angle = turn + 2 * math.pi * n / count
        end = centre[0] + 0.9 * radius * math.cos(angle), centre[1] + 0.9 * radius * math.sin(angle)
        cv2.line(image, _at(*centre), _at(*end), ink, thick, cv2.LINE_AA)
    cv2.circle(image, _at(*centre), max(1, round(radius * rng.uniform(0.05, 0.4))), _colour(rng), -1, cv2.LINE_AA)
