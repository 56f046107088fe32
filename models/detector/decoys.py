"""Decoys for hard-negative training: animals, flowers, fruit, dials, boxes and altered faces.

Each is drawn once and pasted many times, with other sizes, rotations and colours, so drawing may be
slow.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import animals
from models.detector.cuttings import Cutting
from models.detector.drawing import (
    MIDDLE,
    SIDE,
    Image,
    at,
    dark,
    natural,
    near,
    oval,
    polygon,
    tint,
)


def draw(rng: np.random.Generator, texture: Image) -> Cutting:
    """Return a random cut-out.

    Args:
        rng: random generator.
        texture: picture (height, width, 3) whose brightness pattern some of them get.
    """
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    makers = (
        animals.furry_head,
        animals.furry_head,
        animals.bird,
        _flower,
        _fruit,
        _rings,
        _spots,
        _bars,
        _grid,
        _spokes,
        _blob,
    )
    makers[int(rng.integers(len(makers)))](rng, canvas)
    colours = canvas[..., :3].astype(np.float32)
    if rng.random() < 0.6:
        colours *= _fur(rng)[..., None] if rng.random() < 0.6 else _grain(rng, texture)[..., None]
    colours *= _light(rng)[..., None]
    picture = np.clip(colours, 0, 255).astype(np.uint8)
    alpha = np.ascontiguousarray(canvas[..., 3])
    if rng.random() < 0.5:
        sigma = float(rng.uniform(0.4, 1.6))
        picture, alpha = (
            cv2.GaussianBlur(picture, (0, 0), sigma),
            cv2.GaussianBlur(alpha, (0, 0), sigma),
        )
    return Cutting.of(picture, alpha=alpha)


def _fur(rng: np.random.Generator) -> NDArray[np.float32]:
    """Hairs that all run about the same way."""
    noise = rng.normal(size=(SIDE, SIDE)).astype(np.float32)
    long, fine = float(rng.uniform(2, 9)), float(rng.uniform(0.5, 1.2))
    noise = cv2.GaussianBlur(noise, (0, 0), fine, sigmaY=long)
    turn = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), float(rng.uniform(0, 180)), 1.4)
    noise = cv2.warpAffine(noise, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return (1 + float(rng.uniform(0.1, 0.45)) * noise / max(float(noise.std()), 1e-6)).astype(
        np.float32
    )


def _grain(rng: np.random.Generator, texture: Image) -> NDArray[np.float32]:
    part = (
        cv2.resize(texture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).mean(2)
    )
    return (0.5 + part / max(float(part.mean()), 8.0) * float(rng.uniform(0.3, 0.7))).astype(
        np.float32
    )


def _light(rng: np.random.Generator) -> NDArray[np.float32]:
    """Brighter to one side, as a round thing is, with a highlight at times."""
    along = np.linspace(-1, 1, SIDE, dtype=np.float32)
    angle, depth = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.6)
    side = np.float32(math.cos(angle)) * along[None] + np.float32(math.sin(angle)) * along[:, None]
    light = 1 + np.float32(depth) * side
    if rng.random() < 0.3:
        x, y = rng.uniform(-0.4, 0.4, 2)
        spread = rng.uniform(0.01, 0.08)
        away = (along[None] - x) ** 2 + (along[:, None] - y) ** 2
        light += np.float32(rng.uniform(0.3, 2)) * np.exp(-away / spread)
    return light.astype(np.float32)


def _flower(rng: np.random.Generator, canvas: Image) -> None:
    petal, count = tint(rng), int(rng.integers(4, 22))
    inner, long = rng.uniform(5, 22), rng.uniform(14, 24)
    for n in range(count):
        turn = 2 * math.pi * n / count + rng.normal() * 0.1
        x, y = MIDDLE + inner * math.cos(turn), MIDDLE + inner * math.sin(turn)
        oval(
            canvas,
            x,
            y,
            long,
            long * rng.uniform(0.25, 0.6),
            near(rng, petal, 14),
            math.degrees(turn),
        )
    oval(canvas, MIDDLE, MIDDLE, inner * 0.8, inner * 0.8, natural(rng))


def _fruit(rng: np.random.Generator, canvas: Image) -> None:
    skin = tint(rng) if rng.random() < 0.6 else natural(rng)
    for _ in range(int(rng.integers(1, 6))):
        x, y = MIDDLE + rng.normal(size=2) * 11
        size = rng.uniform(12, 34)
        oval(
            canvas,
            x,
            y,
            size,
            size * rng.uniform(0.7, 1.2),
            near(rng, skin, 16),
            rng.uniform(0, 180),
        )
        if rng.random() < 0.4:
            tip = at(x + rng.normal() * 5, y - size - 6)
            cv2.line(canvas, at(x, y - 0.8 * size), tip, dark(rng), 2, cv2.LINE_AA)


def _rings(rng: np.random.Generator, canvas: Image) -> None:
    """A dial, a plate or a loudspeaker."""
    flat, angle = rng.uniform(0.5, 1), rng.uniform(0, 180)
    for share in np.sort(rng.uniform(0.1, 1, int(rng.integers(2, 7))))[::-1]:
        oval(canvas, MIDDLE, MIDDLE, 44 * share, 44 * share * flat, tint(rng), angle)


def _spots(rng: np.random.Generator, canvas: Image) -> None:
    """A rounded thing with a few spots on it."""
    skin = natural(rng) if rng.random() < 0.6 else tint(rng)
    oval(
        canvas, MIDDLE, MIDDLE, rng.uniform(24, 42), rng.uniform(24, 46), skin, rng.uniform(-30, 30)
    )
    ink = dark(rng) if rng.random() < 0.5 else tint(rng)
    for _ in range(int(rng.integers(1, 8))):
        x, y = MIDDLE + rng.uniform(-26, 26, 2)
        oval(canvas, x, y, rng.uniform(2, 10), rng.uniform(2, 10), ink)


def _bars(rng: np.random.Generator, canvas: Image) -> None:
    """Boxes within a box: a device's front, a window, a shelf."""
    half = np.array([rng.uniform(20, 46), rng.uniform(18, 46)])
    low = MIDDLE - half
    cv2.rectangle(canvas, at(*low), at(*(low + 2 * half)), tint(rng), -1)
    for _ in range(int(rng.integers(1, 10))):
        start = low + rng.uniform(0.05, 0.85, 2) * 2 * half
        end = np.minimum(start + rng.uniform(0.05, 0.9, 2) * half, low + 1.9 * half)
        if rng.random() < 0.3:
            oval(canvas, *start, *(0.3 * (end - start) + 2), tint(rng))
        else:
            cv2.rectangle(canvas, at(*start), at(*end), tint(rng), -1)


