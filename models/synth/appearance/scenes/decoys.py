"""Decoys that resemble faces: sockets, clocks, car fronts, speakers, animals, spotted balls."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import noise
from models.synth.appearance.colour import encode_srgb, skin_tone
from models.synth.appearance.scenes import surfaces
from models.synth.appearance.scenes.drawing import (
    PLATE,
    Plate,
    Tint,
    box,
    fill,
    near,
    paste,
    rounded,
    shape_mask,
    shine,
    soften,
    tint,
)

_Place = NDArray[np.floating]


def _body(
    rng: np.random.Generator,
    plate: Plate,
    at: _Place,
    rx: float,
    ry: float,
    shade: Tint,
    power: float,
) -> None:
    """A rounded thing with a shaded rim."""
    mask = shape_mask(rounded(*at, rx, ry, power), 0.7)
    light = soften(np.roll(mask, (-int(0.2 * ry), int(rng.normal() * 0.2 * rx)), (0, 1)), 0.3 * rx)
    paste(plate, np.clip(np.array(shade) * (0.4 + 0.75 * light)[..., None], 0, 255), mask)


def _spotted(rng: np.random.Generator, plate: Plate, at: _Place, r: float) -> None:
    """A skin-coloured ball, button, die or loaf with spots that are not placed like a face."""
    tone = encode_srgb(skin_tone(rng)[0]).tolist() if rng.random() < 0.6 else tint(rng)
    _body(rng, plate, at, r * rng.uniform(0.65, 1), r, tuple(tone), float(rng.choice([2, 2.3, 4])))
    layouts = (
        [(0, -0.4), (0, 0.4)],
        [(-0.35, 0.35), (0.35, 0.35)],
        [(-0.4, 0), (0, 0), (0.4, 0)],
        [(-0.4, -0.4), (0.4, 0.4)],
        [(0.3 * np.cos(a), 0.3 * np.sin(a)) for a in np.arange(5) * 1.257],
        [(-0.35, -0.4), (0.35, -0.4), (-0.35, 0.4), (0.35, 0.4)],
    )
    shade, size = tint(rng, dark=0.4), r * rng.uniform(0.06, 0.16)
    for spot in layouts[int(rng.integers(len(layouts)))]:
        fill(
            plate, rounded(*(at + np.array(spot) * r), size, size * rng.uniform(0.5, 1.2), 2), shade
        )


def _socket(rng: np.random.Generator, plate: Plate, at: _Place, r: float) -> None:
    """A mains socket in its frame."""
    shade = near(rng, (228, 226, 220), 14)
    _body(rng, plate, at, r, r, shade, 9)
    _body(rng, plate, at, 0.72 * r, 0.72 * r, near(rng, shade, 8), 2)
    for dx, dy in ((-0.3, 0.0), (0.3, 0.0), *([(0.0, 0.3)] if rng.random() < 0.5 else [])):
        size = rng.uniform(0.05, 0.09) * r
        fill(
            plate,
            rounded(*(at + np.array([dx, dy]) * r), size, size * rng.uniform(1, 2.4), 3),
            (22, 20, 20),
        )


def _clock(rng: np.random.Generator, plate: Plate, at: _Place, r: float) -> None:
    """A dial with ticks and hands."""
    _body(rng, plate, at, r, r, tint(rng), 2)
    _body(rng, plate, at, 0.9 * r, 0.9 * r, near(rng, (235, 232, 224), 18), 2)
    for turn in np.arange(12) * np.pi / 6:
        way = np.array([np.cos(turn), np.sin(turn)]) * r
        cv2.line(
            plate,
            np.int32(at + 0.75 * way).tolist(),
            np.int32(at + 0.85 * way).tolist(),
            (30, 30, 30),
            2,
            cv2.LINE_AA,
        )
    for reach, turn in ((0.5, rng.uniform(0, 6.3)), (0.7, rng.uniform(0, 6.3))):
        tip = at + np.array([np.cos(turn), np.sin(turn)]) * r * reach
        cv2.line(plate, np.int32(at).tolist(), np.int32(tip).tolist(), (20, 20, 20), 3, cv2.LINE_AA)


def _car_front(rng: np.random.Generator, plate: Plate, at: _Place, r: float) -> None:
    """Windscreen, lamps, grille and number plate."""
    paint = tint(rng)
    _body(rng, plate, at + np.array([0, 0.2 * r]), r, 0.55 * r, paint, 4)
    roof = np.array([(-0.55, -0.75), (0.55, -0.75), (0.85, -0.15), (-0.85, -0.15)]) * r + at
    fill(plate, roof, paint)
    fill(plate, (roof - at) * 0.86 + at - [0, 0.03 * r], near(rng, (70, 80, 92), 20))
    for side in (-1, 1):
        fill(
            plate,
            rounded(at[0] + side * 0.68 * r, at[1] + 0.12 * r, 0.2 * r, 0.11 * r, 2.6),
            near(rng, (230, 232, 225), 12),
        )
    fill(plate, rounded(at[0], at[1] + 0.2 * r, 0.4 * r, 0.14 * r, 5), near(rng, (30, 30, 32), 10))
    fill(
        plate,
        box(at[0] - 0.2 * r, at[1] + 0.45 * r, at[0] + 0.2 * r, at[1] + 0.55 * r),
        (225, 225, 220),
    )


def _speaker(rng: np.random.Generator, plate: Plate, at: _Place, r: float) -> None:
    """A box with round membranes, or a washing machine's door."""
    fill(plate, box(at[0] - 0.6 * r, at[1] - r, at[0] + 0.6 * r, at[1] + r), tint(rng, dark=0.5))
    for y, size in ((-0.45, 0.3), (0.4, 0.5)):
        for step, shade in ((1.0, (60, 60, 62)), (0.85, (25, 25, 26)), (0.35, (70, 70, 72))):
            fill(
                plate,
                rounded(at[0], at[1] + y * r, size * step * r, size * step * r, 2),
                near(rng, shade, 8),
            )


