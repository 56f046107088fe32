"""Caps, beanies, hoods, scarves and headphones, sized from the person's own head."""

from __future__ import annotations

import numpy as np

from models.synth.mesh import Mesh, ellipse_rings, ellipsoid, loft, part_row, tube


def fabric(rng: np.random.Generator) -> np.ndarray:
    """Part row of some cloth: plain, striped, checked, folded or dotted."""
    base = rng.uniform(0.01, 0.25, 3) if rng.random() < 0.5 else rng.uniform(0.02, 0.85, 3)
    if rng.random() < 0.4:
        base = np.full(3, base.mean()) * np.exp(rng.normal(0, 0.05, 3))
    other = (
        np.clip(base * rng.uniform(0.4, 1.8), 0, 0.95)
        if rng.random() < 0.6
        else rng.uniform(0.02, 0.8, 3)
    )
    pattern = int(rng.choice([0, 1, 2, 3, 4], p=[0.2, 0.14, 0.1, 0.5, 0.06]))
    scale = rng.uniform(0.4, 1.4) if pattern == 3 else rng.uniform(1.0, 5.0)
    if pattern == 3:
        other = np.clip(base * rng.uniform(0.5, 1.5), 0, 0.95)
    return part_row(
        colour=base,
        colour2=other,
        pattern=pattern,
        scale=scale,
        specular=float(rng.choice([0.0, 0.3])),
        roughness=0.7,
    )


