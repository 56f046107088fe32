"""What happens to light in front of the sensor: defocus, motion, glare, colour fringes."""

from functools import cache

import cv2
import numpy as np

from models.synth.appearance.colour import Floats


@cache
def _disc(diameter: int) -> Floats:
    """The blur spot of a defocused lens, `diameter` in half pixels."""
    n = diameter // 2 + 2 | 1
    axis = np.arange(n) - n // 2
    distance = np.hypot(axis[:, None], axis[None])
    spot = np.clip(diameter / 4 + 0.5 - distance, 0, 1).astype(np.float32)
    return spot / spot.sum()


@cache
def _streak(length: int, direction: int) -> Floats:
    """Motion in one of 24 directions, `length` in half pixels, evenly exposed and centred."""
    n = length // 2 + 3 | 1
    angle, half = np.pi * direction / 24, length / 4
    kernel = np.zeros((n, n), np.float32)
    for t in np.linspace(-half, half, 4 * n):
        x, y = n // 2 + t * np.cos(angle), n // 2 + t * np.sin(angle)
        ix, iy = int(x), int(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            if ix + dx < n and iy + dy < n:
                kernel[iy + dy, ix + dx] += (1 - abs(x - ix - dx)) * (1 - abs(y - iy - dy))
    return kernel / kernel.sum()


def defocus(rng: np.random.Generator, linear: Floats) -> Floats:
    """Blur by a disc or a Gaussian; the radius is relative to the picture, mostly small."""
    size = min(linear.shape[:2])
    if rng.random() < 0.5:
        return cv2.GaussianBlur(
            linear, (0, 0), float(np.exp(rng.uniform(np.log(0.002), np.log(0.016))) * size)
        )
    return cv2.filter2D(
        linear,
        -1,
        _disc(max(int(2 * rng.uniform(0.008, 0.045) * size), 3)),
        borderType=cv2.BORDER_REFLECT_101,
    )


def motion(rng: np.random.Generator, linear: Floats) -> Floats:
    """Blur along a straight line, more often sideways."""
    size = min(linear.shape[:2])
    length = max(int(2 * np.exp(rng.uniform(np.log(0.012), np.log(0.06))) * size), 3)
    direction = int(rng.integers(24)) if rng.random() < 0.6 else int(rng.integers(-2, 3)) % 24
    return cv2.filter2D(linear, -1, _streak(length, direction), borderType=cv2.BORDER_REFLECT_101)


def glare(rng: np.random.Generator, linear: Floats) -> Floats:
    """Veiling glare: scattered light of the whole scene, and at times of a lamp at its edge."""
    h, w = linear.shape[:2]
    small = cv2.resize(linear, (24, 24), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        x, y = rng.uniform(-0.3, 1.3, 2)
        axis = np.linspace(0, 1, 24)
        lamp = np.exp(
            -(((axis - x) ** 2)[None] + ((axis - y) ** 2)[:, None]) / rng.uniform(0.02, 0.4)
        )
        small = small + (lamp * small.mean() * rng.uniform(1, 8))[..., None].astype(np.float32)
    veil = cv2.resize(cv2.GaussianBlur(small, (0, 0), float(rng.uniform(2, 8))), (w, h))
    return cv2.addWeighted(linear, 1.0, veil, float(rng.uniform(0.03, 0.5)), 0)


def fringe(rng: np.random.Generator, linear: Floats) -> Floats:
    """Lateral chromatic aberration: red and blue differ in scale by at most half a per cent."""
    h, w = linear.shape[:2]
    out = linear.copy()
    for channel, sign in ((0, 1), (2, -1)):
        s = 1 + sign * float(rng.uniform(0.001, 0.005))
        matrix = np.array(
            [[s, 0, (1 - s) * (w - 1) / 2], [0, s, (1 - s) * (h - 1) / 2]], np.float32
        )
        out[..., channel] = cv2.warpAffine(
            np.ascontiguousarray(linear[..., channel]),
            matrix,
            (w, h),
            borderMode=cv2.BORDER_REPLICATE,
        )
    return out


_EFFECTS = ((defocus, 0.3), (motion, 0.16), (glare, 0.13), (fringe, 0.05))


def image(rng: np.random.Generator, linear: Floats) -> Floats:
    """Pass linear light (h, w, 3) through an imperfect lens."""
    for effect, chance in _EFFECTS:
        if rng.random() < chance:
            linear = effect(rng, linear)
    return linear
