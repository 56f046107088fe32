"""Decoys for hard-negative training: animals, flowers, fruit, dials, boxes and altered faces.

Each is drawn once and pasted many times, at other sizes, turned and coloured otherwise, so it may
take its time.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.cuttings import Cutting

Image = NDArray[np.uint8]
Colour = tuple[int, int, int, int]

SIDE = 96
MIDDLE = SIDE / 2


def draw(rng: np.random.Generator, texture: Image) -> Cutting:
    """Return a random cut-out.

    Args:
        rng: source of randomness.
        texture: picture (height, width, 3) whose light and dark some of them take on.
    """
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    makers = (
        _animal,
        _animal,
        _bird,
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


def spoilt(rng: np.random.Generator, face: Cutting) -> Cutting:
    """Return an altered face that no longer is one: parts moved, parts wiped away, or inverted."""
    kind = rng.random()
    if kind < 0.6:
        return Cutting.of(scrambled(rng, face.levels[0], face.points))
    if kind < 0.85:
        return Cutting.of(_wiped(rng, face.levels[0], face.points))
    return Cutting.of(255 - face.levels[0])


def scrambled(rng: np.random.Generator, picture: Image, points: NDArray[np.float32]) -> Image:
    """Return a face's crop with its parts in another order: skin, eyes and lips, but no face."""
    picture = picture.copy()
    low = np.maximum(points.min(0), 0).astype(int)
    rows, columns = (int(n) for n in rng.integers(2, 5, 2))
    step = (np.minimum(points.max(0), picture.shape[0] - 1).astype(int) - low) // (columns, rows)
    if min(step) < 2:
        return picture
    tiles = [
        picture[
            low[1] + r * step[1] : low[1] + (r + 1) * step[1],
            low[0] + c * step[0] : low[0] + (c + 1) * step[0],
        ]
        for r in range(rows)
        for c in range(columns)
    ]
    # Every tile moves: a rotation of a random order has no fixed point.
    order = rng.permutation(len(tiles))
    sources = [tile.copy() for tile in tiles]
    for target, source in zip(order, np.roll(order, 1), strict=True):
        tiles[target][:] = sources[source]
    return picture


def _wiped(rng: np.random.Generator, picture: Image, points: NDArray[np.float32]) -> Image:
    """A head whose face is one smear of skin."""
    low, high = points.min(0), points.max(0)
    size = float((high - low).max())
    mask = np.zeros(picture.shape[:2], np.uint8)
    middle = (low + high) / 2
    axes = round(0.62 * float(high[0] - low[0])), round(0.62 * float(high[1] - low[1]))
    cv2.ellipse(mask, _at(*middle), axes, 0, 0, 360, 255, -1)
    weight = cv2.GaussianBlur(mask, (0, 0), 0.06 * size).astype(np.float32)[..., None] / 255
    smear = cv2.GaussianBlur(picture, (0, 0), size * float(rng.uniform(0.2, 0.4)))
    return (picture + weight * (smear.astype(np.float32) - picture)).astype(np.uint8)


