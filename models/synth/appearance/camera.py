"""The camera: from linear light to the 8-bit picture of a car's, a laptop's or an old camera."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import noise, optics, prints
from models.synth.appearance.colour import Floats
from models.synth.appearance.sensor import develop_pixels, tone_curve

Picture = NDArray[np.uint8]
CLEAN = 0.4
"""Share of pictures of a good camera in good light: only exposure and a standard curve."""


def _exposure(rng: np.random.Generator, linear: Floats, error: float) -> float:
    """Gain of auto-exposure: centre-weighted mean to mid-grey, with an `error` in stops (sigma)."""
    h, w = linear.shape[:2]
    luminance = linear[::4, ::4, 1]
    weight = rng.uniform(0, 1)
    centre = linear[h // 4 : -h // 4 : 3, w // 4 : -w // 4 : 3, 1].mean()
    metered = weight * float(centre) + (1 - weight) * float(luminance.mean())
    return 0.19 / max(metered, 1e-4) * 2.0 ** float(np.clip(rng.normal() * error, -2.6, 2.2))


def metered(linear: Floats) -> Picture:
    """8-bit picture of linear light, exposed for its middle, by a camera without faults."""
    h, w = linear.shape[:2]
    middle = linear[h // 4 : -h // 4, w // 4 : -w // 4]
    gain = 0.2 / max(float(np.minimum(middle, 4 * np.median(middle)).mean()), 1e-5)
    return (255 * np.clip(linear * gain, 0, 1) ** np.float32(1 / 2.2) + 0.5).astype(np.uint8)


def _white_balance(rng: np.random.Generator, spread: float) -> Floats:
    """Gains (3,) of a wrong white balance: mostly blue to amber, less green to magenta."""
    warm, green = rng.normal() * spread, rng.normal() * spread * 0.35
    return np.exp([warm, green, -warm]).astype(np.float32)


def _rolling_bands(rng: np.random.Generator, rows: int) -> Floats:
    """Row gains of lamps that flicker while the rows are read out."""
    phase = np.arange(rows) / rows * rng.uniform(1, 7) + rng.random()
    wave = np.sin(2 * np.pi * phase)
    if rng.random() < 0.5:  # pulse-width modulated light is on or off
        wave = np.tanh(4 * wave)
    return (1 + rng.uniform(0.08, 0.5) * wave).astype(np.float32)


def _read_out(
    rng: np.random.Generator, linear: Floats, gain: float, *, night: bool, clean: bool
) -> Picture:
    """Expose, add noise, apply the tone curve: 8-bit RGB."""
    h, w = linear.shape[:2]
    gains = _white_balance(rng, 0.04 if clean else 0.13)
    shot, floor, chroma = 0.0, 0.0, 0.0
    if not clean and rng.random() < (0.85 if night else 0.6):
        level = float(np.exp(rng.uniform(np.log(0.004), np.log(0.085 if night else 0.06))))
        shot, floor, chroma = level, level * rng.uniform(0.05, 0.25), level * rng.uniform(0, 1.0)
    elif clean:
        shot, floor = 0.006, 0.001
    rows = np.ones(h, np.float32)
    if not clean and rng.random() < 0.06:
        rows = _rolling_bands(rng, h)
    vignette = 0.0 if clean else float(rng.beta(1, 3) * (1.3 if night else 0.8))
    curve = tone_curve(rng, clean=clean)
    blotches = (
        noise.fractal(rng, h, w, exponent=1.0, zoom=1.3) if chroma > 0 else noise.white(rng, h, w)
    )
    out = np.empty((h, w, 3), np.uint8)
    vignette, shot, floor, chroma = np.array([vignette, shot, floor, chroma], np.float32)
    light, grain = np.ascontiguousarray(linear, np.float32), noise.white(rng, h, w, 3)
    develop_pixels(
        light,
        gains * np.float32(gain),
        rows,
        vignette,
        grain,
        blotches,
        shot,
        floor,
        chroma,
        curve,
        out,
    )
    return out


def _monochrome(rng: np.random.Generator, linear: Floats, *, night: bool) -> Floats:
    """One channel in three: a panchromatic or near-infrared response; skin is bright and even."""
    weights = np.array([0.72, 0.2, 0.08]) if night else np.array([0.3, 0.59, 0.11])
    weights = weights * np.exp(rng.normal(size=3) * 0.35)
    grey = cv2.transform(
        np.ascontiguousarray(linear), (weights / weights.sum()).astype(np.float32)[None]
    )
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def _lose_resolution(rng: np.random.Generator, image: Picture) -> Picture:
    h, w = image.shape[:2]
    factor = float(np.exp(rng.uniform(np.log(0.2), np.log(0.85))))
    down = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_NEAREST)[
        int(rng.choice(3, p=[0.6, 0.25, 0.15]))
    ]
    up = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[
        int(rng.choice(3, p=[0.6, 0.3, 0.1]))
    ]
    small = cv2.resize(
        image, (max(int(w * factor), 8), max(int(h * factor), 8)), interpolation=down
    )
    if rng.random() < 0.3:
        small = _jpeg(rng, small)
    return cv2.resize(small, (w, h), interpolation=up)


def _denoise(rng: np.random.Generator, image: Picture) -> Picture:
    """The smear of a phone's or webcam's noise reduction."""
    if rng.random() < 0.5:
        return cv2.medianBlur(image, 3 if rng.random() < 0.7 else 5)
    return cv2.bilateralFilter(image, 5, float(rng.uniform(15, 60)), 2)


def _sharpen(rng: np.random.Generator, image: Picture) -> Picture:
    amount = float(rng.uniform(0.3, 2.2))
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 2.0)))
    return cv2.addWeighted(image, 1 + amount, soft, -amount, 0)


def _lose_chroma(rng: np.random.Generator, image: Picture) -> Picture:
    """Colour at 1/4 or 1/8 of the resolution, sometimes shifted, as in analogue and cheap video."""
    ycc = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    h, w = image.shape[:2]
    f = int(rng.choice([2, 4, 8]))
    small = cv2.resize(ycc[..., 1:], (max(w // f, 1), max(h // f, 1)), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    ycc[..., 1:] = np.roll(wide, int(rng.integers(-2, 3)), 1) if rng.random() < 0.3 else wide
    return cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)


def _interlace(rng: np.random.Generator, image: Picture) -> Picture:
    comb = image.copy()
    comb[1::2] = np.roll(image[1::2], int(rng.integers(1, 5)) * int(rng.choice([-1, 1])), 1)
    return comb


def _jpeg(rng: np.random.Generator, image: Picture) -> Picture:
    sampling = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        if rng.random() < 0.75
        else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    )
    quality = int(rng.integers(25, 96))
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return cv2.imdecode(cv2.imencode(".jpg", image, settings)[1], cv2.IMREAD_COLOR)


def _borders(rng: np.random.Generator, image: Picture) -> None:
    """Blank what a crop shows beyond the frame's edge, in place: one or two sides."""
    h, w = image.shape[:2]
    fill = 0 if rng.random() < 0.8 else rng.integers(0, 256, 3)
    for _ in range(int(rng.integers(1, 3))):
        side, depth = int(rng.integers(4)), float(rng.beta(1, 2.2)) * 0.24
        if side < 2:
            image[slice(0, int(depth * h)) if side else slice(h - int(depth * h), h)] = fill
        else:
            image[:, slice(0, int(depth * w)) if side == 2 else slice(w - int(depth * w), w)] = fill


