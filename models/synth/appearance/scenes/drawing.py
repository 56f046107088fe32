"""Tools to draw plates, which are uint8 sRGB (PLATE, PLATE, 3); shapes take the plate's pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import colour, noise
from models.synth.appearance.colour import Floats

PLATE = 256
Plate = NDArray[np.uint8]
Tint = tuple[int, int, int]


def tint(rng: np.random.Generator, *, dark: float = 1.0) -> Tint:
    """A random sRGB colour as things have them, its brightness scaled."""
    r, g, b = (colour.encode_srgb(colour.any_colour(rng)) * dark).astype(int).tolist()
    return r, g, b


def near(rng: np.random.Generator, base: Tint, spread: float) -> Tint:
    """A colour near another: brightness and, less so, hue vary by `spread` (8-bit levels)."""
    level, *hue = (rng.standard_normal(4) * spread).tolist()
    r, g, b = (min(max(int(c + level + 0.3 * h), 0), 255) for c, h in zip(base, hue, strict=True))
    return r, g, b


def gradient(rng: np.random.Generator, first: Tint, second: Tint, size: int = PLATE) -> Plate:
    """A plate that goes from one colour to another in a random direction, faintly clouded."""
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    ramp = 0.5 + 0.75 * (np.cos(angle) * axis[None] + np.sin(angle) * axis[:, None])
    ramp = np.clip(ramp + 0.06 * noise.fractal(rng, size, size, exponent=1.8), 0, 1)[..., None]
    return (np.array(first) * (1 - ramp) + np.array(second) * ramp).astype(np.uint8)


def paste(plate: Plate, patch: NDArray[np.number], mask: Floats) -> None:
    """Lay `patch` (a plate or one colour) over `plate` in place where `mask` (0–1) says so."""
    rows, columns = np.flatnonzero(mask.max(1) > 0.002), np.flatnonzero(mask.max(0) > 0.002)
    if not len(rows) or not len(columns):
        return
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    patch = np.asarray(patch, np.float32)
    under, alpha = plate[part].astype(np.float32), mask[part][..., None]
    plate[part] = under + ((patch[part] if patch.ndim == 3 else patch) - under) * alpha


def shape_mask(points: NDArray[np.floating], blur: float = 0.0) -> Floats:
    """Mask (PLATE, PLATE) of a filled polygon in pixels."""
    mask = np.zeros((PLATE, PLATE), np.uint8)
    cv2.fillPoly(mask, [np.round(np.asarray(points) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = mask.astype(np.float32) * (1 / 255)
    return soften(soft, blur) if blur > 0 else soft


def soften(mask: Floats, blur: float) -> Floats:
    """A Gaussian blur; wide ones are taken at a quarter of the resolution."""
    if blur < 5:
        return cv2.GaussianBlur(mask, (0, 0), blur)
    small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.resize(
        cv2.GaussianBlur(small, (0, 0), blur / 4), mask.shape[::-1], interpolation=cv2.INTER_LINEAR
    )


def fill(plate: Plate, points: NDArray[np.floating], shade: Tint) -> None:
    """Fill a polygon in place."""
    cv2.fillPoly(plate, [np.round(np.asarray(points) * 16).astype(np.int32)], shade, cv2.LINE_AA, 4)


def box(left: float, top: float, right: float, bottom: float) -> Floats:
    """The corners of an upright rectangle, clockwise, (4, 2)."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def rounded(x: float, y: float, rx: float, ry: float, power: float = 4.0) -> Floats:
    """A superellipse as a polygon (48, 2): power 2 is an ellipse, 8 nearly a rectangle."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    px = x + rx * np.sign(c) * np.abs(c) ** (2 / power)
    return np.stack([px, y + ry * np.sign(s) * np.abs(s) ** (2 / power)], 1).astype(np.float32)


def project(plate: Plate, texture: Plate, quad: Floats) -> None:
    """Paste a texture in perspective into a quadrilateral (4, 2), clockwise from top left."""
    h, w = texture.shape[:2]
    corners = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
    flat = cv2.warpPerspective(texture, matrix, (PLATE, PLATE), flags=cv2.INTER_LINEAR)
    paste(plate, flat, shape_mask(quad))


def speckle(
    rng: np.random.Generator, plate: Plate, strength: float, exponent: float = 0.8
) -> Plate:
    """Rough the surface: brightness varies by `strength` (8-bit levels)."""
    rough = noise.fractal(rng, PLATE, PLATE, exponent=exponent, zoom=1.0) * strength
    return np.clip(plate + rough[..., None], 0, 255).astype(np.uint8)


def shine(rng: np.random.Generator, plate: Plate) -> Plate:
    """Light the plate unevenly, as a lamp or a window does."""
    x, y, reach = rng.uniform(-0.2, 1.2), rng.uniform(-0.2, 1.0), rng.uniform(0.2, 1.0)
    axis = np.linspace(0, 1, PLATE, dtype=np.float32)
    glow = np.exp(-(((axis - x) ** 2)[None] + ((axis - y) ** 2)[:, None]) / reach**2)
    return np.clip(
        plate * (rng.uniform(0.45, 0.9) + rng.uniform(0.2, 0.8) * glow)[..., None], 0, 255
    ).astype(np.uint8)
