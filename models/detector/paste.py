"""Per-pixel steps of a scene: pasting through an affine with a soft rim, and a camera's noise.

Compiled, because a scene has a handful of small pastes, for each of which a dozen calls into array
libraries cost more than the pixels do.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Image = NDArray[np.uint8]

NO_ALPHA = np.full((1, 1), 255, np.uint8)
"""Alpha of pictures without transparency."""

WHOLE = np.array([4.0, 4.0, 0.01, 0.0], np.float32)
"""A rim that keeps the whole picture."""


@njit(cache=True, fastmath=True)
def paste(
    image: Image,
    picture: Image,
    alpha: Image,
    inverse: NDArray[np.float32],
    bounds: NDArray[np.int64],
    rim: NDArray[np.float32],
    gain: NDArray[np.float32],
) -> None:
    """Paste a square picture into an image, in place.

    Args:
        image: (height, width, 3).
        picture: (side, side, 3); it should be no more than twice as large as it will appear.
        alpha: (side, side), 255 where the picture is to be seen, or `NO_ALPHA`.
        inverse: (2, 3) from the image's pixels to the picture's; pixel centres are at integers in
            both.
        bounds: x0, y0, x1, y1 of the image, what may be touched.
        rim: half axes of a superellipse in half sides of the picture, how far inside it the rim
            begins, and 1 for the sixth power instead of the square.
        gain: (3,) each channel is multiplied by.
    """
    side = picture.shape[0]
    half = 0.5 * side
    has_alpha = alpha.shape[0] > 1
    for row in range(bounds[1], bounds[3]):
        for column in range(bounds[0], bounds[2]):
            x = inverse[0, 0] * column + inverse[0, 1] * row + inverse[0, 2]
            y = inverse[1, 0] * column + inverse[1, 1] * row + inverse[1, 2]
            if x < -0.5 or y < -0.5 or x > side - 0.5 or y > side - 0.5:
                continue
            u = (x + 0.5 - half) / (half * rim[0])
            v = (y + 0.5 - half) / (half * rim[1])
            u, v = u * u, v * v
            if rim[3] > 0:
                u, v = u * u * u, v * v * v
            shown = min((1 - u - v) / rim[2], 1.0)
            if shown <= 0:
                continue
            x0, y0 = max(int(x), 0), max(int(y), 0)
            x1, y1 = min(x0 + 1, side - 1), min(y0 + 1, side - 1)
            fx, fy = max(x - x0, 0.0), max(y - y0, 0.0)
            a, b, c, d = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
            if has_alpha:
                shown *= (
                    a * alpha[y0, x0] + b * alpha[y0, x1] + c * alpha[y1, x0] + d * alpha[y1, x1]
                ) / 255
            for k in range(3):
                value = a * picture[y0, x0, k] + b * picture[y0, x1, k]
                value += c * picture[y1, x0, k] + d * picture[y1, x1, k]
                value = min(value * gain[k], 255.0)
                image[row, column, k] = np.uint8(
                    image[row, column, k] * (1 - shown) + value * shown + 0.5
                )


@njit(cache=True, fastmath=True)
def add_noise(image: Image, noise: NDArray[np.int8], start: int, strength: float) -> None:
    """Add a part of a bank of noise to an image, in place, most in dark pixels, as after gamma."""
    flat = image.reshape(-1)
    for n in range(flat.size):
        value = flat[n] + strength * (1.25 - 0.5 / 255 * flat[n]) * noise[start + n]
        flat[n] = np.uint8(min(max(value + 0.5, 0.0), 255.0))


def inverse_of(affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the inverse of a (2, 3) affine."""
    (a, b, x), (c, d, y) = affine.tolist()
    scale = 1 / (a * d - b * c)
    return np.array(
        [
            [d * scale, -b * scale, (b * y - d * x) * scale],
            [-c * scale, a * scale, (c * x - a * y) * scale],
        ],
        np.float32,
    )


def bounds_of(
    affine: NDArray[np.float64], side: float, height: int, width: int
) -> NDArray[np.int64]:
    """Return the part x0, y0, x1, y1 of an image where an affine lays a square of `side` pixels."""
    (a, b, x), (c, d, y) = affine.tolist()
    low, high = -0.5, side - 0.5
    xs = [x + a * u + b * v for u in (low, high) for v in (low, high)]
    ys = [y + c * u + d * v for u in (low, high) for v in (low, high)]
    return np.array(
        [
            max(math.floor(min(xs)), 0),
            max(math.floor(min(ys)), 0),
            min(math.ceil(max(xs)) + 1, width),
            min(math.ceil(max(ys)) + 1, height),
        ]
    )
