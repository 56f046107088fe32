"""Drawn heads of animals and birds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.drawing import (
    MIDDLE,
    SIDE,
    Image,
    any_colour,
    at,
    dark,
    ink,
    natural,
    near,
    oval,
    polygon,
    tint,
)


def furry_head(rng: np.random.Generator, canvas: Image) -> None:
    """A head with ears, a snout, and eyes too far apart, too high or too round; perhaps a body."""
    fur = natural(rng)
    wide, tall = rng.uniform(16, 27), rng.uniform(15, 28)
    x, y = MIDDLE + rng.normal() * 3, rng.uniform(36, 52)
    if rng.random() < 0.5:
        oval(
            canvas,
            x + rng.normal() * 12,
            y + 1.7 * tall,
            1.2 * wide,
            1.3 * tall,
            near(rng, fur, 12),
        )
    ear, drop, spread = rng.uniform(0.3, 0.9), rng.uniform(-1.4, 0.9), rng.uniform(0.5, 1.2)
    for side in (-1, 1):
        root = x + side * 0.6 * wide, y - 0.55 * tall
        tip = root[0] + side * ear * wide * spread, root[1] + drop * ear * tall
        if rng.random() < 0.6:
            polygon(
                canvas,
                [(root[0] - side * 0.3 * wide, root[1] - 3), (root[0], root[1] + 0.5 * tall), tip],
                fur,
            )
        else:
            oval(canvas, *root, 0.5 * ear * wide, 0.6 * ear * tall, near(rng, fur, 25), side * 40)
    oval(canvas, x, y, wide, tall, fur, float(rng.normal() * 6))
    if rng.random() < 0.4:
        oval(canvas, x, y - 0.1 * tall, 0.2 * wide, 0.8 * tall, near(rng, fur, 60))
    turned = rng.normal() * 0.35 * wide
    nose = x + turned, y + rng.uniform(0.35, 0.9) * tall
    oval(
        canvas,
        x + turned,
        nose[1],
        rng.uniform(0.3, 0.6) * wide,
        rng.uniform(0.3, 0.6) * tall,
        near(rng, fur, 35),
    )
    apart, high = rng.uniform(0.4, 0.85) * wide, y - rng.uniform(0.0, 0.55) * tall
    size = rng.uniform(0.06, 0.2) * wide
    for side in (-1, 1) if rng.random() < 0.8 else (1,):
        eye = x + 0.5 * turned + side * apart, high
        oval(
            canvas,
            *eye,
            1.4 * size,
            1.3 * size,
            near(rng, fur, 60) if rng.random() < 0.5 else natural(rng),
        )
        oval(canvas, *eye, size, size, dark(rng))
    big = rng.uniform(0.1, 0.25) * wide
    oval(canvas, nose[0], nose[1] - 0.1 * tall, big, 0.7 * big, dark(rng))
    if rng.random() < 0.5:
        cv2.line(
            canvas,
            at(nose[0], nose[1]),
            at(nose[0], nose[1] + 0.3 * tall),
            dark(rng),
            1,
            cv2.LINE_AA,
        )


def bird(rng: np.random.Generator, canvas: Image) -> None:
    """A round head with a beak to the side or two great eyes, on a body."""
    feathers, size = natural(rng) if rng.random() < 0.6 else tint(rng), rng.uniform(11, 24)
    x, y = MIDDLE + rng.normal() * 6, rng.uniform(28, 46)
    oval(
        canvas,
        x + rng.normal() * 14,
        y + 1.8 * size,
        1.2 * size,
        1.7 * size,
        near(rng, feathers, 40),
        20,
    )
    side = -1 if rng.random() < 0.5 else 1
    reach = x + side * size * rng.uniform(1.3, 2.6), y + rng.uniform(-0.2, 0.8) * size
    bill = natural(rng)
    oval(canvas, x, y, size, size * rng.uniform(0.85, 1.1), feathers)
    if rng.random() < 0.6:
        polygon(
            canvas,
            [(x + side * 0.7 * size, y - 5), reach, (x + side * 0.6 * size, y + 0.5 * size)],
            bill,
        )
        eyes = [(x + side * rng.uniform(0.1, 0.5) * size, y - 0.2 * size)]
    else:
        polygon(canvas, [(x - 4, y), (x + 4, y), (x, y + 0.6 * size)], bill)
        eyes = [(x - 0.45 * size, y - 0.15 * size), (x + 0.45 * size, y - 0.15 * size)]
    for eye in eyes:
        oval(canvas, *eye, 0.28 * size, 0.28 * size, tint(rng))
        oval(canvas, *eye, 0.15 * size, 0.15 * size, dark(rng))


def animal_head(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """An animal's head: eyes far apart or round, a muzzle or a beak, sometimes ears."""
    coat = np.float32(rng.uniform(25, 225)) * np.array(
        [1.0, rng.uniform(0.7, 1), rng.uniform(0.4, 1)], np.float32
    )
    wide, tall, y = rng.uniform(20, 32), rng.uniform(20, 36), rng.uniform(40, 50)
    if rng.random() < 0.75:
        out, long, droop = rng.uniform(0.6, 1.0), rng.uniform(10, 26), rng.uniform(-1.0, 0.9)
        for side in (-1, 1):
            root = 48 + side * out * wide, y - 0.5 * tall
            tip = root[0] + side * long * rng.uniform(0.2, 0.7), root[1] + droop * long
            cv2.line(
                canvas,
                at(*root),
                at(*tip),
                ink(coat, float(rng.uniform(0.4, 0.9))),
                round(rng.uniform(6, 16)),
            )
    oval(canvas, 48, y, wide, tall, ink(coat))
    apart, eyes, size = (
        wide * rng.uniform(0.35, 0.8),
        y - tall * rng.uniform(0.0, 0.4),
        rng.uniform(2, 6),
    )
    muzzle = y + tall * rng.uniform(0.3, 0.8)
    pale = ink(coat, float(rng.uniform(0.7, 1.7)))
    oval(
        canvas,
        48 + rng.normal() * 2,
        muzzle,
        wide * rng.uniform(0.3, 0.7),
        tall * rng.uniform(0.25, 0.6),
        pale,
    )
    if rng.random() < 0.5:
        cv2.line(
            canvas,
            (48, round(eyes)),
            (48, round(muzzle)),
            pale,
            round(rng.uniform(3, 14)),
            cv2.LINE_AA,
        )
    dark = ink([float(rng.uniform(0, 50))] * 3)
    for side in (-1, 1):
        if rng.random() < 0.3:
            oval(canvas, 48 + side * apart, eyes, 1.6 * size, 1.5 * size, any_colour(rng))
        oval(canvas, 48 + side * apart, eyes, size, size, dark)
        oval(canvas, 48 + side * apart - 1, eyes - 1, 1, 1, (230, 230, 230, 255))
    oval(
        canvas, 48, muzzle - tall * rng.uniform(0, 0.2), rng.uniform(3, 9), rng.uniform(2, 6), dark
    )
    if rng.random() < 0.6:
        oval(
            canvas,
            48,
            muzzle + tall * 0.25,
            wide * rng.uniform(0.1, 0.4),
            rng.uniform(1, 4),
            ink(coat, 0.3),
        )
    for _hair in range(int(rng.integers(60, 260))):  # fur, feathers, scales
        x, v = 48 + rng.normal() * 0.5 * wide, y + rng.normal() * 0.5 * tall
        if canvas[int(np.clip(v, 0, SIDE - 1)), int(np.clip(x, 0, SIDE - 1)), 3]:
            end = x + rng.normal() * 3, v + rng.uniform(1, 7)
            cv2.line(
                canvas,
                at(x, v),
                at(*end),
                ink(coat, float(rng.uniform(0.55, 1.35))),
                1,
                cv2.LINE_AA,
            )
