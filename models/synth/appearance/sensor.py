"""The sensor and its tone curve, one pass over the pixels."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.synth.appearance.colour import Floats

CURVE_SIZE = 1024
"""Entries of a tone curve, indexed by the square root of the signal, so most are in the shadows."""


def tone_curve(rng: np.random.Generator, *, clean: bool) -> Floats:
    """8-bit output, float32 (3, CURVE_SIZE), over the square root of linear signal from 0 to 1.

    Args:
        rng: Random generator.
        clean: The sRGB curve with little more; otherwise contrast, lifted blacks, soft or hard
            shoulders and channels that disagree.
    """
    signal = np.linspace(0, 1, CURVE_SIZE) ** 2
    bend = 0.04 if clean else 0.16
    curves: list[np.ndarray] = []
    shared = np.exp(rng.normal() * bend)
    shoulder = 0.0 if clean else float(rng.beta(1, 2)) * 0.9
    contrast = rng.normal() * (0.08 if clean else 0.35)
    low, high = (
        (0.0, 255.0) if clean or rng.random() < 0.5 else (rng.uniform(0, 32), rng.uniform(215, 255))
    )
    for channel in range(3):
        if channel and (clean or rng.random() < 0.7):
            curves.append(curves[0])
            continue
        gamma = shared * np.exp(rng.normal() * bend * 0.35)
        y = signal * (1 + shoulder) / (1 + shoulder * signal)
        y = (
            np.where(y <= 0.0031308, 12.92 * y, 1.055 * np.maximum(y, 1e-9) ** (1 / 2.4) - 0.055)
            ** gamma
        )
        y = y + contrast * y * (1 - y) * (2 * y - 1)
        curves.append(low + (high - low) * np.clip(y, 0, 1))
    return np.array(curves, np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def develop_pixels(
    linear: Floats, gains: Floats, rows: Floats, vignette: np.float32, grain: Floats,
    blotches: Floats,
    shot: np.float32, floor: np.float32, chroma: np.float32, curve: Floats, out: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Gain, vignette, signal-dependent noise and the tone curve, written to `out`.

    The variance of the noise is shot² x + floor², as of photon and read noise at a gain (EMVA
    1288); `chroma` scales smooth blotches that push red and blue apart.
    """
    height, width = out.shape[:2]
    one, zero = np.float32(1), np.float32(0)
    top = np.float32(curve.shape[1] - 1)
    read, photons, tint = floor * floor, shot * shot, np.float32(0.6) * chroma
    across = np.empty(width, np.float32)
    for x in range(width):
        across[x] = np.float32(0.5) * (np.float32(2 * x) / np.float32(width) - one) ** 2
    for y in range(height):
        down = np.float32(0.5) * (np.float32(2 * y) / np.float32(height) - one) ** 2
        for x in range(width):
            fall = one / (one + vignette * (across[x] + down))
            light = rows[y] * fall * fall
            for c in range(3):
                signal = max(linear[y, x, c] * gains[c] * light, zero)
                push = tint * np.float32(c - 1) * blotches[y, x] * np.sqrt(signal)
                signal += np.sqrt(photons * signal + read) * grain[y, x, c] + push
                place = np.sqrt(min(max(signal, zero), one)) * top
                out[y, x, c] = np.uint8(curve[c, np.int32(place)] + np.float32(0.5))