def _animal(rng: np.random.Generator, plate: Plate, at: _Place, r: float) -> None:
    """A furry head with pointed or hanging ears, wide eyes and a snout."""
    fur = near(
        rng,
        ((150, 105, 65), (60, 52, 48), (205, 190, 165), (120, 118, 116))[int(rng.integers(4))],
        18,
    )
    drop = rng.uniform(-0.5, 0.8)
    for side in (-1, 1):
        ear = (
            np.array(
                [(side * 0.35, -0.6), (side * 0.9, -0.9 + drop), (side * 0.85, -0.1 + 0.4 * drop)]
            )
            * r
            + at
        )
        fill(plate, ear, near(rng, fur, 20))
    _body(rng, plate, at, 0.85 * r, 0.8 * r, fur, 2.2)
    _body(rng, plate, at + np.array([0, 0.35 * r]), 0.42 * r, 0.38 * r, near(rng, fur, 30), 2)
    for side in (-1, 1):
        eye = at + np.array([side * rng.uniform(0.3, 0.4), -0.15]) * r
        fill(plate, rounded(*eye, 0.1 * r, 0.1 * r, 2), near(rng, (150, 140, 50), 40))
        fill(plate, rounded(*eye, 0.06 * r, 0.08 * r, 2), (10, 10, 10))
    fill(plate, rounded(at[0], at[1] + 0.2 * r, 0.13 * r, 0.09 * r, 2.5), (25, 20, 20))
    hair = noise.strands(rng, PLATE) * 0.35 * shape_mask(rounded(*at, 0.9 * r, 0.85 * r, 2.2), 3)
    paste(plate, np.array(near(rng, fur, 45)), hair)


def decoy(rng: np.random.Generator) -> Plate:
    """One to three things that are no faces, before a plain or a busy ground."""
    ground = (surfaces.plain, surfaces.clouds, surfaces.fabric, surfaces.wood, surfaces.bricks)[
        int(rng.integers(5))
    ]
    plate = ground(rng)
    for _ in range(int(rng.integers(1, 4))):
        at, r = rng.uniform(50, 206, 2), rng.uniform(28, 95)
        (_spotted, _socket, _clock, _car_front, _speaker, _animal)[
            int(rng.choice(6, p=[0.3, 0.1, 0.12, 0.16, 0.12, 0.2]))
        ](rng, plate, at, r)
    return shine(rng, plate) if rng.random() < 0.5 else plate
