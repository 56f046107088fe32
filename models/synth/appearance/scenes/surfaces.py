"""Flat things: plain grounds, fabrics, bricks, tiles, wood, print, screens and dead leaves."""

import cv2
import numpy as np

from models.synth.appearance import noise
from models.synth.appearance.colour import encode_srgb, skin_tone
from models.synth.appearance.scenes.drawing import (
    PLATE,
    Plate,
    box,
    fill,
    gradient,
    near,
    paste,
    speckle,
    tint,
)

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%&?!+-"
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)


def plain(rng: np.random.Generator) -> Plate:
    """A wall or a studio backdrop."""
    base = tint(rng)
    return speckle(rng, gradient(rng, base, near(rng, base, 30)), rng.uniform(0, 5))


def clouds(rng: np.random.Generator) -> Plate:
    """Coloured noise with a natural spectrum: marble, bushes, rough walls, defocused anything."""
    exponent = rng.uniform(0.7, 2.0)
    mixing = rng.normal(size=(3, 3)) * 0.35 + 1.0
    layers = np.stack([noise.fractal(rng, PLATE, PLATE, exponent=exponent) for _ in range(3)], -1)
    contrast = rng.uniform(10, 60)
    return np.clip(np.array(tint(rng)) + (layers @ mixing.T) * contrast * 0.5, 0, 255).astype(
        np.uint8
    )


