"""Pictures of pictures: faded, toned, scratched, halftoned and scanned prints, and screens."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import noise

Picture = NDArray[np.uint8]


def _fade(rng: np.random.Generator, image: Picture) -> Picture:
    """Lost contrast and dyes that aged unevenly: yellowed whites, lifted blacks."""
    black = np.abs(rng.uniform(5, 60) + rng.normal(size=3) * 9) * [1.1, 0.9, 0.8]
    white = (rng.uniform(195, 255) + rng.normal(size=3) * 9) * [1.0, 0.97, 0.88]
    return np.clip(black + image * ((white - black) / 255).astype(np.float32), 0, 255).astype(
        np.uint8
    )


def _dyes(rng: np.random.Generator, image: Picture) -> Picture:
    """Colour film dyes that fade unequally: mostly to red, at times to magenta or green."""
    strength = rng.uniform(0.05, 0.5)
    bend = (
        np.array([-1.0, rng.uniform(-0.3, 0.6), rng.uniform(0.2, 1.2)]) + rng.normal(size=3) * 0.15
    )
    code = np.arange(256) / 255
    table = code[:, None] ** np.exp(strength * (bend - 0.2))[None] * 255
    return cv2.LUT(image, np.ascontiguousarray(table.round().astype(np.uint8)[None]))


def _film(rng: np.random.Generator, image: Picture) -> Picture:
    """A soft lens, and grain that is strongest in the mid-tones."""
    if rng.random() < 0.6:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 2.0)))
    h, w = image.shape[:2]
    grain = noise.fractal(rng, h, w, exponent=float(rng.uniform(0.0, 0.7)), zoom=1.0) * np.float32(
        rng.uniform(1, 12)
    )
    code = np.arange(256, dtype=np.float32) / 255
    room = cv2.LUT(image[..., 1], 0.35 + 2.6 * code * (1 - code))
    return np.clip(image + (grain * room)[..., None] + 0.5, 0, 255).astype(np.uint8)


def _tone(rng: np.random.Generator, image: Picture) -> Picture:
    """A monochrome print, neutral, sepia or cyanotype."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    dark, light = (
        ((28, 18, 10), (246, 226, 190)) if rng.random() < 0.6 else ((12, 12, 14), (238, 238, 232))
    )
    if rng.random() < 0.08:
        dark, light = (6, 20, 60), (225, 238, 245)
    ramp = grey[..., None] ** float(rng.uniform(0.8, 1.25))
    return (
        np.array(dark, np.float32)
        + ramp * (np.array(light, np.float32) - np.array(dark, np.float32))
    ).astype(np.uint8)


def _damage(rng: np.random.Generator, image: Picture) -> Picture:
    """Scratches, dust, creases and paper grain."""
    h, w = image.shape[:2]
    out = image.copy()
    for _ in range(int(rng.integers(0, 9) * rng.random())):
        start = rng.uniform(0, 1, 2) * [w, h]
        end = start + rng.normal(size=2) * [0.1 * w, 0.4 * h]
        tone = int(rng.choice([20, 235]))
        cv2.line(
            out,
            start.astype(np.int32).tolist(),
            end.astype(np.int32).tolist(),
            (tone,) * 3,
            1,
            cv2.LINE_AA,
        )
    for x, y in (rng.uniform(0, 1, (int(rng.integers(0, 40)), 2)) * [w, h]).astype(int).tolist():
        cv2.circle(
            out, (x, y), int(rng.integers(0, 2)), (int(rng.choice([30, 230])),) * 3, -1, cv2.LINE_AA
        )
    grain = noise.fractal(rng, h, w, exponent=0.6, zoom=1.0) * rng.uniform(0, 12)
    return np.clip(out + grain[..., None], 0, 255).astype(np.uint8)


def _emboss(rng: np.random.Generator, image: Picture) -> Picture:
    """The silk or honeycomb relief of old photographic paper, caught by the scanner's lamp."""
    h, w = image.shape[:2]
    pitch, turn = rng.uniform(2.5, 6), rng.uniform(0, np.pi)
    y, x = np.mgrid[:h, :w].astype(np.float32) * np.float32(2 * np.pi / pitch)
    relief = np.zeros((h, w), np.float32)
    for angle in turn + np.array([0, np.pi / 3, 2 * np.pi / 3])[: int(rng.integers(2, 4))]:
        relief += np.cos(x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)))
    return np.clip(
        image * (1 + relief * np.float32(rng.uniform(0.01, 0.06)))[..., None], 0, 255
    ).astype(np.uint8)


def _halftone(rng: np.random.Generator, image: Picture) -> Picture:
    """Dots of a printing screen, a few pixels apart, partly blurred by the scanner."""
    h, w = image.shape[:2]
    pitch = rng.uniform(2.2, 4.5)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    channels = []
    for channel in range(3):
        angle = rng.uniform(0, np.pi / 2)
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        screen = 127 + 63 * (np.cos(2 * np.pi * u / pitch) + np.cos(2 * np.pi * v / pitch))
        channels.append(np.clip((image[..., channel] - screen) * 2.0 + 127, 0, 255))
    dots = cv2.GaussianBlur(
        np.stack(channels, -1).astype(np.uint8), (0, 0), float(rng.uniform(0.6, 1.1))
    )
    return cv2.addWeighted(dots, 0.6, image, 0.4, 0)


def _screen(rng: np.random.Generator, image: Picture) -> Picture:
    """A picture on a monitor: its lines beat with the sensor's rows."""
    h, w = image.shape[:2]
    rows = 1 + rng.uniform(0.03, 0.2) * np.sin(2 * np.pi * np.arange(h) / rng.uniform(2.1, 12))
    columns = 1 + rng.uniform(0, 0.12) * np.sin(2 * np.pi * np.arange(w) / rng.uniform(2.1, 9))
    return np.clip(image * (rows[:, None] * columns[None])[..., None], 0, 255).astype(np.uint8)


def print_and_scan(rng: np.random.Generator, image: Picture) -> Picture:
    """Print an 8-bit RGB picture, age and scan it; or show it on a screen and photograph it."""
    kind = rng.random()
    if kind < 0.08:
        return _screen(rng, image)
    if rng.random() < 0.6:
        image = _film(rng, image)
    if kind < 0.5:
        image = _tone(rng, image)
    elif rng.random() < 0.75:
        image = _dyes(rng, image)
    if rng.random() < 0.8:
        image = _fade(rng, image)
    if rng.random() < 0.12:
        image = _halftone(rng, image)
    if rng.random() < 0.15:
        image = _emboss(rng, image)
    return _damage(rng, image) if rng.random() < 0.45 else image
