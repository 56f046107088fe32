"""Hard negatives that resemble faces: upholstery, sockets, lamps, eyes, heads, animals, hands.

Cut-outs to be pasted as negatives, as in `decoys`.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import animals, bodies
from models.detector.cuttings import Cutting
from models.detector.drawing import (
    SIDE,
    Image,
    any_colour,
    at,
    ink,
    oval,
)


def draw(rng: np.random.Generator, skin: Sequence[Cutting]) -> Cutting:
    """Return a random cut-out.

    Args:
        rng: random generator.
        skin: faces whose skin some of them are made of.
    """
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    makers = (
        *(
            _upholstery,
            _socket,
            _lamps,
            bodies.eyes,
            bodies.blank_head,
            bodies.blank_head,
            animals.animal_head,
            animals.animal_head,
        ),
        *(bodies.skin, bodies.hand, bodies.hand, _cloth, _patches),
    )
    tone = _tone(rng, skin)
    makers[int(rng.integers(len(makers)))](rng, canvas, tone)
    colours = canvas[..., :3].astype(np.float32) * _relief(rng)[..., None]
    picture = np.clip(colours, 0, 255).astype(np.uint8)
    alpha = np.ascontiguousarray(canvas[..., 3])
    if rng.random() < 0.6:
        sigma = float(rng.uniform(0.4, 1.8))
        picture, alpha = (
            cv2.GaussianBlur(picture, (0, 0), sigma),
            cv2.GaussianBlur(alpha, (0, 0), sigma),
        )
    return Cutting.of(picture, alpha=alpha)


def _tone(rng: np.random.Generator, skin: Sequence[Cutting]) -> NDArray[np.float32]:
    """The colour of somebody's cheek."""
    if not skin:
        return np.array(rng.uniform(60, 220), np.float32) * np.array([1.0, 0.78, 0.65], np.float32)
    face = skin[int(rng.random() * len(skin))]
    x, y = np.clip(
        np.rint((face.points[31] + face.points[3]) / 2), 4, face.levels[0].shape[0] - 5
    ).astype(int)
    return face.levels[0][y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(0)


def _relief(rng: np.random.Generator) -> NDArray[np.float32]:
    """Light from a side, and blotches or grain."""
    along = np.linspace(-1, 1, SIDE, dtype=np.float32)
    angle, depth = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.6)
    light = 1 + np.float32(depth) * (
        np.float32(math.cos(angle)) * along + np.float32(math.sin(angle)) * along[:, None]
    )
    noise = cv2.GaussianBlur(
        rng.normal(size=(SIDE, SIDE)).astype(np.float32), (0, 0), float(rng.uniform(0.5, 9))
    )
    return light * (1 + np.float32(rng.uniform(0, 0.16)) * noise / max(float(noise.std()), 1e-6))


