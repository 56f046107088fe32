"""Hard negatives that resemble faces: upholstery, sockets, lamps, eyes, heads, animals, hands.

Cut-outs to be pasted as no faces, as in `decoys`.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.cuttings import Cutting
from models.photographs import Album

Image = NDArray[np.uint8]

SIDE = 96
CUT_OUT = 160
"""Side of a cut-out of a photograph, pixels."""


def draw(rng: np.random.Generator, skin: Sequence[Cutting]) -> Cutting:
    """Return a random cut-out.

    Args:
        rng: source of randomness.
        skin: faces whose skin some of them are made of.
    """
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    makers = (
        *(_upholstery, _socket, _lamps, _eyes, _blank_head, _blank_head, _animal, _animal),
        *(_skin, _hand, _hand, _cloth, _patches),
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


def photographed(rng: np.random.Generator, photographs: Album) -> Cutting:
    """Return a thing cut out of a photograph, or a rounded part of a picture."""
    if photographs.cut_outs and rng.random() < 0.6:
        picture, alpha = photographs.cut_outs[int(rng.random() * len(photographs.cut_outs))]
        high, wide = alpha.shape
        # All of it, or the end that has the head as often as not.
        side = min(
            round(max(high, wide) * float(rng.choice([1.0, 0.75, 0.5, 0.35]))), max(high, wide)
        )
        x, y = (int(rng.integers(0, max(n - side, 0) + 1)) for n in (wide, high))
        if rng.random() < 0.6:
            y = 0
        part, seen = picture[y : y + side, x : x + side], alpha[y : y + side, x : x + side]
        below, right = side - part.shape[0], side - part.shape[1]
        part = cv2.copyMakeBorder(
            part, below // 2, below - below // 2, right // 2, right - right // 2, 0
        )
        seen = cv2.copyMakeBorder(
            seen, below // 2, below - below // 2, right // 2, right - right // 2, 0
        )
        part, seen = (
            cv2.resize(p, (CUT_OUT, CUT_OUT), interpolation=cv2.INTER_AREA) for p in (part, seen)
        )
        return Cutting.of(part, alpha=seen)
    picture = photographs.window(rng, CUT_OUT, CUT_OUT)
    along = (np.arange(CUT_OUT, dtype=np.float32) + 0.5) / CUT_OUT * 2 - 1
    power, wide, high = (
        float(rng.choice([2, 2, 4, 8])),
        *(float(n) for n in rng.uniform(0.6, 0.98, 2)),
    )
    inside = 1 - np.abs(along / wide) ** power - np.abs(along / high)[:, None] ** power
    alpha = np.clip(inside / float(rng.uniform(0.02, 0.3)), 0, 1)
    return Cutting.of(picture, alpha=(255 * alpha).astype(np.uint8))


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


def _at(x: float, y: float) -> tuple[int, int]:
    return round(float(x)), round(float(y))


def _ink(colour: Sequence[float] | NDArray[np.float32], share: float = 1.0) -> tuple[int, ...]:
    return (*(int(np.clip(share * float(n), 0, 255)) for n in colour), 255)


def _any(rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < 0.5:
        return _ink([float(rng.uniform(0, 255))] * 3)
    return _ink(rng.uniform(0, 255, 3).tolist())


def _oval(
    canvas: Image,
    x: float,
    y: float,
    rx: float,
    ry: float,
    colour: tuple[int, ...],
    turn: float = 0,
) -> None:
    cv2.ellipse(
        canvas,
        _at(x, y),
        (max(1, round(rx)), max(1, round(ry))),
        turn,
        0,
        360,
        colour,
        -1,
        cv2.LINE_AA,
    )


def _upholstery(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """Padding that buttons draw into dimples, or a head rest with its seams."""
    cloth = np.array(_any(rng)[:3], np.float32) if rng.random() < 0.5 else tone
    cv2.rectangle(canvas, (3, 3), (SIDE - 4, SIDE - 4), _ink(cloth), -1)
    step = float(rng.uniform(16, 40))
    for row in range(8):
        for column in range(8):
            x, y = (column + 0.5 * (row % 2)) * step, row * step * 0.8
            for other in (-0.5, 0.5):
                cv2.line(
                    canvas,
                    _at(x, y),
                    _at(x + other * step, y + 0.8 * step),
                    _ink(cloth, 0.6),
                    2,
                    cv2.LINE_AA,
                )
    for row in range(8):
        for column in range(8):
            x, y = (column + 0.5 * (row % 2)) * step, row * step * 0.8
            _oval(
                canvas,
                x,
                y,
                0.09 * step + 1,
                0.09 * step + 1,
                _ink(cloth, float(rng.uniform(0.2, 0.5))),
            )
    canvas[..., 3] = 255 if rng.random() < 0.5 else canvas[..., 3]


def _socket(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """Two holes in a plate, with one more at times."""
    plate, hole = _any(rng), _ink([float(rng.uniform(0, 60))] * 3)
    if rng.random() < 0.5:
        cv2.rectangle(canvas, (12, 8), (84, 88), plate, -1)
    _oval(
        canvas,
        48,
        48,
        rng.uniform(26, 38),
        rng.uniform(26, 40),
        plate if rng.random() < 0.5 else _any(rng),
    )
    apart, y, size = rng.uniform(8, 18), rng.uniform(32, 52), rng.uniform(2, 8)
    for side in (-1, 1):
        tall = size * rng.uniform(0.6, 2.5)
        _oval(canvas, 48 + side * apart, y, size, tall, hole)
    if rng.random() < 0.6:
        _oval(canvas, 48, y + rng.uniform(10, 24), rng.uniform(2, 14), rng.uniform(1, 6), hole)


def _lamps(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """The front of a car: two lamps, a grille, a number plate."""
    body = _any(rng)
    cv2.ellipse(
        canvas, (48, 52), (44, round(rng.uniform(20, 36))), 0, 0, 360, body, -1, cv2.LINE_AA
    )
    if rng.random() < 0.7:
        glass = _ink([float(rng.uniform(20, 120))] * 3)
        cv2.fillPoly(
            canvas,
            [np.array([[22, 38], [74, 38], [64, 18], [32, 18]], np.int32)],
            glass,
            cv2.LINE_AA,
        )
    wide, tall, y = rng.uniform(4, 12), rng.uniform(3, 9), rng.uniform(44, 58)
    lamp = _ink([float(rng.uniform(150, 255))] * 3) if rng.random() < 0.7 else _any(rng)
    for side in (-1, 1):
        _oval(
            canvas,
            48 + side * rng.uniform(24, 32),
            y,
            wide,
            tall,
            lamp,
            side * rng.uniform(-25, 25),
        )
    dark = _ink([float(rng.uniform(0, 70))] * 3)
    half = round(rng.uniform(8, 22))
    cv2.rectangle(
        canvas, (48 - half, round(y)), (48 + half, round(y + rng.uniform(5, 14))), dark, -1
    )
    if rng.random() < 0.6:
        cv2.rectangle(canvas, (38, round(y + 15)), (58, round(y + 20)), _any(rng), -1)


def _eyes(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """One to three drawn eyes that are on no head, or not in a head's proportions."""
    if rng.random() < 0.7:
        ground = _ink(tone) if rng.random() < 0.3 else _any(rng)
        if rng.random() < 0.5:
            cv2.rectangle(canvas, (6, 10), (90, 86), ground, -1)
        else:
            _oval(canvas, 48, 48, 44, rng.uniform(18, 44), ground)
    count, size = int(rng.choice([1, 2, 2, 2, 3])), rng.uniform(7, 18)
    white, ring = _ink([float(rng.uniform(190, 255))] * 3), _any(rng)
    y = rng.uniform(24, 60)
    for n in range(count):
        x = 48 + (n - (count - 1) / 2) * size * rng.uniform(1.9, 2.6)
        _oval(canvas, x, y, size, size * rng.uniform(0.6, 1.4), white)
        dx, dy = rng.normal(size=2) * 0.25 * size
        _oval(canvas, x + dx, y + dy, 0.55 * size, 0.55 * size, ring)
        _oval(canvas, x + dx, y + dy, 0.3 * size, 0.3 * size, (0, 0, 0, 255))