def _grid(rng: np.random.Generator, canvas: Image) -> None:
    """Dots in rows: a grille, a keypad, a pattern."""
    count, ink = int(rng.integers(2, 9)), tint(rng)
    if rng.random() < 0.6:
        cv2.rectangle(canvas, (4, 4), (92, 92), tint(rng), -1)
    radius = max(1, round(76 / count * rng.uniform(0.15, 0.5)))
    for y in np.linspace(14, 82, count):
        for x in np.linspace(14, 82, count):
            cv2.circle(canvas, at(x, y), radius, ink, -1, cv2.LINE_AA)


def _spokes(rng: np.random.Generator, canvas: Image) -> None:
    """A wheel, a fan or a clock."""
    oval(canvas, MIDDLE, MIDDLE, 44, 44, tint(rng))
    if rng.random() < 0.5:
        oval(canvas, MIDDLE, MIDDLE, 32, 32, tint(rng))
    ink, thick, turn, count = (
        tint(rng),
        int(rng.integers(1, 9)),
        rng.uniform(0, 6),
        int(rng.integers(2, 12)),
    )
    for n in range(count):
        angle = turn + 2 * math.pi * n / count
        end = MIDDLE + 40 * math.cos(angle), MIDDLE + 40 * math.sin(angle)
        cv2.line(canvas, at(MIDDLE, MIDDLE), at(*end), ink, thick, cv2.LINE_AA)
    oval(canvas, MIDDLE, MIDDLE, rng.uniform(2, 16), rng.uniform(2, 16), tint(rng))


def _blob(rng: np.random.Generator, canvas: Image) -> None:
    """A stone, a cushion, a loaf, a bush: a rounded outline, lit and textured."""
    turns = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    radius = 30 + sum(
        rng.normal() * 7 / n * np.cos(n * turns + rng.uniform(0, 6)) for n in (1, 2, 3, 4)
    )
    points = np.column_stack(
        [MIDDLE + radius * np.cos(turns), MIDDLE + radius * np.sin(turns) * rng.uniform(0.6, 1.2)]
    )
    polygon(
        canvas,
        [(float(x), float(y)) for x, y in points],
        natural(rng) if rng.random() < 0.7 else tint(rng),
    )
