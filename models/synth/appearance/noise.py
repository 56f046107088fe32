"""Banks of noise: made once per process from fixed seeds, sampled at random places and sizes.

Drawing fresh Gaussian numbers for one crop costs about a millisecond; a place in a bank costs
microseconds.
"""

from functools import cache

import cv2
import numpy as np

from models.synth.appearance.colour import Floats

_TILE = 512
_EXPONENTS = (0.5, 1.0, 1.5, 2.0)


@cache
def _white() -> Floats:
    values = np.random.default_rng(11).standard_normal(1 << 21, dtype=np.float32)
    values.flags.writeable = False
    return values


@cache
def _spectral(exponent: float) -> tuple[Floats, ...]:
    """Periodic tiles with an amplitude spectrum 1/f**exponent, zero mean, unit deviation."""
    rng = np.random.default_rng(int(exponent * 1000))
    f = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None])
    f[0, 0] = 1
    tiles = []
    for _ in range(6):
        spectrum = np.fft.rfft2(rng.standard_normal((_TILE, _TILE))) / f**exponent
        spectrum[0, 0] = 0
        tile = np.fft.irfft2(spectrum, s=(_TILE, _TILE))
        tiles.append((tile / tile.std()).astype(np.float32))
        tiles[-1].flags.writeable = False
    return tuple(tiles)


def white(rng: np.random.Generator, *shape: int) -> Floats:
    """Independent standard normal values: a read-only view of the bank, or new if too small."""
    bank, count = _white(), int(np.prod(shape))
    if count > len(bank):
        return rng.standard_normal(shape, dtype=np.float32)
    start = int(rng.integers(len(bank) - count + 1))
    return bank[start : start + count].reshape(shape)


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    exponent: float = 1.5,
    zoom: float | None = None,
) -> Floats:
    """Cloudy noise, float32 (height, width), about zero mean and unit deviation over the bank.

    Args:
        rng: Random generator.
        height: Rows.
        width: Columns.
        exponent: Fall of the amplitude with frequency, taken to the nearest half from 0.5 to 2: 1
            is rough like foliage, 2 smooth like clouds.
        zoom: Magnification of the bank; random from 1 to 6 if not given.
    """
    nearest = _EXPONENTS[min(max(round(2 * exponent) - 1, 0), 3)]
    tile = _spectral(nearest)[int(rng.integers(6))]
    scale = float(rng.uniform(1, 6)) if zoom is None else zoom
    h, w = (min(max(int(n / scale), 4), _TILE) for n in (height, width))
    y, x = int(rng.integers(_TILE - h + 1)), int(rng.integers(_TILE - w + 1))
    part = tile[y : y + h, x : x + w]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_LINEAR)


@cache
def _strands(length: int, count: int) -> tuple[Floats, ...]:
    """Tiles of drawn hairs that hang downwards, coverage 0–1."""
    rng = np.random.default_rng(length * 7919 + count)
    tiles = []
    for _ in range(4):
        tile = np.zeros((_TILE, _TILE), np.uint8)
        lean = fractal(rng, _TILE, _TILE, exponent=2.0, zoom=1.5)
        for x, y in rng.uniform(-length, _TILE + length, (count, 2)):
            column, row = min(max(int(x), 0), _TILE - 1), min(max(int(y), 0), _TILE - 1)
            angle = np.pi / 2 + 0.5 * lean[row, column] + rng.normal() * 0.28
            reach = length * rng.uniform(0.6, 1.4)
            tip = (int(16 * (x + reach * np.cos(angle))), int(16 * (y + reach * np.sin(angle))))
            tone = int(rng.integers(70, 256))
            cv2.line(tile, (int(16 * x), int(16 * y)), tip, tone, 1, cv2.LINE_AA, 4)
        tiles.append(tile.astype(np.float32) / np.float32(255))
    return tuple(tiles)


def strands(rng: np.random.Generator, size: int, *, length: int = 12, count: int = 9000) -> Floats:
    """Coverage (0–1) of drawn hairs that hang down, float32 (size, size), size at most 512."""
    tile = _strands(length, count)[int(rng.integers(4))]
    y, x = rng.integers(_TILE - size + 1, size=2)
    part = tile[y : y + size, x : x + size]
    return part[:, ::-1] if rng.random() < 0.5 else part