def _skull(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre (3,) and radii (3,) of an ellipsoid round the scalp of evaluated vertices."""
    scalp = vertices[9409:11248]
    crown = scalp[scalp[:, 1] > scalp[:, 1].max() - 9]
    forehead = vertices[:9409][vertices[:9409, 1] > scalp[:, 1].max() - 7.5]
    points = np.concatenate([crown, forehead])
    low, high = points.min(0), points.max(0)
    centre = np.array([(low[0] + high[0]) / 2, high[1] - 9.0, (low[2] + high[2]) / 2])
    return centre, np.array([(high[0] - low[0]) / 2, 9.0, (high[2] - low[2]) / 2])


def cap(rng: np.random.Generator, vertices: np.ndarray) -> tuple[list[Mesh], set[str]]:
    """A cap with a visor (mostly forward), or a beanie, or a helmet."""
    centre, radii = _skull(vertices)
    cloth = fabric(rng)
    kind = rng.choice(["cap", "beanie", "helmet"], p=[0.6, 0.3, 0.1])
    pad = rng.uniform(0.5, 1.2) if kind != "helmet" else rng.uniform(1.8, 3.0)
    brim = rng.uniform(0.12, 0.5)  # height of the front edge as a share of the radius
    back = rng.uniform(-0.25, 0.1)
    rings = []
    for share in np.linspace(0, 1, 8):
        angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        edge = (brim + back) / 2 + (brim - back) / 2 * np.sin(angle)
        y = edge + (1 - edge) * np.sin(share * np.pi / 2)
        r = np.sqrt(np.maximum(1 - y**2, 0)) if share < 1 else np.zeros_like(y)
        unit = np.stack([r * np.cos(angle), y, r * np.sin(angle)], -1)
        rings.append(centre + unit * (radii + pad))
    meshes = [loft(np.stack(rings), cloth)]
    if kind == "beanie":
        fold = np.stack([rings[0] + [0, -0.6, 0], rings[0] * 1.0 + [0, 0.4, 0.0], rings[1]])
        grown = centre + (fold - centre) * np.array([1.06, 1.0, 1.06])
        meshes.append(loft(grown, cloth))
    if kind == "cap":
        turn = 0.0 if rng.random() < 0.8 else rng.choice([np.pi, rng.uniform(-1, 1)])
        span = np.linspace(-1.0, 1.0, 13)
        y0 = brim * (radii[1] + pad)
        r = np.sqrt(max(1 - brim**2, 0))
        inner = np.stack(
            [
                r * np.sin(span) * (radii[0] + pad),
                0 * span + y0 + 0.2,
                r * np.cos(span) * (radii[2] + pad) - 0.4,
            ],
            -1,
        )
        reach, droop = rng.uniform(4.5, 7.5), rng.uniform(0.3, 2.2)
        outer = inner + np.stack(
            [0.1 * inner[:, 0], -droop * np.ones(13) - 1.6 * span**2, reach * np.cos(span * 1.1)],
            -1,
        )
        middle = (inner + outer) / 2 + [0, 0.3, 0]
        visor = np.stack([inner, middle, outer])
        c, s = np.cos(turn), np.sin(turn)
        visor = visor @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        meshes.append(
            loft(visor + centre, cloth if rng.random() < 0.6 else fabric(rng), closed=False)
        )
    return meshes, {str(kind) if kind != "beanie" else "cap"}


def hood(
    rng: np.random.Generator, vertices: np.ndarray, ibug: np.ndarray
) -> tuple[list[Mesh], set[str]]:
    """A hood, or a scarf tied close round the face."""
    centre, radii = _skull(vertices)
    close = rng.random() < 0.45
    chin = ibug[8]
    top = centre[1] + radii[1]
    slack = rng.uniform(-0.2, 0.6) if close else rng.uniform(0.6, 3.0)
    half_height = (top - chin[1]) / 2 + (0.0 if close else slack)
    middle = (top + chin[1]) / 2
    width = (ibug[16, 0] - ibug[0, 0]) / 2
    front = ibug[0, 2] + (rng.uniform(1.0, 3.0) if close else rng.uniform(1.0, 6.0))
    forehead = rng.uniform(0.72, 0.9) if close else rng.uniform(0.9, 1.05)
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    rings = []
    depths = [
        front,
        front - 0.6,
        front - 3.5,
        centre[2] - 2,
        centre[2] - radii[2] * 0.8,
        centre[2] - radii[2] - 1.6,
    ]
    for z, grow in zip(depths, [0.0, 0.5, 1.4, 2.0, 0.4, -6.0], strict=True):
        rx = width + slack + grow
        ry = half_height + grow
        y = np.where(s > 0, s * ry * (forehead if z > front - 1 else 1.0), s * (ry + 0.8))
        rings.append(
            np.stack(
                [c * rx, middle + y, 0 * c + z + (0.12 * (s < 0) * s * 14 if z > front - 1 else 0)],
                -1,
            )
        )
    return [loft(np.stack(rings), fabric(rng))], {"hood"}


def headphones(rng: np.random.Generator, vertices: np.ndarray) -> tuple[list[Mesh], set[str]]:
    """A headband over the crown and two cups."""
    centre, radii = _skull(vertices)
    colour = rng.uniform(0, 0.08, 3) if rng.random() < 0.6 else rng.uniform(0, 0.8, 3)
    part = part_row(colour=colour, specular=1.0, roughness=float(rng.uniform(0.2, 0.6)))
    ears = np.abs(vertices[:9409, 0]).max() - 0.6
    angle = np.linspace(0, np.pi, 15)
    band = np.stack(
        [np.cos(angle) * (ears + 0.7), centre[1] - 7 + np.sin(angle) * 17.0, 0 * angle - 0.5], -1
    )
    band[:, 1] = np.minimum(band[:, 1], centre[1] + radii[1] + 0.8)
    meshes = [tube(band, rng.uniform(0.4, 0.9), part)]
    size = rng.uniform(2.6, 4.2)
    for side in (-1, 1):
        at = np.array([side * (ears + 0.7), 1.8, -0.3])
        meshes.append(ellipsoid(at, np.array([1.5, size * 1.15, size]), part))
    return meshes, {"headphones"}


def collar_rings(height: float) -> np.ndarray:
    """Rings of a garment over neck and shoulders up to `height` (head frame y, -12 to -8)."""
    top = 6.8 + 0.95 * max(-9.0 - height, 0.0)
    y = np.array([height, min(height - 0.8, -12.4), -14.2, -15.8, -17.5, -21.0, -34.0])
    radii = np.array(
        [
            [top, top - 0.4],
            [11.0, 8.3],
            [13.7, 9.3],
            [17.0, 10.0],
            [20.5, 10.6],
            [23.0, 11.5],
            [24.5, 12.5],
        ]
    )
    centres = np.stack([0 * y, y, np.array([-0.7, -1.9, -2.3, -2.6, -3.0, -3.0, -3.0])], -1)
    return ellipse_rings(centres, radii, columns=24)