def fabric(rng: np.random.Generator) -> Plate:
    """Cloth: stripes, checks, dots or plain, with a weave and folds."""
    base, second = tint(rng), tint(rng)
    plate = np.full((PLATE, PLATE, 3), base, np.uint8)
    pitch, kind = int(rng.integers(6, 60)), int(rng.integers(5))
    if kind in {0, 1}:
        for x in range(0, PLATE, pitch):
            cv2.rectangle(
                plate,
                (x, 0),
                (x + int(pitch * rng.uniform(0.2, 0.6)), PLATE),
                near(rng, second, 8),
                -1,
            )
    if kind == 1:
        other = plate.transpose(1, 0, 2).copy()
        plate = cv2.addWeighted(plate, 0.5, other, 0.5, 0)
    if kind == 2:
        for y in range(0, PLATE + pitch, pitch):
            for x in range(0, PLATE + pitch, pitch):
                cv2.circle(
                    plate,
                    (x + (y // pitch % 2) * pitch // 2, y),
                    max(pitch // 4, 1),
                    second,
                    -1,
                    cv2.LINE_AA,
                )
    angle = rng.uniform(0, 360)
    matrix = cv2.getRotationMatrix2D((PLATE / 2, PLATE / 2), angle, rng.uniform(1, 2))
    plate = cv2.warpAffine(plate, matrix, (PLATE, PLATE), borderMode=cv2.BORDER_REFLECT)
    folds = 1 + rng.uniform(0, 0.3) * noise.fractal(rng, PLATE, PLATE, exponent=2.0, zoom=3)
    return speckle(
        rng, np.clip(plate * folds[..., None], 0, 255).astype(np.uint8), rng.uniform(2, 12), 0.2
    )


def bricks(rng: np.random.Generator) -> Plate:
    """Bricks, tiles, planks or panels with joints."""
    joint, base = tint(rng), tint(rng)
    if rng.random() < 0.4:
        joint, base = near(rng, (150, 140, 130), 20), near(rng, (140, 75, 55), 20)
    plate = np.full((PLATE, PLATE, 3), joint, np.uint8)
    h, ratio = int(rng.integers(10, 60)), rng.choice([1.0, 2.5, 6.0])
    w, gap, spread = int(h * ratio), int(rng.integers(1, 4)), rng.uniform(2, 18)
    for i, y in enumerate(range(0, PLATE, h)):
        for x in range(-(i % 2) * w // 2 if ratio > 1 else 0, PLATE, w):
            cv2.rectangle(plate, (x, y), (x + w - gap, y + h - gap), near(rng, base, spread), -1)
    if rng.random() < 0.3:
        plate = plate.transpose(1, 0, 2)
    return speckle(rng, np.ascontiguousarray(plate), rng.uniform(2, 14))


def wood(rng: np.random.Generator) -> Plate:
    """Boards with grain."""
    base = np.array(near(rng, (140, 95, 55), 30))
    rings = noise.fractal(rng, 24, PLATE, exponent=1.8, zoom=1)
    grain = (
        cv2.resize(rings, (PLATE, PLATE)) * 2
        + noise.fractal(rng, 48, PLATE, exponent=0.5, zoom=1).repeat(6, 0)[:PLATE] * 0.3
    )
    plate = np.clip(
        base + (np.sin(grain * rng.uniform(1, 5)) * rng.uniform(4, 22))[..., None], 0, 255
    ).astype(np.uint8)
    for x in range(0, PLATE, int(rng.integers(30, 120))):
        cv2.line(plate, (0, x), (PLATE, x), near(rng, (50, 35, 22), 6), 1)
    return np.ascontiguousarray(plate if rng.random() < 0.5 else plate.transpose(1, 0, 2))


def writing(rng: np.random.Generator) -> Plate:
    """A page, a sign or a poster: lines of letters of many sizes, boxes and stripes."""
    paper, ink = tint(rng), tint(rng)
    plate = gradient(rng, paper, near(rng, paper, 12))
    y, font = 0.0, int(rng.choice(_FONTS))
    scale = float(np.exp(rng.uniform(np.log(0.25), np.log(2.2))))
    while y < PLATE + 40:
        size = scale if rng.random() < 0.85 else scale * rng.uniform(1.2, 2.5)
        y += 26 * size * rng.uniform(1, 1.4)
        text = "".join(rng.choice(list(_LETTERS + "     "), int(6 + 24 / size)))
        cv2.putText(
            plate,
            text,
            (int(rng.integers(-10, 30)), int(y)),
            font,
            size,
            near(rng, ink, 8),
            max(1, round(1.6 * size)),
            cv2.LINE_AA,
        )
    return plate


def screen(rng: np.random.Generator) -> Plate:
    """A monitor or a dashboard display: windows, bars, charts, text."""
    plate = np.full((PLATE, PLATE, 3), tint(rng, dark=0.4), np.uint8)
    page = writing(rng)
    for _ in range(int(rng.integers(2, 7))):
        x, y = rng.integers(0, PLATE - 30, 2)
        w, h = rng.integers(30, 190, 2)
        x2, y2 = min(x + w, PLATE), min(y + h, PLATE)
        if rng.random() < 0.5:
            plate[y:y2, x:x2] = page[y:y2, x:x2]
        else:
            cv2.rectangle(plate, (int(x), int(y)), (int(x2), int(y2)), tint(rng), -1)
        cv2.rectangle(plate, (int(x), int(y)), (int(x2), int(y) + 8), tint(rng), -1)
    chart = np.cumsum(rng.normal(size=40)) * 6 + PLATE / 2
    cv2.polylines(
        plate,
        [np.stack([np.linspace(0, PLATE, 40), chart], 1).astype(np.int32)],
        False,
        tint(rng),
        2,
        cv2.LINE_AA,
    )
    return plate


def dead_leaves(rng: np.random.Generator) -> Plate:
    """Opaque shapes, one over another, with power-law sizes: the edge statistics of photographs.

    The size law r**-3 is that of the dead leaves model (Lee, Mumford and Huang 2001).
    """
    palette = [tint(rng) for _ in range(int(rng.integers(3, 9)))]
    if rng.random() < 0.2:
        palette = [tuple(encode_srgb(skin_tone(rng)[0]).tolist()) for _ in range(4)]
    plate = np.full((PLATE, PLATE, 3), palette[0], np.uint8)
    count = 260
    radii = np.clip(5 / np.sqrt(rng.uniform(0.0035, 1, count)), 5, 85)
    for radius in radii:
        shade = near(rng, palette[int(rng.integers(len(palette)))], 14)
        x, y = rng.uniform(0, PLATE, 2)
        if rng.random() < 0.5:
            axes = (int(radius), int(radius * rng.uniform(0.2, 1)))
            cv2.ellipse(
                plate,
                (int(x), int(y)),
                axes,
                float(rng.uniform(0, 180)),
                0,
                360,
                shade,
                -1,
                cv2.LINE_AA,
            )
        else:
            corners = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            fill(
                plate,
                np.stack([x + radius * np.cos(corners), y + radius * np.sin(corners)], 1),
                shade,
            )
    return speckle(rng, plate, rng.uniform(0, 10))


def leaves(rng: np.random.Generator) -> Plate:
    """A hedge or a tree: layers of leaves from dark and small to light and large."""
    hue = near(rng, (70, 110, 45), 18) if rng.random() < 0.75 else near(rng, (150, 110, 45), 25)
    plate = (np.full((PLATE, PLATE, 3), hue) * 0.3).astype(np.uint8)
    if rng.random() < 0.4:
        bright = noise.fractal(rng, PLATE, PLATE, exponent=1.3, zoom=2)
        paste(plate, np.array([215, 228, 240]), (bright > rng.uniform(0.3, 1.5)).astype(np.float32))
    size = rng.uniform(3, 11)
    for depth in np.linspace(0.35, 1.15, 220).tolist():
        x, y = rng.uniform(0, PLATE, 2)
        r, g, b = near(rng, hue, 12)
        shade = (min(r * depth, 255), min(g * depth, 255), min(b * depth, 255))
        axes = (int(size * rng.uniform(0.8, 1.6)) + 1, int(size * rng.uniform(0.3, 0.7)) + 1)
        cv2.ellipse(
            plate,
            (int(x), int(y)),
            axes,
            float(rng.uniform(0, 180)),
            0,
            360,
            shade,
            -1,
            cv2.LINE_AA,
        )
    return plate


def poster(rng: np.random.Generator) -> Plate:
    """A wall with pictures: framed plates of other surfaces."""
    plate = plain(rng)
    for _ in range(int(rng.integers(1, 5))):
        x, y, w, h = (
            rng.uniform(0, 200),
            rng.uniform(0, 200),
            rng.uniform(30, 130),
            rng.uniform(30, 130),
        )
        inner = (dead_leaves, clouds, writing, fabric)[int(rng.integers(4))](rng)
        fill(plate, box(x - 5, y - 5, x + w + 5, y + h + 5), tint(rng, dark=0.6))
        x0, y0, x1, y1 = (int(min(v, PLATE)) for v in (x, y, x + w, y + h))
        plate[y0:y1, x0:x1] = inner[: y1 - y0, : x1 - x0]
    return plate
