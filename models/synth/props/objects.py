"""Phones, cups, microphones, wheels and other things that come between a face and the camera."""

from __future__ import annotations

import numpy as np

from models.synth.mesh import Mesh, box, ellipsoid, part_row, random_rotation, tube
from models.synth.props.body import facing, hand


def _plastic(rng: np.random.Generator) -> np.ndarray:
    colour = rng.uniform(0.0, 0.1, 3) if rng.random() < 0.5 else rng.uniform(0, 0.9, 3)
    return part_row(
        colour=colour, colour2=rng.uniform(0, 0.9, 3), pattern=int(rng.choice([0, 0, 1, 2, 3])),
        scale=float(rng.uniform(0.4, 3)), specular=1.0, roughness=float(rng.uniform(0.15, 0.7)),
    )  # fmt: skip


def _phone(rng: np.random.Generator, brightest: float) -> Mesh:
    """A phone about the origin, upright."""
    part = part_row(colour=rng.uniform(0, brightest, 3), specular=2.0, roughness=0.1, mirror=0.03)
    return box(np.zeros(3), np.diag([3.7, 7.6, 0.45]), part)


def hand_on_face(
    rng: np.random.Generator, ibug: np.ndarray, skin: np.ndarray
) -> tuple[list[Mesh], set[str]]:
    """A hand at the cheek, chin, mouth, brow or before an eye, sometimes holding something."""
    target = ibug[int(rng.choice([2, 4, 6, 8, 10, 12, 14, 19, 24, 30, 33, 39, 42, 48, 51, 54, 57]))]
    outward = target - np.array([0.0, 0.0, 2.0])
    outward = outward / np.linalg.norm(outward) + rng.normal(0, 0.25, 3)
    outward[2] = abs(outward[2]) + 0.1
    outward /= np.linalg.norm(outward)
    spin = rng.normal(0, 0.9)
    turn = facing(outward, spin)
    gap = rng.uniform(0.8, 3.0) if rng.random() < 0.75 else rng.uniform(3, 12)
    tip = turn @ np.array([0.0, rng.uniform(-3, 6), 0.0])
    at = target + outward * gap - tip
    meshes = [m.moved(turn, at) for m in hand(rng, skin)]
    names = {"hand"}
    if rng.random() < 0.35:
        thing, kind = held_object(rng)
        meshes += [m.moved(turn, at + turn @ np.array([0, 3.0, -1.8])) for m in thing]
        names.add(kind)
    return meshes, names


def held_object(rng: np.random.Generator) -> tuple[list[Mesh], str]:
    """A phone, cup, cigarette or bottle near the origin, its long axis along y."""
    kind = str(rng.choice(["phone", "cup", "stick"], p=[0.5, 0.35, 0.15]))
    if kind == "phone":
        return [_phone(rng, 0.12)], "phone"
    if kind == "cup":
        height = rng.uniform(4, 9)
        path = np.array([[0, -height, 0], [0, 0, 0], [0, height, 0]])
        return [
            tube(path, np.array([2.6, 3.0, rng.uniform(2.0, 4.2)]), _plastic(rng), sides=14)
        ], "cup"
    return [
        tube(np.array([[0, 0, 0], [1, 4, 1], [2, 8, 2.0]]), 0.4, part_row(colour=(0.8, 0.78, 0.72)))
    ], "cup"


def phone_at_ear(
    rng: np.random.Generator, ibug: np.ndarray, skin: np.ndarray
) -> tuple[list[Mesh], set[str]]:
    """A phone between ear and mouth, held by a hand."""
    side = rng.choice([-1.0, 1.0])
    ear = ibug[1] if side < 0 else ibug[15]
    outward = np.array([side, rng.normal(0, 0.15), rng.uniform(0.0, 0.5)])
    turn = facing(outward, side * rng.uniform(-0.7, 0.1))
    at = ear + np.array([side * 1.9, rng.uniform(-2, 1.5), rng.uniform(-1, 2)])
    meshes = [_phone(rng, 0.2).moved(turn, at)]
    meshes += [m.moved(turn, at + turn @ np.array([0, -2.0, 1.9])) for m in hand(rng, skin)]
    return meshes, {"phone", "hand"}


def wheel(rng: np.random.Generator) -> tuple[list[Mesh], set[str]]:
    """The upper part of a steering wheel before the chest or the chin."""
    radius = rng.uniform(17, 20)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], -1)
    part = part_row(colour=rng.uniform(0.005, 0.05, 3), specular=0.7, roughness=0.5)
    meshes = [tube(path, rng.uniform(1.2, 1.8), part, sides=8, closed=True)]
    meshes.append(tube(np.array([[-radius, 0, 0], [0, -1, -1], [radius, 0, 0]]), 2.2, part))
    lean = rng.uniform(0.2, 0.6)
    turn = np.array([[1, 0, 0], [0, np.cos(lean), -np.sin(lean)], [0, np.sin(lean), np.cos(lean)]])
    at = np.array([rng.normal(0, 5), rng.uniform(-34, -18), rng.uniform(16, 28)])
    return [m.moved(turn, at) for m in meshes], {"wheel"}


def microphone(rng: np.random.Generator, ibug: np.ndarray) -> tuple[list[Mesh], set[str]]:
    """A microphone before the mouth or a headset's boom."""
    mouth = ibug[48:60].mean(0)
    part = part_row(colour=rng.uniform(0.0, 0.15, 3), specular=1.0, roughness=0.4)
    at = mouth + np.array([rng.normal(0, 2.0), rng.uniform(-3, 0), rng.uniform(2, 6)])
    ball = ellipsoid(at, np.full(3, rng.uniform(0.6, 3.0)), part)
    bend = np.array([[0, 0, 0], [rng.normal(0, 4), -9, 4], [rng.normal(0, 8), -22, 5]])
    stem = tube(at + bend, rng.uniform(0.3, 1.2), part)
    return [ball, stem], {"object"}


def clutter(rng: np.random.Generator, ibug: np.ndarray) -> tuple[list[Mesh], set[str]]:
    """One to three random bodies anywhere before the face."""
    meshes = []
    for _ in range(int(rng.integers(1, 4))):
        at = ibug[int(rng.integers(68))] + np.array(
            [rng.normal(0, 4), rng.normal(0, 4), rng.uniform(3, 14)]
        )
        axes = random_rotation(rng) @ np.diag(rng.uniform(0.4, 5.0, 3))
        part = _plastic(rng)
        meshes.append(box(at, axes, part) if rng.random() < 0.5 else ellipsoid(at, axes, part))
    return meshes, {"object"}
