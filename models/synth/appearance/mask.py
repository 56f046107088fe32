"""Face masks in UV space: surgical, FFP2 and cloth, painted over a skin that they cover."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import colour, noise
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.regions import SIZE, polygon, strokes
from models.synth.appearance.skin import Skin

_SURGICAL = (
    (168, 204, 222),
    (196, 222, 226),
    (240, 242, 242),
    (150, 190, 205),
    (225, 190, 205),
    (40, 42, 48),
)


def _outline(
    rng: np.random.Generator, uv: NDArray[np.float64], pulled_down: bool
) -> NDArray[np.float64]:
    """Outline in UV, right half then left: worn over the nose, under it, or under the chin."""
    top = rng.uniform(*uv[[27, 30], 1])
    if pulled_down:
        top = rng.uniform(0.47, 0.7)
    side = min(top + rng.uniform(0.06, 0.12), 0.74)
    width, bottom = rng.uniform(0.27, 0.33), rng.uniform(0.76, 0.84)
    half = [(0.5, top), (0.5 - 0.35 * width, top + 0.25 * (side - top)), (0.5 - width, side)]
    half += [
        (0.5 - width, 0.6 if side < 0.58 else side + 0.02),
        (0.5 - 0.7 * width, bottom - 0.05),
        (0.5 - 0.3 * width, bottom),
    ]
    left = np.array(half)
    return np.concatenate([left, (left * [-1, 1] + [1, 0])[::-1]])


def _fabric(rng: np.random.Generator, kind: str) -> Floats:
    """Albedo (SIZE, SIZE, 3) of the mask's cloth."""
    if kind == "surgical":
        base = colour.from_srgb(*_SURGICAL[int(rng.integers(len(_SURGICAL)))])
    elif kind == "ffp2":
        base = colour.from_srgb(238, 238, 236) if rng.random() < 0.75 else colour.any_colour(rng)
    else:
        base = colour.any_colour(rng)
    shade = 1 + 0.03 * noise.fractal(rng, SIZE, SIZE, exponent=0.4, zoom=1)
    shade += 0.08 * noise.fractal(rng, SIZE, SIZE, exponent=2.0, zoom=3)
    if kind == "surgical":
        pleats = [
            np.array([(0.1, y), (0.5, y + 0.03), (0.9, y)])
            for y in np.linspace(0.45, 0.68, int(rng.integers(3, 5)))
        ]
        shade -= strokes(pleats, 0.006, 0.004) * rng.uniform(0.2, 0.6)
    elif kind == "ffp2":
        shade -= strokes([np.array([(0.5, 0.2), (0.5, 0.9)])], 0.004, 0.003) * 0.5
        shade -= strokes(
            [np.array([(0.25, 0.5), (0.5, 0.44), (0.75, 0.5)])], 0.004, 0.003
        ) * rng.uniform(0, 0.4)
    cloth = shade[..., None] * base
    if kind == "cloth" and rng.random() < 0.6:
        second = colour.any_colour(rng)
        angle, pitch = rng.uniform(0, np.pi), rng.uniform(0.02, 0.1)
        axis = np.arange(SIZE, dtype=np.float32) / SIZE
        phase = (np.cos(angle) * axis[None] + np.sin(angle) * axis[:, None]) / pitch
        if rng.random() < 0.5:
            phase = noise.fractal(rng, SIZE, SIZE, exponent=1.8, zoom=1.5)
        cloth += (second - base) * (np.sin(2 * np.pi * phase) > rng.uniform(-0.5, 0.7))[..., None]
    return np.clip(cloth, 0.005, 0.95).astype(np.float32)


def paint(rng: np.random.Generator, skin: Skin, kit: SkinKit) -> Skin:
    """Put a mask on a skin.

    Args:
        rng: Random generator.
        skin: Left as it is.
        kit: Regions of the face.

    Returns:
        A skin with "mask" and one of "surgical_mask", "ffp2_mask", "cloth_mask" among its
        attributes, and "mask_low" where the nose or the mouth is free; `covered` says which texels
        the cloth hides.
    """
    kind = str(rng.choice(["surgical", "ffp2", "cloth"], p=[0.5, 0.25, 0.25]))
    low = rng.random() < 0.15
    outline = _outline(rng, kit.uv68, low)
    alpha = polygon(outline, 0.003)
    rim = cv2.GaussianBlur(alpha, (0, 0), 4) * (1 - alpha)
    face = skin.face * (1 - 0.5 * rim)[..., None]
    loops = [np.array([outline[2], (0.06, 0.33)]), np.array([outline[3], (0.06, 0.46)])]
    loops += [line * [-1, 1] + [1, 0] for line in loops]
    strap = strokes(loops, 0.008, 0.002)[..., None] * 0.9
    face += (colour.from_srgb(235, 235, 235) - face) * strap
    face += (_fabric(rng, kind) - face) * alpha[..., None]
    names = skin.attributes | {"mask", f"{kind}_mask"} | ({"mask_low"} if low else set())
    return replace(skin, face=face, covered=alpha > 0.5, attributes=frozenset(names))
