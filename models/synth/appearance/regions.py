"""Regions of the face in the M_Face tile as soft masks, in UV units, x right, y down, 0–1."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance.colour import Floats

SIZE = 256
"""Side of the painted tiles in texels: a face spans 180 of them, about 100 pixels of a crop."""

# Halves of symmetric outlines, in the right half of the face (x < 0.5).
_BEARD = (
    "0.5,0.476 0.46,0.472 0.40,0.485 0.36,0.52 0.27,0.47 0.20,0.36 0.19,0.25 0.10,0.25 "
    "0.08,0.45 0.09,0.62 0.16,0.74 0.3,0.83 0.5,0.86"
)
_MOUSTACHE = (
    "0.5,0.474 0.45,0.469 0.40,0.49 0.36,0.545 0.345,0.585 "
    "0.38,0.56 0.424,0.507 0.47,0.492 0.5,0.494"
)
_GOATEE = "0.5,0.645 0.44,0.63 0.38,0.56 0.36,0.58 0.36,0.68 0.40,0.75 0.5,0.78"
_FRECKLED = "0.44,0.3 0.2,0.33 0.24,0.46 0.38,0.47 0.44,0.42 0.5,0.42"
_BRIDGE = "0.485,0.24 0.485,0.38"
_HAIRLINE = "0.5,0.025 0.3,0.035 0.16,0.06 0.1,0.13 0.07,0.27 -0.2,0.34 -0.2,-0.2"
# Outlines that lie on either side.
_SIDEBURN = "0.12,0.2 0.19,0.2 0.185,0.42 0.14,0.42"
_CONTOUR = "0.15,0.4 0.34,0.52 0.33,0.56 0.16,0.48"

# Name, centre relative to the middle of an eye, radii.
_ABOUT_EYES = (
    ("eyes", 0.0, 0.075, 0.03),
    ("sockets", -0.005, 0.11, 0.055),
    ("under_eyes", 0.035, 0.065, 0.022),
    ("upper_lids", -0.026, 0.075, 0.022),
)


def polygon(points: NDArray[np.floating], blur: float = 0.0) -> Floats:
    """Filled polygon of UV points (n, 2), edges blurred by `blur` (sigma, UV units)."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [_fixed(points)], 255, cv2.LINE_AA, 4)
    return _soft(mask, blur)


def strokes(lines: list[NDArray[np.floating]], width: float, blur: float = 0.0) -> Floats:
    """Polylines of UV points, `width` wide (UV units, at least a texel), blurred by `blur`."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    thickness = max(1, round(width * SIZE))
    cv2.polylines(mask, [_fixed(line) for line in lines], False, 255, thickness, cv2.LINE_AA, 4)
    return _soft(mask, blur)


def ellipse(x: float, y: float, rx: float, ry: float, power: float = 1.0) -> Floats:
    """Smooth bump with the value 1 at (x, y) and 0.14 at the radii."""
    axis = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
    r2 = ((axis - x) / rx)[None] ** 2 + ((axis - y) / ry)[:, None] ** 2
    return np.exp(-2 * r2**power).astype(np.float32)


def smoothstep(x: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, a cubic between."""
    t = np.clip((x - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.round(np.asarray(points) * SIZE * 16 - 8).astype(np.int32)


def _soft(mask: NDArray[np.uint8], blur: float) -> Floats:
    soft = mask.astype(np.float32) * (1 / 255)
    return cv2.GaussianBlur(soft, (0, 0), blur * SIZE) if blur > 0 else soft


def _points(outline: str) -> NDArray[np.float64]:
    return np.array([pair.split(",") for pair in outline.split()], np.float64)


def _symmetric(outline: str, blur: float) -> Floats:
    half = _points(outline)
    return polygon(np.concatenate([half, (half * [-1, 1] + [1, 0])[::-1]]), blur)


def _pair(outline: str, blur: float) -> Floats:
    mask = polygon(_points(outline), blur)
    return np.maximum(mask, mask[:, ::-1])


def _bumps(x: float, y: float, rx: float, ry: float, power: float = 1.0) -> Floats:
    bump = ellipse(x, y, rx, ry, power)
    return np.maximum(bump, bump[:, ::-1])


def of_face(uv: NDArray[np.float64]) -> dict[str, Floats]:
    """All regions by name, each (SIZE, SIZE) in 0–1.

    Args:
        uv: The 68 iBUG landmarks in the tile, (68, 2).
    """
    eye_x, eye_y = uv[36:42].mean(0)
    jaw = np.concatenate([[(0.15, 0.27)], uv[2:15], [(0.85, 0.27)]])
    regions = {
        "lips": polygon(uv[48:60], 0.006),
        "inner_lips": polygon(uv[60:68], 0.01),
        "mouth": polygon(uv[48:60], 0.02),
        "beard": _symmetric(_BEARD, 0.02),
        "moustache": _symmetric(_MOUSTACHE, 0.007),
        "goatee": _symmetric(_GOATEE, 0.012),
        "soul_patch": ellipse(0.5, 0.672, 0.03, 0.03),
        "jaw_strap": strokes([jaw], 0.06, 0.012),
        "sideburns": _pair(_SIDEBURN, 0.012),
        "nose": ellipse(0.5, 0.40, 0.07, 0.06),
        "nose_bridge": _symmetric(_BRIDGE, 0.008),
        "cheeks": _bumps(0.29, 0.42, 0.09, 0.075),
        "freckled": np.maximum(
            _symmetric(_FRECKLED, 0.04), ellipse(0.5, 0.1, 0.3, 0.1) * np.float32(0.35)
        ),
        "ears": _bumps(0.06, 0.40, 0.07, 0.14),
        "forehead": ellipse(0.5, 0.09, 0.33, 0.09, 2.0),
        "chin": ellipse(0.5, 0.70, 0.09, 0.05),
        "contour": _pair(_CONTOUR, 0.02),
        "upper_lash_line": strokes([uv[36:40], uv[42:46]], 0.004),
        "lower_lash_line": strokes([uv[[36, 41, 40, 39]], uv[[42, 47, 46, 45]]], 0.004),
        "hairline": _symmetric(_HAIRLINE, 0.02),
    }
    wide = _points(_HAIRLINE) * [0.86, 1.0] + [0.07, 0.045]
    regions["cropped_hair"] = polygon(
        np.concatenate([wide, (wide * [-1, 1] + [1, 0])[::-1]]), 0.025
    )
    for name, below, rx, ry in _ABOUT_EYES:
        regions[name] = _bumps(eye_x, eye_y + below, rx, ry, 1.5)
    return regions