def _tint(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.4:
        grey = int(rng.integers(256))
        return grey, grey, grey, 255
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue, 255


def _natural(rng: np.random.Generator) -> Colour:
    """Of skin, wood, fur, bread, sand and stone."""
    light, warm = rng.uniform(25, 245), rng.uniform(0.35, 1)
    return int(light), int(light * (0.55 + 0.4 * warm)), int(light * warm), 255


def _near(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    red, green, blue = (int(np.clip(value + rng.normal() * spread, 0, 255)) for value in colour[:3])
    return red, green, blue, 255


def _dark(rng: np.random.Generator) -> Colour:
    value = int(rng.integers(0, 60))
    return value, value, value, 255


def _at(x: float, y: float) -> tuple[int, int]:
    return round(float(x)), round(float(y))


def _oval(
    canvas: Image, x: float, y: float, rx: float, ry: float, colour: Colour, angle: float = 0.0
) -> None:
    axes = max(1, round(rx)), max(1, round(ry))
    cv2.ellipse(canvas, _at(x, y), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)


def _polygon(canvas: Image, points: list[tuple[float, float]], colour: Colour) -> None:
    cv2.fillPoly(canvas, [np.int32(np.rint(points))], colour, cv2.LINE_AA)


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


def _animal(rng: np.random.Generator, canvas: Image) -> None:
    """A head with ears, a snout, and eyes too far apart, too high or too round; perhaps a body."""
    fur = _natural(rng)
    wide, tall = rng.uniform(16, 27), rng.uniform(15, 28)
    x, y = MIDDLE + rng.normal() * 3, rng.uniform(36, 52)
    if rng.random() < 0.5:
        _oval(
            canvas,
            x + rng.normal() * 12,
            y + 1.7 * tall,
            1.2 * wide,
            1.3 * tall,
            _near(rng, fur, 12),
        )
    ear, drop, spread = rng.uniform(0.3, 0.9), rng.uniform(-1.4, 0.9), rng.uniform(0.5, 1.2)
    for side in (-1, 1):
        root = x + side * 0.6 * wide, y - 0.55 * tall
        tip = root[0] + side * ear * wide * spread, root[1] + drop * ear * tall
        if rng.random() < 0.6:
            _polygon(
                canvas,
                [(root[0] - side * 0.3 * wide, root[1] - 3), (root[0], root[1] + 0.5 * tall), tip],
                fur,
            )
        else:
            _oval(canvas, *root, 0.5 * ear * wide, 0.6 * ear * tall, _near(rng, fur, 25), side * 40)
    _oval(canvas, x, y, wide, tall, fur, float(rng.normal() * 6))
    if rng.random() < 0.4:
        _oval(canvas, x, y - 0.1 * tall, 0.2 * wide, 0.8 * tall, _near(rng, fur, 60))
    turned = rng.normal() * 0.35 * wide
    nose = x + turned, y + rng.uniform(0.35, 0.9) * tall
    _oval(
        canvas,
        x + turned,
        nose[1],
        rng.uniform(0.3, 0.6) * wide,
        rng.uniform(0.3, 0.6) * tall,
        _near(rng, fur, 35),
    )
    apart, high = rng.uniform(0.4, 0.85) * wide, y - rng.uniform(0.0, 0.55) * tall
    size = rng.uniform(0.06, 0.2) * wide
    for side in (-1, 1) if rng.random() < 0.8 else (1,):
        eye = x + 0.5 * turned + side * apart, high
        _oval(
            canvas,
            *eye,
            1.4 * size,
            1.3 * size,
            _near(rng, fur, 60) if rng.random() < 0.5 else _natural(rng),
        )
        _oval(canvas, *eye, size, size, _dark(rng))
    big = rng.uniform(0.1, 0.25) * wide
    _oval(canvas, nose[0], nose[1] - 0.1 * tall, big, 0.7 * big, _dark(rng))
    if rng.random() < 0.5:
        cv2.line(
            canvas,
            _at(nose[0], nose[1]),
            _at(nose[0], nose[1] + 0.3 * tall),
            _dark(rng),
            1,
            cv2.LINE_AA,
        )


def _bird(rng: np.random.Generator, canvas: Image) -> None:
    """A round head with a beak to the side or two great eyes, on a body."""
    feathers, size = _natural(rng) if rng.random() < 0.6 else _tint(rng), rng.uniform(11, 24)
    x, y = MIDDLE + rng.normal() * 6, rng.uniform(28, 46)
    _oval(
        canvas,
        x + rng.normal() * 14,
        y + 1.8 * size,
        1.2 * size,
        1.7 * size,
        _near(rng, feathers, 40),
        20,
    )
    side = -1 if rng.random() < 0.5 else 1
    reach = x + side * size * rng.uniform(1.3, 2.6), y + rng.uniform(-0.2, 0.8) * size
    bill = _natural(rng)
    _oval(canvas, x, y, size, size * rng.uniform(0.85, 1.1), feathers)
    if rng.random() < 0.6:
        _polygon(
            canvas,
            [(x + side * 0.7 * size, y - 5), reach, (x + side * 0.6 * size, y + 0.5 * size)],
            bill,
        )
        eyes = [(x + side * rng.uniform(0.1, 0.5) * size, y - 0.2 * size)]
    else:
        _polygon(canvas, [(x - 4, y), (x + 4, y), (x, y + 0.6 * size)], bill)
        eyes = [(x - 0.45 * size, y - 0.15 * size), (x + 0.45 * size, y - 0.15 * size)]
    for eye in eyes:
        _oval(canvas, *eye, 0.28 * size, 0.28 * size, _tint(rng))
        _oval(canvas, *eye, 0.15 * size, 0.15 * size, _dark(rng))


def _flower(rng: np.random.Generator, canvas: Image) -> None:
    petal, count = _tint(rng), int(rng.integers(4, 22))
    inner, long = rng.uniform(5, 22), rng.uniform(14, 24)
    for n in range(count):
        turn = 2 * math.pi * n / count + rng.normal() * 0.1
        x, y = MIDDLE + inner * math.cos(turn), MIDDLE + inner * math.sin(turn)
        _oval(
            canvas,
            x,
            y,
            long,
            long * rng.uniform(0.25, 0.6),
            _near(rng, petal, 14),
            math.degrees(turn),
        )
    _oval(canvas, MIDDLE, MIDDLE, inner * 0.8, inner * 0.8, _natural(rng))


def _fruit(rng: np.random.Generator, canvas: Image) -> None:
    skin = _tint(rng) if rng.random() < 0.6 else _natural(rng)
    for _ in range(int(rng.integers(1, 6))):
        x, y = MIDDLE + rng.normal(size=2) * 11
        size = rng.uniform(12, 34)
        _oval(
            canvas,
            x,
            y,
            size,
            size * rng.uniform(0.7, 1.2),
            _near(rng, skin, 16),
            rng.uniform(0, 180),
        )
        if rng.random() < 0.4:
            tip = _at(x + rng.normal() * 5, y - size - 6)
            cv2.line(canvas, _at(x, y - 0.8 * size), tip, _dark(rng), 2, cv2.LINE_AA)


def _rings(rng: np.random.Generator, canvas: Image) -> None:
    """A dial, a plate or a loudspeaker."""
    flat, angle = rng.uniform(0.5, 1), rng.uniform(0, 180)
    for share in np.sort(rng.uniform(0.1, 1, int(rng.integers(2, 7))))[::-1]:
        _oval(canvas, MIDDLE, MIDDLE, 44 * share, 44 * share * flat, _tint(rng), angle)


def _spots(rng: np.random.Generator, canvas: Image) -> None:
    """A rounded thing with a few spots on it."""
    skin = _natural(rng) if rng.random() < 0.6 else _tint(rng)
    _oval(
        canvas, MIDDLE, MIDDLE, rng.uniform(24, 42), rng.uniform(24, 46), skin, rng.uniform(-30, 30)
    )
    ink = _dark(rng) if rng.random() < 0.5 else _tint(rng)
    for _ in range(int(rng.integers(1, 8))):
        x, y = MIDDLE + rng.uniform(-26, 26, 2)
        _oval(canvas, x, y, rng.uniform(2, 10), rng.uniform(2, 10), ink)


def _bars(rng: np.random.Generator, canvas: Image) -> None:
    """Boxes within a box: a device's front, a window, a shelf."""
    half = np.array([rng.uniform(20, 46), rng.uniform(18, 46)])
    low = MIDDLE - half
    cv2.rectangle(canvas, _at(*low), _at(*(low + 2 * half)), _tint(rng), -1)
    for _ in range(int(rng.integers(1, 10))):
        start = low + rng.uniform(0.05, 0.85, 2) * 2 * half
        end = np.minimum(start + rng.uniform(0.05, 0.9, 2) * half, low + 1.9 * half)
        if rng.random() < 0.3:
            _oval(canvas, *start, *(0.3 * (end - start) + 2), _tint(rng))
        else:
            cv2.rectangle(canvas, _at(*start), _at(*end), _tint(rng), -1)


def _grid(rng: np.random.Generator, canvas: Image) -> None:
    """Dots in rows: a grille, a keypad, a pattern."""
    count, ink = int(rng.integers(2, 9)), _tint(rng)
    if rng.random() < 0.6:
        cv2.rectangle(canvas, (4, 4), (92, 92), _tint(rng), -1)
    radius = max(1, round(76 / count * rng.uniform(0.15, 0.5)))
    for y in np.linspace(14, 82, count):
        for x in np.linspace(14, 82, count):
            cv2.circle(canvas, _at(x, y), radius, ink, -1, cv2.LINE_AA)


def _spokes(rng: np.random.Generator, canvas: Image) -> None:
    """A wheel, a fan or a clock."""
    _oval(canvas, MIDDLE, MIDDLE, 44, 44, _tint(rng))
    if rng.random() < 0.5:
        _oval(canvas, MIDDLE, MIDDLE, 32, 32, _tint(rng))
    ink, thick, turn, count = (
        _tint(rng),
        int(rng.integers(1, 9)),
        rng.uniform(0, 6),
        int(rng.integers(2, 12)),
    )
    for n in range(count):
        angle = turn + 2 * math.pi * n / count
        end = MIDDLE + 40 * math.cos(angle), MIDDLE + 40 * math.sin(angle)
        cv2.line(canvas, _at(MIDDLE, MIDDLE), _at(*end), ink, thick, cv2.LINE_AA)
    _oval(canvas, MIDDLE, MIDDLE, rng.uniform(2, 16), rng.uniform(2, 16), _tint(rng))


def _blob(rng: np.random.Generator, canvas: Image) -> None:
    """A stone, a cushion, a loaf, a bush: a rounded outline, lit and textured."""
    turns = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    radius = 30 + sum(
        rng.normal() * 7 / n * np.cos(n * turns + rng.uniform(0, 6)) for n in (1, 2, 3, 4)
    )
    points = np.column_stack(
        [MIDDLE + radius * np.cos(turns), MIDDLE + radius * np.sin(turns) * rng.uniform(0.6, 1.2)]
    )
    _polygon(
        canvas,
        [(float(x), float(y)) for x, y in points],
        _natural(rng) if rng.random() < 0.7 else _tint(rng),
    )
