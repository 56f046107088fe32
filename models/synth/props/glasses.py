"""Glasses as geometry: frames, temples, lenses that tint and mirror."""

from __future__ import annotations

import numpy as np

from models.synth.mesh import Mesh, disc, part_row, tube
from models.synth.raster import LENS


def _outline(rng: np.random.Generator, columns: int = 26) -> np.ndarray:
    """Outline (columns, 2) of a right lens, centimetres about its centre; the temple side is -x."""
    width, height = rng.uniform(2.3, 3.1), rng.uniform(1.3, 2.5)
    power = 2 / rng.uniform(2.0, 5.0)
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    x = np.sign(c) * np.abs(c) ** power * width
    y = np.sign(s) * np.abs(s) ** power * height
    taper = rng.uniform(-0.15, 0.25)  # narrower below, as aviators are
    x = x * (1 + taper * np.minimum(y / height, 0))
    y = y + rng.uniform(0, 0.12) * -x * (y > 0)  # cat eyes rise toward the temple
    return np.stack([x, y], -1)


def glasses(rng: np.random.Generator, ibug: np.ndarray) -> tuple[list[Mesh], set[str]]:
    """Random glasses.

    Args:
        rng: Random generator.
        ibug: The 68 points (68, 3) in the head frame.

    Returns:
        Meshes, and the attributes "glasses", "sunglasses" (eyes can hardly be seen) or "rimless".
    """
    names = {"glasses"}
    right, left = ibug[36:42].mean(0), ibug[42:48].mean(0)
    middle = (right + left) / 2
    half = np.linalg.norm(left - right) / 2
    drop, ahead = rng.normal(-0.25, 0.25), rng.uniform(1.3, 2.2)
    if rng.random() < 0.12:  # slipped down the nose
        drop, ahead = drop - rng.uniform(0.5, 1.4), ahead + rng.uniform(0.3, 0.9)
    outline = _outline(rng)
    gap = half + rng.uniform(-0.1, 0.35)
    wrap, tilt = rng.uniform(0.0, 0.05), rng.uniform(0.0, 0.16)
    metal = rng.random() < 0.4
    dark = rng.uniform(0.0, 0.08, 3) if rng.random() < 0.6 else rng.uniform(0.02, 0.6, 3)
    frame = part_row(
        colour=dark, specular=2.5 if metal else 1.0, roughness=float(rng.uniform(0.15, 0.5)),
        mirror=0.3 if metal else 0.02,
    )  # fmt: skip
    thickness = rng.uniform(0.06, 0.12) if metal else rng.uniform(0.1, 0.32)
    rim = rng.choice(["full", "full", "full", "half", "none"])
    sun = rng.random() < 0.33
    if sun:
        names.add("sunglasses")
        transmission, mirror = (
            rng.uniform(0.02, 0.3),
            rng.choice([0.05, 0.1, rng.uniform(0.2, 0.6)]),
        )
    else:
        transmission = rng.choice([0.93, rng.uniform(0.55, 0.9)], p=[0.8, 0.2])
        mirror = rng.choice([0.03, 0.1, 0.25], p=[0.55, 0.3, 0.15])
    tint = np.clip(np.exp(rng.normal(0, 0.12 if sun else 0.03, 3)), 0, 1.2)
    lens = part_row(LENS, tint, transmission=float(transmission), mirror=float(mirror))
    meshes = []
    for side in (-1.0, 1.0):
        x = side * gap - side * outline[:, 0] * -1.0
        y = outline[:, 1] + drop
        z = ahead - wrap * x**2 + wrap * gap**2 * 0.3 + tilt * outline[:, 1]
        ring = middle + np.stack([x, y, z], -1)
        meshes.append(disc(ring, np.array([0, 0, rng.uniform(0.05, 0.3)]), lens))
        if rim == "full":
            meshes.append(tube(ring, thickness, frame, sides=5, closed=True))
        elif rim == "half":
            upper = ring[outline[:, 1] > -0.2]
            order = np.argsort(upper[:, 0])
            meshes.append(tube(upper[order], thickness, frame, sides=5))
        hinge = ring[np.argmax(np.abs(ring[:, 0] - middle[0]) + 0.7 * (outline[:, 1] > 0.2))]
        ear = ibug[0] if side < 0 else ibug[16]
        end = np.array([ear[0] + side * 0.5, middle[1] + drop + 0.6, ear[2] - 2.5])
        out = np.array(
            [max(abs(hinge[0] - middle[0]) + 0.3, abs(ear[0]) + 0.1) * side + middle[0], 0, 0]
        )
        knee = np.array([out[0], hinge[1], hinge[2] - 1.2])
        path = np.array(
            [
                hinge,
                knee,
                (knee + end) / 2 + [side * 0.2, 0.1, 0],
                end,
                end - np.array([0, 1.6, 1.2]),
            ]
        )
        meshes.append(tube(path, thickness * rng.uniform(0.8, 1.6), frame, sides=5))
    inner = gap - outline[:, 0].max()
    y = middle[1] + drop + rng.uniform(0.1, 0.7)
    bridge = np.array(
        [
            [middle[0] - inner, y, middle[2] + ahead],
            [middle[0], y + 0.25, middle[2] + ahead + 0.3],
            [middle[0] + inner, y, middle[2] + ahead],
        ]
    )
    meshes.append(tube(bridge, max(thickness * 0.8, 0.08), frame, sides=5))
    if rim == "none":
        names.add("rimless")
    return meshes, names
