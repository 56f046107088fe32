"""Lips with a border that can be seen, of any width, and where their outline is."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import noise, planes
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.regions import SIZE, ellipse, polygon, strokes

Outline = NDArray[np.float64]

_INNER_OF_OUTER = np.array([60, 61, 61, 62, 63, 63, 64, 65, 65, 66, 67, 67])
"""The points of the inner ring opposite those of the outer ring, 48 to 59."""
_CORNERS, _UPPER, _LOWER = (0, 6), slice(1, 6), slice(7, 12)


def outline(rng: np.random.Generator, kit: SkinKit) -> Outline:
    """Return the border of a person's lips, UV (12, 2), for the points 48 to 59.

    The mesh's own points are up to a quarter of a lip outside the lips in photographs.
    """
    uv = kit.uv68
    share = np.empty(12)
    share[list(_CORNERS)] = rng.uniform(0.55, 1.0)
    share[_UPPER] = rng.uniform(0.45, 0.98)
    share[2:5] += rng.normal() * 0.05 + np.array([0, -abs(rng.normal()) * 0.07, 0])  # the bow
    share[_LOWER] = rng.uniform(0.5, 1.06)
    share[9] += rng.normal() * 0.05
    inner = uv[_INNER_OF_OUTER]
    inner[[1, 5, 7, 11]] = 0.5 * (inner[[1, 5, 7, 11]] + uv[[60, 64, 64, 60]])
    return inner + share[:, None] * (uv[48:60] - inner)


def paint(
    rng: np.random.Generator, face: Floats, kit: SkinKit, darkness: float, child: float
) -> tuple[SkinKit, Outline]:
    """Paint lips on the log albedo of a face in place.

    Args:
        rng: Random generator.
        face: Log albedo (3, SIZE, SIZE), changed.
        kit: Regions of the face.
        darkness: Of the skin, 0 to 1.
        child: 0 for an adult to 1 for a small child.

    Returns:
        The kit with the region of these lips, and the outline.
    """
    border = outline(rng, kit)
    edge = float(np.exp(rng.uniform(np.log(0.0025), np.log(0.008))))
    lips = polygon(border, edge)
    clear = rng.random() > 0.15
    red = rng.uniform(0.25, 0.9) * (1 - 0.55 * darkness) if clear else rng.uniform(0, 0.25)
    dark = rng.normal(-0.16, 0.17) if clear else rng.normal(-0.04, 0.08)
    dark += 0.25 * darkness * rng.normal()
    tone = dark + red * np.array([0.35, -0.65, -0.4]) + rng.normal(0, 0.05, 3)
    planes.tint(face, lips, tone)
    upper = lips * (np.arange(SIZE)[:, None] < kit.uv68[60, 1] * SIZE).astype(np.float32)
    shade = np.full(3, -1.0)
    planes.tint(face, upper, shade * rng.uniform(-0.05, 0.3))
    inside = np.minimum(kit.regions["inner_lips"], lips)
    planes.tint(face, inside, np.array([-0.15, -0.5, -0.45]) * rng.uniform(0.2, 1.4))
    planes.tint(face, lips * noise.fractal(rng, SIZE, SIZE, exponent=1.0, zoom=1.0),
                shade * rng.uniform(0, 0.09))  # fmt: skip
    if rng.random() < 0.5:  # the roll of light skin along the border
        roll = strokes([border[:7] - np.array([0, 0.006])], 0.006, 0.004) * (1 - lips)
        planes.tint(face, roll, -shade * rng.uniform(0, 0.22))
    if rng.random() < 0.4:  # a darker line along it
        line = strokes([np.concatenate([border, border[:1]])], 0.004, 0.003)
        planes.tint(face, line, shade * rng.uniform(0, 0.3))
    if rng.random() < 0.5:  # wet light
        middle = 0.5 * (border[9] + kit.uv68[66]) + [rng.normal() * 0.01, 0]
        wide = rng.uniform(0.02, 0.05)
        planes.tint(
            face,
            ellipse(*middle, wide, rng.uniform(0.003, 0.009)) * lips,
            -shade * rng.uniform(0.05, 0.7),
        )
    below = ellipse(0.5, float(border[9, 1]) + rng.uniform(0.012, 0.03), 0.07, 0.014)
    planes.tint(face, below * (1 - lips), shade * rng.uniform(0, 0.35) * (1 - 0.5 * child))
    right, left = (ellipse(*border[k].tolist(), 0.014, 0.011) for k in _CORNERS)
    planes.tint(face, right + left, shade * rng.uniform(0, 0.55) * (1 - 0.5 * child))
    regions = MappingProxyType({**kit.regions, "lips": lips})
    return replace(kit, regions=regions), border
