"""Drawn parts of bodies without a face: heads, eyes, skin, hands."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.drawing import (
    Image,
    any_colour,
    at,
    ink,
    oval,
)


def eyes(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """One to three drawn eyes without a head, or not in the proportions of a head."""
    if rng.random() < 0.7:
        ground = ink(tone) if rng.random() < 0.3 else any_colour(rng)
        if rng.random() < 0.5:
            cv2.rectangle(canvas, (6, 10), (90, 86), ground, -1)
        else:
            oval(canvas, 48, 48, 44, rng.uniform(18, 44), ground)
    count, size = int(rng.choice([1, 2, 2, 2, 3])), rng.uniform(7, 18)
    white, ring = ink([float(rng.uniform(190, 255))] * 3), any_colour(rng)
    y = rng.uniform(24, 60)
    for n in range(count):
        x = 48 + (n - (count - 1) / 2) * size * rng.uniform(1.9, 2.6)
        oval(canvas, x, y, size, size * rng.uniform(0.6, 1.4), white)
        dx, dy = rng.normal(size=2) * 0.25 * size
        oval(canvas, x + dx, y + dy, 0.55 * size, 0.55 * size, ring)
        oval(canvas, x + dx, y + dy, 0.3 * size, 0.3 * size, (0, 0, 0, 255))


def blank_head(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """A head without a face: all hair, all skin, or shaven from behind with a neck and ears."""
    wide, tall = rng.uniform(22, 30), rng.uniform(28, 38)
    x, y = 48 + rng.normal() * 2, rng.uniform(38, 46)
    if rng.random() < 0.6:
        cv2.rectangle(
            canvas, at(x - 0.5 * wide, y), at(x + 0.5 * wide, y + tall + 14), ink(tone, 0.85), -1
        )
    if rng.random() < 0.7:
        for side in (-1, 1):
            oval(
                canvas,
                x + side * wide,
                y + 3,
                rng.uniform(3, 7),
                rng.uniform(6, 11),
                ink(tone, 0.9),
                -8 * side,
            )
    oval(canvas, x, y, wide, tall, ink(tone))
    if rng.random() < 0.75:
        hair = np.float32(rng.uniform(8, 190)) * np.array(
            [1.0, rng.uniform(0.6, 1), rng.uniform(0.35, 1)], np.float32
        )
        low = rng.uniform(0.2, 1.25)
        for _ in range(int(rng.integers(150, 320))):
            u = rng.normal() * 0.45
            start = x + u * wide, y + tall * (-0.95 + 0.5 * u * u)
            end = (
                x + 1.5 * u * wide + rng.normal() * 2,
                y + tall * (low - 0.4 * u * u) + rng.normal() * 3,
            )
            cv2.line(
                canvas,
                at(*start),
                at(*end),
                ink(hair, float(rng.uniform(0.5, 1.5))),
                2,
                cv2.LINE_AA,
            )
    elif rng.random() < 0.4:
        band = round(y + rng.uniform(0, 16))
        cv2.rectangle(
            canvas, at(x - wide, band), at(x + wide, band + rng.uniform(4, 20)), any_colour(rng), -1
        )


def skin(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """Knees, elbows, bellies: skin with a crease or two and a spot."""
    oval(canvas, 48, 48, rng.uniform(18, 44), rng.uniform(24, 44), ink(tone), rng.uniform(-40, 40))
    for _ in range(int(rng.integers(0, 4))):
        start, end = rng.uniform(16, 80, (2, 2))
        cv2.line(
            canvas, at(*start), at(*end), ink(tone, float(rng.uniform(0.5, 0.9))), 2, cv2.LINE_AA
        )
    for _ in range(int(rng.integers(0, 3))):
        oval(
            canvas,
            *rng.uniform(28, 68, 2),
            *rng.uniform(1, 5, 2),
            ink(tone, float(rng.uniform(0.2, 0.8))),
        )


def hand(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """A palm with its fingers, spread, together or folded."""
    spread, long = rng.uniform(0.04, 0.28), rng.uniform(0.3, 1.1)
    cv2.line(canvas, (48, 62), (round(48 + rng.normal() * 6), 95), ink(tone, 0.92), 24, cv2.LINE_AA)
    for n in range(4):
        angle = -math.pi / 2 + (n - 1.5) * spread + rng.normal() * 0.04
        root = 48 + (n - 1.5) * 9, 48
        reach = long * rng.uniform(28, 38)
        tip = root[0] + reach * math.cos(angle), root[1] + reach * math.sin(angle)
        cv2.line(
            canvas,
            at(*root),
            at(*tip),
            ink(tone, float(rng.uniform(0.88, 1.05))),
            9,
            cv2.LINE_AA,
        )
        cv2.line(
            canvas,
            at(root[0] + 4.5, root[1]),
            at(tip[0] + 4.5, tip[1]),
            ink(tone, 0.6),
            1,
            cv2.LINE_AA,
        )
        oval(canvas, *tip, 2.5, 3, ink(np.minimum(tone * 1.15 + 10, 255)))
    side = -1 if rng.random() < 0.5 else 1
    cv2.line(
        canvas,
        at(48 + side * 14, 66),
        at(48 + side * rng.uniform(22, 36), rng.uniform(36, 60)),
        ink(tone),
        10,
    )
    oval(canvas, 48, 60, 19, 18, ink(tone))
    for _ in range(int(rng.integers(0, 4))):
        start, end = rng.uniform(36, 60, (2, 2))
        cv2.line(canvas, at(*start), at(end[0], end[1] + 12), ink(tone, 0.72), 1, cv2.LINE_AA)