def _blank_head(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """A head without a face: all hair, all skin, or shaven from behind with a neck and ears."""
    wide, tall = rng.uniform(22, 30), rng.uniform(28, 38)
    x, y = 48 + rng.normal() * 2, rng.uniform(38, 46)
    if rng.random() < 0.6:
        cv2.rectangle(
            canvas, _at(x - 0.5 * wide, y), _at(x + 0.5 * wide, y + tall + 14), _ink(tone, 0.85), -1
        )
    if rng.random() < 0.7:
        for side in (-1, 1):
            _oval(
                canvas,
                x + side * wide,
                y + 3,
                rng.uniform(3, 7),
                rng.uniform(6, 11),
                _ink(tone, 0.9),
                -8 * side,
            )
    _oval(canvas, x, y, wide, tall, _ink(tone))
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
                _at(*start),
                _at(*end),
                _ink(hair, float(rng.uniform(0.5, 1.5))),
                2,
                cv2.LINE_AA,
            )
    elif rng.random() < 0.4:
        band = round(y + rng.uniform(0, 16))
        cv2.rectangle(
            canvas, _at(x - wide, band), _at(x + wide, band + rng.uniform(4, 20)), _any(rng), -1
        )


def _animal(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
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
                _at(*root),
                _at(*tip),
                _ink(coat, float(rng.uniform(0.4, 0.9))),
                round(rng.uniform(6, 16)),
            )
    _oval(canvas, 48, y, wide, tall, _ink(coat))
    apart, eyes, size = (
        wide * rng.uniform(0.35, 0.8),
        y - tall * rng.uniform(0.0, 0.4),
        rng.uniform(2, 6),
    )
    muzzle = y + tall * rng.uniform(0.3, 0.8)
    pale = _ink(coat, float(rng.uniform(0.7, 1.7)))
    _oval(
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
    dark = _ink([float(rng.uniform(0, 50))] * 3)
    for side in (-1, 1):
        if rng.random() < 0.3:
            _oval(canvas, 48 + side * apart, eyes, 1.6 * size, 1.5 * size, _any(rng))
        _oval(canvas, 48 + side * apart, eyes, size, size, dark)
        _oval(canvas, 48 + side * apart - 1, eyes - 1, 1, 1, (230, 230, 230, 255))
    _oval(
        canvas, 48, muzzle - tall * rng.uniform(0, 0.2), rng.uniform(3, 9), rng.uniform(2, 6), dark
    )
    if rng.random() < 0.6:
        _oval(
            canvas,
            48,
            muzzle + tall * 0.25,
            wide * rng.uniform(0.1, 0.4),
            rng.uniform(1, 4),
            _ink(coat, 0.3),
        )
    for _hair in range(int(rng.integers(60, 260))):  # fur, feathers, scales
        x, v = 48 + rng.normal() * 0.5 * wide, y + rng.normal() * 0.5 * tall
        if canvas[int(np.clip(v, 0, SIDE - 1)), int(np.clip(x, 0, SIDE - 1)), 3]:
            end = x + rng.normal() * 3, v + rng.uniform(1, 7)
            cv2.line(
                canvas,
                _at(x, v),
                _at(*end),
                _ink(coat, float(rng.uniform(0.55, 1.35))),
                1,
                cv2.LINE_AA,
            )


def _skin(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """Knees, elbows, bellies: skin with a crease or two and a spot."""
    _oval(
        canvas, 48, 48, rng.uniform(18, 44), rng.uniform(24, 44), _ink(tone), rng.uniform(-40, 40)
    )
    for _ in range(int(rng.integers(0, 4))):
        start, end = rng.uniform(16, 80, (2, 2))
        cv2.line(
            canvas, _at(*start), _at(*end), _ink(tone, float(rng.uniform(0.5, 0.9))), 2, cv2.LINE_AA
        )
    for _ in range(int(rng.integers(0, 3))):
        _oval(
            canvas,
            *rng.uniform(28, 68, 2),
            *rng.uniform(1, 5, 2),
            _ink(tone, float(rng.uniform(0.2, 0.8))),
        )


def _hand(rng: np.random.Generator, canvas: Image, tone: NDArray[np.float32]) -> None:
    """A palm with its fingers, spread, together or folded."""
    spread, long = rng.uniform(0.04, 0.28), rng.uniform(0.3, 1.1)
    cv2.line(
        canvas, (48, 62), (round(48 + rng.normal() * 6), 95), _ink(tone, 0.92), 24, cv2.LINE_AA
    )
    for n in range(4):
        angle = -math.pi / 2 + (n - 1.5) * spread + rng.normal() * 0.04
        root = 48 + (n - 1.5) * 9, 48
        reach = long * rng.uniform(28, 38)
        tip = root[0] + reach * math.cos(angle), root[1] + reach * math.sin(angle)
        cv2.line(
            canvas,
            _at(*root),
            _at(*tip),
            _ink(tone, float(rng.uniform(0.88, 1.05))),
            9,
            cv2.LINE_AA,
        )
        cv2.line(
            canvas,
            _at(root[0] + 4.5, root[1]),
            _at(tip[0] + 4.5, tip[1]),
            _ink(tone, 0.6),
            1,
            cv2.LINE_AA,
        )
        _oval(canvas, *tip, 2.5, 3, _ink(np.minimum(tone * 1.15 + 10, 255)))
    side = -1 if rng.random() < 0.5 else 1
    cv2.line(
        canvas,
        _at(48 + side * 14, 66),
        _at(48 + side * rng.uniform(22, 36), rng.uniform(36, 60)),
        _ink(tone),
        10,
    )
    _oval(canvas, 48, 60, 19, 18, _ink(tone))
    for _ in range(int(rng.integers(0, 4))):
        start, end = rng.uniform(36, 60, (2, 2))
        cv2.line(canvas, _at(*start), _at(end[0], end[1] + 12), _ink(tone, 0.72), 1, cv2.LINE_AA)


def _cloth(rng: np.random.Generator, canvas: Image, _: NDArray[np.float32]) -> None:
    """Folded cloth."""
    colour = np.array(_any(rng)[:3], np.float32)
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
    coat = tone if rng.random() < 0.3 else np.array(_any(rng)[:3], np.float32)
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
        _oval(
            canvas,
            x + side * apart,
            y + rng.normal() * 4,
            size,
            size * rng.uniform(0.6, 1.3),
            _ink([dark] * 3),
        )
    if rng.random() < 0.5:
        _oval(
            canvas,
            x + rng.normal() * 6,
            y + rng.uniform(6, 40),
            *rng.uniform(1, 8, 2),
            _ink([dark] * 3),
        )
