"""Skin marks in the log albedo: redness, freckles, moles, spots, circles, burns, birthmarks."""

import cv2
import numpy as np

from models.synth.appearance import noise
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.planes import cheek, tint
from models.synth.appearance.regions import SIZE, smoothstep

_BLOOD = np.array([0.02, -0.42, -0.40], np.float32)
"""Change of log albedo by blood near the surface: haemoglobin absorbs green and blue."""
_MELANIN = np.array([-0.35, -0.55, -0.75], np.float32)
"""Change of log albedo by melanin: absorption rises towards blue."""


def _dots(
    rng: np.random.Generator, density: Floats, count: int, radius: tuple[float, float], soft: float
) -> Floats:
    """Round marks scattered by a density (peak 1), coverage 0–1; radii in texels."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    places = rng.integers(0, SIZE, (count, 2))
    keep = density[places[:, 1], places[:, 0]] > rng.random(count)
    sizes = rng.uniform(*radius, count)
    tones = rng.integers(90, 256, count)
    for (x, y), size, tone in zip(places[keep], sizes[keep], tones[keep], strict=True):
        cv2.circle(mask, (int(x) * 16, int(y) * 16), int(size * 16), int(tone), -1, cv2.LINE_AA, 4)
    marks = mask.astype(np.float32) * (1 / 255)
    return cv2.GaussianBlur(marks, (0, 0), soft) if soft > 0 else marks


def _flush(rng: np.random.Generator, face: Floats, kit: SkinKit, darkness: float) -> None:
    patchy = 1 + 0.35 * noise.fractal(rng, SIZE, SIZE, exponent=1.3, zoom=2)
    for region, most in (
        ("nose", 0.7),
        ("cheeks", 0.7),
        ("ears", 0.8),
        ("chin", 0.35),
        ("forehead", 0.25),
    ):
        tint(
            face,
            kit.regions[region] * patchy,
            _BLOOD * (rng.beta(1, 2.2) * most * (1 - 0.55 * darkness)),
        )


def _dark_circles(rng: np.random.Generator, face: Floats, kit: SkinKit, age: float) -> None:
    strength = rng.beta(1, 2.5) * (0.4 + 0.6 * age)
    hue = np.array([-0.35, -0.5, -0.42]) + rng.normal(size=3) * 0.06
    tint(face, kit.regions["under_eyes"], hue * strength)
    tint(face, kit.regions["sockets"], hue * (0.7 * rng.beta(1, 2.5)))


def _colour_lips(rng: np.random.Generator, face: Floats, kit: SkinKit, darkness: float) -> None:
    """Give the lips one colour up to the border that the landmarks mark; keep their fine shading.

    The photographed lips end before the corners. People label the border they see, so it has to be
    where the landmarks are.
    """
    rows, columns = (
        slice(int(0.44 * SIZE), int(0.68 * SIZE)),
        slice(int(0.34 * SIZE), int(0.66 * SIZE)),
    )
    lips = kit.regions["lips"][rows, columns]
    blood = np.array([-0.12, -0.75, -0.65]) * rng.uniform(0.15, 1.0) * (1 - 0.45 * darkness)
    aim = (cheek(face) + blood - rng.uniform(0.05, 0.3) + rng.normal(size=3) * 0.06).astype(
        np.float32
    )
    alpha = lips * np.float32(rng.uniform(0.6, 1.0))
    for plane, value in zip(face, aim, strict=True):
        part = plane[rows, columns]
        part += (value - cv2.GaussianBlur(part, (0, 0), 4)) * alpha


def _blotch(rng: np.random.Generator, coverage: float) -> Floats:
    """An irregular soft-edged patch from thresholded noise."""
    cloud = noise.fractal(rng, SIZE, SIZE, exponent=1.7, zoom=float(rng.uniform(1.5, 4)))
    return smoothstep(cloud, coverage, coverage + 0.35)


def mottle(
    rng: np.random.Generator, face: Floats, kit: SkinKit, darkness: float, age: float
) -> set[str]:
    """Add marks to the log albedo of a face in place.

    Args:
        rng: Random generator.
        face: Log albedo (3, SIZE, SIZE), changed.
        kit: Regions of the face.
        darkness: Of the skin, 0–1.
        age: 0 (young) to 1 (old).

    Returns:
        The names of the rarer marks.
    """
    names: set[str] = set()
    everywhere = np.ones((SIZE, SIZE), np.float32)
    _flush(rng, face, kit, darkness)
    _dark_circles(rng, face, kit, age)
    _colour_lips(rng, face, kit, darkness)
    if rng.random() < 0.35 * (1 - darkness):
        count = int(rng.integers(150, 1600))
        tint(
            face,
            _dots(rng, kit.regions["freckled"], count, (0.3, 1.1), 0.5),
            _MELANIN * rng.uniform(0.4, 1.1),
        )
        names.add("freckles")
    if rng.random() < 0.4:
        tint(
            face,
            _dots(rng, everywhere, int(rng.integers(1, 14)), (0.5, 1.6), 0.4),
            _MELANIN * rng.uniform(1.2, 2.6),
        )
    if rng.random() < 0.2:
        tint(
            face,
            _dots(rng, everywhere, int(rng.integers(5, 50)), (0.6, 2.0), 0.8),
            _BLOOD * rng.uniform(0.5, 1.6),
        )
        names.add("acne")
    if rng.random() < 0.6 * age:
        tint(
            face,
            _dots(rng, everywhere, int(rng.integers(10, 80)), (0.6, 2.6), 0.9),
            _MELANIN * rng.uniform(0.2, 0.8),
        )
    if rng.random() < 0.05:
        tint(face, 1 - kit.regions["sockets"] * rng.uniform(0.4, 1), _BLOOD * rng.uniform(0.5, 1.4))
        names.add("sunburn")
    if rng.random() < 0.02:
        change = (
            _BLOOD * rng.uniform(1, 2.5) if rng.random() < 0.5 else _MELANIN * rng.uniform(0.6, 1.6)
        )
        tint(face, _blotch(rng, rng.uniform(0.8, 2.0)), change.astype(np.float32))
        names.add("birthmark")
    if rng.random() < 0.012:
        tint(
            face,
            _blotch(rng, rng.uniform(0.4, 1.6)),
            -_MELANIN * rng.uniform(0.5, 1.2) * (0.4 + darkness),
        )
        names.add("vitiligo")
    return names
