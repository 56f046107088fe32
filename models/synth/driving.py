"""Faces as a camera in a car sees them: windows behind, hard light, mouths open, heads back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from models.synth import expression
from models.synth.appearance import backgrounds
from models.synth.appearance.colour import Floats
from models.synth.lighting import Lighting

WIDE_MOUTHS = 0.45
"""Share of drivers who yawn, laugh, shout or sing."""

BACKLIT, SIDE_LIT = 0.4, 0.3
"""Shares of drivers with a bright window behind them, and with the sun from a side window."""


def pose(rng: np.random.Generator) -> expression.Pose:
    """A driver's pose, sometimes with the head leaned back, 40 cm to 1.2 m away."""
    seen = expression.pose(rng)
    pitch = rng.normal(3, 12) if rng.random() < 0.65 else rng.uniform(10, 45)
    yaw = rng.normal(0, 30) if rng.random() < 0.75 else rng.uniform(-95, 95)
    return replace(
        seen,
        pitch=float(np.clip(pitch, -45, 45)),
        yaw=float(np.clip(yaw, -100, 100)),
        distance=float(np.exp(rng.uniform(np.log(40), np.log(120)))),
    )


def mouth(rng: np.random.Generator, named: dict[str, float]) -> dict[str, float]:
    """The named weights of a face, often replaced by those of a wide open mouth."""
    return expression.wide_mouth(rng) if rng.random() < WIDE_MOUTHS else named


def background(rng: np.random.Generator, size: int) -> tuple[Floats, bool]:
    """A background in linear RGB (size, size, 3), and whether a window is behind."""
    image = backgrounds.background(rng, size, size, kind="car" if rng.random() < 0.5 else None)
    if rng.random() >= BACKLIT:
        return image, False
    outside = backgrounds.background(rng, size, size, kind=str(rng.choice(["street", "sky"])))
    outside *= np.float32(rng.uniform(1.0, 3.5) / max(float(outside.mean()), 0.05))
    # A window is a slanted quadrangle; the seat's rest may stand before its lower half.
    x0, x1 = np.sort(rng.uniform(-0.3, 1.3, 2))
    x1 = max(x1, x0 + 0.5)
    y0, y1 = rng.uniform(-0.2, 0.3), rng.uniform(0.55, 1.1)
    slant = rng.normal(0, 0.12)
    corners = np.array(
        [(x0, y0), (x1, y0 + rng.normal(0, 0.05)), (x1 + slant, y1), (x0 + slant, y1)]
    )
    glass = np.zeros((size, size), np.float32)
    cv2.fillPoly(glass, [np.int32(corners * size * 16)], 1.0, cv2.LINE_AA, 4)
    glass = cv2.GaussianBlur(glass, (0, 0), float(rng.uniform(0.5, 3)))[..., None]
    return np.ascontiguousarray(image * (1 - glass) + outside * glass, np.float32), True


def lit(rng: np.random.Generator, light: Lighting, backlit: bool) -> Lighting:
    """The light, with the window behind the face, or with the sun from a side window."""
    if light.infrared:
        return light
    if backlit:
        directions, colours = light.directions.copy(), light.colours * np.float32(0.4)
        directions[0] = (rng.normal(0, 0.6), -abs(rng.normal(0.2, 0.3)), 1)
        directions[0] /= np.linalg.norm(directions[0])
        colours[0] = rng.uniform(0.5, 3.0)
        return replace(
            light,
            sh=light.sh * np.float32(rng.uniform(0.15, 0.7)),
            directions=directions,
            colours=colours,
            names=light.names | {"hard_sun"},
        )
    if rng.random() < SIDE_LIT:
        directions, colours = light.directions.copy(), light.colours.copy()
        directions[0] = (rng.choice([-1, 1]), -rng.uniform(0, 0.7), rng.normal(0, 0.3))
        directions[0] /= np.linalg.norm(directions[0])
        colours[0] = rng.uniform(1.2, 4.0)
        return replace(
            light,
            sh=light.sh * np.float32(rng.uniform(0.25, 0.8)),
            directions=directions,
            colours=colours,
            shadows=(True, light.shadows[1]),
            names=light.names | {"hard_sun"},
        )
    return light
