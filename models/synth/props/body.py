"""Shoulders in clothes, hands and arms."""

from __future__ import annotations

import numpy as np

from models.synth.mesh import Mesh, ellipsoid, loft, part_row, random_rotation, tube
from models.synth.props.headwear import collar_rings, fabric


def torso(rng: np.random.Generator) -> list[Mesh]:
    """Shoulders below the head, turned a little against it; sometimes a scarf or a seat belt."""
    cloth = fabric(rng)
    height = float(
        rng.choice(
            [-12.0, rng.uniform(-12.5, -10.0), rng.uniform(-10.0, -8.5)], p=[0.5, 0.35, 0.15]
        )
    )
    rings = collar_rings(height) * np.array([rng.uniform(0.85, 1.15), 1.0, rng.uniform(0.9, 1.15)])
    dip = rng.uniform(0.0, 4.0) if rng.random() < 0.5 else 0.0  # an open or low front
    front = np.maximum(np.sin(np.linspace(0, 2 * np.pi, rings.shape[1], endpoint=False)), 0)
    rings[0, :, 1] -= dip * front**2
    rings[1, :, 1] -= dip * 0.6 * front**2
    meshes = [loft(rings, cloth)]
    if rng.random() < 0.08:
        angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        path = np.stack(
            [7.2 * np.cos(angle), -10.0 + 0.6 * np.sin(2 * angle), 6.8 * np.sin(angle) - 1], -1
        )
        meshes.append(tube(path, rng.uniform(1.5, 2.8), fabric(rng), sides=8, closed=True))
    if rng.random() < 0.15:
        side = rng.choice([-1, 1])
        belt = np.array(
            [
                [side * 12, -14.0, -1.0],
                [side * 9, -17.5, 7.0],
                [side * 3, -24, 10.5],
                [-side * 8, -34, 11],
            ]
        )
        meshes.append(tube(belt, np.full(4, 1.5), part_row(colour=(0.03, 0.03, 0.035)), sides=6))
    yaw = rng.normal(0, 0.35)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    lean = random_rotation(rng, 0.06) @ turn
    pivot = np.array([0.0, -12.0, -1.0])
    return [m.moved(lean, pivot - lean @ pivot) for m in meshes]


def hand(rng: np.random.Generator, skin: np.ndarray) -> list[Mesh]:
    """A right hand with forearm at the origin: fingers to +y, palm to -z, about 18 cm long."""
    part = part_row(colour=skin * rng.uniform(0.8, 1.15), specular=0.6, roughness=0.5)
    meshes = [ellipsoid(np.array([0, -1.0, 0]), np.array([4.2, 5.0, 1.5]), part)]
    curl, spread = rng.uniform(0.0, 1.3), rng.uniform(0.0, 0.18)
    for k, length in enumerate((6.6, 7.6, 7.1, 5.4)):
        lean = (1.5 - k) * spread
        points = [np.array([2.9 - 1.95 * k, 2.8, 0.0])]
        bend = rng.normal(0, 0.12)
        for _ in range(3):
            bend += curl * rng.uniform(0.25, 0.6)
            step = np.array(
                [np.sin(lean) * np.cos(bend), np.cos(lean) * np.cos(bend), -np.sin(bend)]
            )
            points.append(points[-1] + step * length / 3)
        meshes.append(tube(np.array(points), np.array([1.0, 0.95, 0.85, 0.65]), part, sides=7))
        meshes.append(ellipsoid(points[-1], np.array([0.68, 0.68, 0.68]), part, rows=5, columns=7))
    out = rng.uniform(0.3, 1.2)
    thumb = np.array(
        [[3.2, -3.5, 0], [5.0, -1.0, -0.6], [5.4 + out, 1.4, -1.2], [5.0 + out, 3.4, -1.8]]
    )
    meshes.append(tube(thumb, np.array([1.4, 1.2, 1.0, 0.75]), part, sides=7))
    arm = np.array([[0, -4.5, 0], [0, -9, 0.3], [0, -18, 1.0], [0, -34, 2.0]])
    meshes.append(tube(arm, np.array([2.4, 2.7, 3.8, 4.6]), part, sides=9))
    if rng.random() < 0.6:
        sleeve = np.array([[0, -rng.uniform(8, 16), 0.4], [0, -22, 1.2], [0, -36, 2.0]])
        meshes.append(tube(sleeve, np.array([4.4, 5.2, 6.0]), fabric(rng), sides=9))
    if rng.random() < 0.2:  # a glove
        glove = part_row(colour=rng.uniform(0.01, 0.5, 3), specular=0.4)
        meshes = [
            Mesh(m.vertices, m.triangles, glove if m.part is part else m.part) for m in meshes
        ]
    if rng.random() < 0.5:
        mirror = np.diag([-1.0, 1.0, 1.0])
        meshes = [m.moved(mirror, np.zeros(3)) for m in meshes]
    return meshes


def facing(direction: np.ndarray, spin: float) -> np.ndarray:
    """Rotation (3, 3) that turns the palm (-z) toward -direction and spins the fingers about it."""
    z = direction / np.linalg.norm(direction)
    up = np.array([0.0, 1.0, 0.0]) if abs(z[1]) < 0.9 else np.array([0.0, 0.0, -1.0])
    x = np.cross(up, z)
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    c, s = np.cos(spin), np.sin(spin)
    return np.stack([c * x + s * y, -s * x + c * y, z], axis=1)