_DIGITAL = (
    # effect, chance in a picture that is not clean
    (_denoise, 0.15),
    (_sharpen, 0.25),
    (_lose_chroma, 0.12),
    (_lose_resolution, 0.3),
    (_interlace, 0.015),
    (_jpeg, 0.55),
)


def develop(rng: np.random.Generator, linear: Floats, *, night: bool) -> Picture:
    """Take a picture of a linear scene; about a millisecond for 176x176.

    Args:
        rng: Random generator.
        linear: Linear RGB light (h, w, 3), any positive scale: the camera meters it.
        night: An active near-infrared or night camera: mostly monochrome, noisy, with a strong
            vignette.

    Returns:
        8-bit RGB (h, w, 3), C-contiguous. Its geometry is the scene's: no effect moves a point.
    """
    clean = rng.random() < CLEAN * (0.5 if night else 1.0)
    if not clean:
        linear = optics.image(rng, linear)
    mono = rng.random() < (0.85 if night else 0.05)
    if mono:
        linear = _monochrome(rng, linear, night=night)
    gain = _exposure(rng, linear, 0.28 if clean else 0.65)
    picture = _read_out(rng, linear, gain, night=night, clean=clean)
    if mono and rng.random() < 0.7:
        picture = cv2.cvtColor(picture[..., int(rng.integers(3))], cv2.COLOR_GRAY2RGB)
    if not clean:
        if not night and rng.random() < 0.22:
            picture = prints.print_and_scan(rng, picture)
        for effect, chance in _DIGITAL:
            if rng.random() < chance:
                picture = effect(rng, picture)
    picture = np.ascontiguousarray(picture)
    if rng.random() < 0.2:
        _borders(rng, picture)
    return picture
