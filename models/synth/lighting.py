"""Light: ambient light in spherical harmonics, up to three lamps, and reflections in lenses.

Directions are in the camera's frame (x right, y down, z forward) and point toward the light, so a
light behind the camera has z < 0 and one overhead y < 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np


@dataclass(frozen=True)
class Lighting:
    """What `shade` needs to know of the light; see there for the arrays.

    Attributes:
        sh: float32 (9, 3).
        directions: float32 (3, 3).
        colours: float32 (3, 3).
        near: float32 (3,).
        softness: float32 (2,) centimetres that the edge of a shadow spreads.
        shadows: Which of the first two lamps cast shadows.
        glare: float32 (G, 8).
        infrared: Near-infrared camera.
        night: Little light: the camera turns its gain up.
        names: Attributes of the picture.
    """

    sh: np.ndarray
    directions: np.ndarray
    colours: np.ndarray
    near: np.ndarray
    softness: np.ndarray
    shadows: tuple[bool, bool]
    glare: np.ndarray
    infrared: bool
    night: bool
    names: frozenset[str]


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def _warmth(rng: np.random.Generator) -> np.ndarray:
    """Colour of a lamp or of daylight relative to white, mean about 1."""
    t = rng.normal(0, 0.16)
    return np.array([1 + t, 1 + rng.normal(0, 0.03), 1 - t]).clip(0.4, 1.6)


def _ambience(rng: np.random.Generator, background: np.ndarray) -> np.ndarray:
    """Harmonics (9, 3) with part of their colour and gradient from the background."""
    small = cv2.resize(background, (3, 3), interpolation=cv2.INTER_AREA).astype(np.float64)
    mean = small.mean((0, 1))
    tint = (mean + 0.05) / (mean.mean() + 0.05)
    share = rng.uniform(0, 0.6)
    level = rng.uniform(0.12, 0.75)
    colour = level * (share * tint + (1 - share) * _warmth(rng))
    sh = (
        rng.normal(0, 0.16, (9, 1))
        * level
        * rng.uniform(0.2, 1.4)
        * (0.6 * colour / level + 0.4 * _warmth(rng))
    )
    sh[4:] *= 0.6
    slope = (small - mean) / (mean.mean() + 0.1)
    sh[3] += share * 0.35 * level * (slope[:, 2].mean(0) - slope[:, 0].mean(0)).clip(-1, 1)
    sh[1] += share * 0.35 * level * (slope[2].mean(0) - slope[0].mean(0)).clip(-1, 1)
    sh[1] -= 0.22 * level * rng.uniform(0, 1)  # sky and ceilings are brighter than floors
    sh[0] = colour
    return sh


def _glare(rng: np.random.Generator, level: float) -> np.ndarray:
    """Zero to three bright rectangles (G, 8) somewhere behind the camera or beside it."""
    rows = []
    for _ in range(int(rng.integers(0, 4))):
        angle = rng.normal(0, 0.9)
        size = rng.uniform(0.05, 0.5, 2)
        colour = level * rng.uniform(2, 10) * np.exp(rng.normal(0, 0.15, 3))
        rows.append([np.sin(angle), rng.normal(-0.2, 0.5), -np.cos(angle), *size, *colour])
    return np.array(rows, np.float32).reshape(-1, 8)


def sample(rng: np.random.Generator, background: np.ndarray, distance: float) -> Lighting:
    """Random light over a background (h, w, 3) for a head at `distance` centimetres."""
    if rng.random() < 0.13:
        return _infrared(rng, distance)
    names = set()
    sh = _ambience(rng, background)
    night = rng.random() < 0.12
    level = sh[0].mean()
    directions = rng.normal(size=(3, 3))
    directions[:, 1] -= 0.5
    behind = rng.random(3) < np.array([0.15, 0.3, 0.5])
    directions[:, 2] = np.abs(directions[:, 2]) * np.where(behind, 1, -1)
    colours = np.stack([_warmth(rng) for _ in range(3)])
    power = np.array(
        [rng.uniform(0, 1.0) ** 1.3, rng.uniform(0, 0.6) ** 1.3, rng.uniform(0, 0.6) ** 1.5]
    )
    softness = rng.uniform(0.2, 2.0, 2)
    if rng.random() < 0.22:  # hard sun, half the time from the side as through a car's window
        names.add("hard_sun")
        power[0] = rng.uniform(1.4, 4.0)
        sh *= rng.uniform(0.3, 0.8)
        softness[0] = rng.uniform(0.0, 0.35)
        colours[0] = np.array([1.05, 1.0, 0.9]) * _warmth(rng) ** 0.5
        if rng.random() < 0.5:
            directions[0] = [rng.choice([-1, 1]), -rng.uniform(0.0, 0.7), rng.normal(0, 0.35)]
        else:
            directions[0, 1] = -abs(directions[0, 1]) - 0.2
    if night:
        names.add("night")
        sh *= rng.uniform(0.2, 0.6)
        if rng.random() < 0.5:  # screens and instruments light from below
            directions[1] = [rng.normal(0, 0.5), rng.uniform(0.2, 1.0), -1]
            colours[1] = colours[1] * np.exp(rng.normal(0, 0.35, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    colours = colours * power[:, None]
    near = np.zeros(3)
    flash = rng.random()
    if flash < 0.04:  # a lamp on the camera
        near[2], colours[2] = distance, rng.uniform(0.5, 1.6) * _warmth(rng)
    elif flash < 0.12:  # a flash outshines the rest
        names.add("flash")
        sh *= rng.uniform(0.1, 0.7)
        colours *= rng.uniform(0, 0.5)
        near[2], colours[2] = distance, rng.uniform(0.8, 2.2) * _warmth(rng) ** 0.5
    shadows = (bool(power[0] > 0.15), bool(power[1] > 0.25))
    return Lighting(
        sh.astype(np.float32), directions.astype(np.float32), colours.astype(np.float32),
        near.astype(np.float32),
        softness.astype(np.float32), shadows, _glare(rng, level), False, night, frozenset(names),
    )  # fmt: skip


def quiet(rng: np.random.Generator, light: Lighting) -> Lighting:
    """The same light, softened as on a cloudy day or in a well lit room: hardly any shadows."""
    sh = light.sh * np.where(np.arange(9)[:, None] < 4, 1.0, 0.4).astype(np.float32)
    sh[1:4] *= np.float32(rng.uniform(0.2, 0.8))
    return replace(
        light,
        sh=sh + (np.arange(9)[:, None] == 0) * np.float32(rng.uniform(0.1, 0.4)),
        colours=light.colours * np.float32(rng.uniform(0.0, 0.35)),
        softness=np.maximum(light.softness, 1.0),
    )


def _infrared(rng: np.random.Generator, distance: float) -> Lighting:
    """A near-infrared camera with its own lamp, by night mostly."""
    sh = rng.normal(0, 0.02, (9, 1)) * np.ones(3)
    dark = rng.random() < 0.7
    sh[0] = rng.uniform(0.01, 0.08) if dark else rng.uniform(0.1, 0.5)
    directions = np.stack([_unit(rng.normal(size=3) + np.array([0, -0.3, -0.5])) for _ in range(3)])
    colours = np.zeros((3, 3))
    colours[0] = 0.0 if dark else rng.uniform(0, 1.5)
    offset = rng.normal(0, 1, 3) if rng.random() < 0.5 else rng.normal(0, 8, 3)
    directions[2] = offset
    colours[2] = rng.uniform(0.4, 1.2)
    return Lighting(
        sh.astype(np.float32), directions.astype(np.float32), colours.astype(np.float32),
        np.array([0, 0, distance], np.float32), np.array([0.3, 0.3], np.float32),
        (bool(colours[0, 0] > 0.2), False),
        _glare(rng, 0.02), True, dark, frozenset({"infrared"}),
    )  # fmt: skip