def _upholstery(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """Padding that buttons draw into dimples, or a head rest with its seams."""
    cloth = np.array(any_colour(rng)[:3], np.float32) if rng.random() < 0.5 else tone
    cv2.rectangle(canvas, (3, 3), (SIDE - 4, SIDE - 4), ink(cloth), -1)
    step = float(rng.uniform(16, 40))
    for row in range(8):
        for column in range(8):
            x, y = (column + 0.5 * (row % 2)) * step, row * step * 0.8
            for other in (-0.5, 0.5):
                cv2.line(
                    canvas,
                    at(x, y),
                    at(x + other * step, y + 0.8 * step),
                    ink(cloth, 0.6),
                    2,
                    cv2.LINE_AA,
                )
    for row in range(8):
        for column in range(8):
            x, y = (column + 0.5 * (row % 2)) * step, row * step * 0.8
            oval(
                canvas,
                x,
                y,
                0.09 * step + 1,
                0.09 * step + 1,
                ink(cloth, float(rng.uniform(0.2, 0.5))),
            )
    canvas[..., 3] = 255 if rng.random() < 0.5 else canvas[..., 3]


def _socket(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """Two holes in a plate, with one more at times."""
    plate, hole = any_colour(rng), ink([float(rng.uniform(0, 60))] * 3)
    if rng.random() < 0.5:
        cv2.rectangle(canvas, (12, 8), (84, 88), plate, -1)
    oval(
        canvas,
        48,
        48,
        rng.uniform(26, 38),
        rng.uniform(26, 40),
        plate if rng.random() < 0.5 else any_colour(rng),
    )
    apart, y, size = rng.uniform(8, 18), rng.uniform(32, 52), rng.uniform(2, 8)
    for side in (-1, 1):
        tall = size * rng.uniform(0.6, 2.5)
        oval(canvas, 48 + side * apart, y, size, tall, hole)
    if rng.random() < 0.6:
        oval(canvas, 48, y + rng.uniform(10, 24), rng.uniform(2, 14), rng.uniform(1, 6), hole)


def _lamps(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """The front of a car: two lamps, a grille, a number plate."""
    body = any_colour(rng)
    cv2.ellipse(
        canvas, (48, 52), (44, round(rng.uniform(20, 36))), 0, 0, 360, body, -1, cv2.LINE_AA
    )
    if rng.random() < 0.7:
        glass = ink([float(rng.uniform(20, 120))] * 3)
        cv2.fillPoly(
            canvas,
            [np.array([[22, 38], [74, 38], [64, 18], [32, 18]], np.int32)],
            glass,
            cv2.LINE_AA,
        )
    wide, tall, y = rng.uniform(4, 12), rng.uniform(3, 9), rng.uniform(44, 58)
    lamp = ink([float(rng.uniform(150, 255))] * 3) if rng.random() < 0.7 else any_colour(rng)
    for side in (-1, 1):
        oval(
            canvas,
            48 + side * rng.uniform(24, 32),
            y,
            wide,
            tall,
            lamp,
            side * rng.uniform(-25, 25),
        )
    dark = ink([float(rng.uniform(0, 70))] * 3)
    half = round(rng.uniform(8, 22))
    cv2.rectangle(
        canvas, (48 - half, round(y)), (48 + half, round(y + rng.uniform(5, 14))), dark, -1
    )
    if rng.random() < 0.6:
        cv2.rectangle(canvas, (38, round(y + 15)), (58, round(y + 20)), any_colour(rng), -1)


def _cloth(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """Folded cloth."""
    colour = np.array(any_colour(rng)[:3], np.float32)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    height = sum(
        np.sin(
            float(rng.uniform(4, 22)) * (x * math.cos(a) + y * math.sin(a))
            + float(rng.uniform(0, 6))
        )
        for a in rng.uniform(0, math.pi, 4)
    )
    folds = np.abs(height) ** float(rng.uniform(0.5, 1.5))
    canvas[..., :3] = np.clip(
        colour * (0.35 + 0.65 * folds / folds.max())[..., None] * 1.4, 0, 255
    ).astype(np.uint8)
    cv2.ellipse(
        alpha := np.zeros((SIDE, SIDE), np.uint8),
        (48, 48),
        (44, round(rng.uniform(28, 46))),
        0,
        0,
        360,
        255,
        -1,
    )
    canvas[..., 3] = alpha if rng.random() < 0.5 else 255


def _patches(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """Fur, bark or stone of one colour with two dark spots somewhere and something below."""
    coat = tone if rng.random() < 0.3 else np.array(any_colour(rng)[:3], np.float32)
    noise = cv2.GaussianBlur(
        rng.normal(size=(SIDE, SIDE)).astype(np.float32), (0, 0), 0.8, sigmaY=rng.uniform(0.8, 5)
    )
    coat = (
        coat * (1 + float(rng.uniform(0.1, 0.4)) * noise / max(float(noise.std()), 1e-6))[..., None]
    )
    canvas[..., :3] = np.clip(coat, 0, 255).astype(np.uint8)
    canvas[..., 3] = 255
    dark = float(rng.uniform(0, 60))
    x, y, apart, size = *rng.uniform(36, 60, 2), rng.uniform(8, 26), rng.uniform(2, 7)
    for side in (-1, 1):
        oval(
            canvas,
            x + side * apart,
            y + rng.normal() * 4,
            size,
            size * rng.uniform(0.6, 1.3),
            ink([dark] * 3),
        )
    if rng.random() < 0.5:
        oval(
            canvas,
            x + rng.normal() * 6,
            y + rng.uniform(6, 40),
            *rng.uniform(1, 8, 2),
            ink([dark] * 3),
        )
