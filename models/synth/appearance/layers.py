"""Layers between the camera and a face: their shape, colour and shading before lighting."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import colour
from models.synth.appearance.backgrounds import PLATES, plate
from models.synth.appearance.colour import Floats


@dataclass(frozen=True)
class FaceFrame:
    """Where a face is in an image and how it lies, to place things relative to it.

    Attributes:
        height: Of the image, pixels.
        width: Of the image, pixels.
        centre: Middle of the dense points, (2,).
        size: Longer side of their box, pixels.
        points: All landmarks, (562, 2).
    """

    height: int
    width: int
    centre: NDArray[np.floating]
    size: float
    points: NDArray[np.floating]

    @classmethod
    def of(cls, image: Floats, points: NDArray[np.floating]) -> "FaceFrame":
        """The frame of a face whose 562 landmarks are given in pixels of the image."""
        dense = points[:520]
        low, high = dense.min(0), dense.max(0)
        return cls(
            image.shape[0], image.shape[1], (low + high) / 2, float(max(*(high - low), 8.0)), points
        )

    def place(self, rng: np.random.Generator, spread: float = 0.45) -> NDArray[np.floating]:
        """A random place on or about the face, (2,)."""
        return self.centre + rng.uniform(-spread, spread, 2) * self.size

    def landmark(self, rng: np.random.Generator) -> NDArray[np.floating]:
        """A random dense landmark, (2,)."""
        return self.points[int(rng.integers(520))]

    def eye(self, rng: np.random.Generator) -> NDArray[np.floating]:
        """The middle of one of the eyes, (2,)."""
        first = int(rng.choice([520, 536]))
        return self.points[first : first + 16].mean(0)

    @property
    def mouth(self) -> NDArray[np.floating]:
        """The middle of the lips, (2,), by the iBUG points 48–67 of the layout."""
        return self.points[_LIPS].mean(0)


_LIPS = [394, 360, 348, 353, 349, 361, 397, 417, 426, 425, 424, 414]


@dataclass(frozen=True)
class Layer:
    """One thing before the face.

    Attributes:
        mask: Opacity (h, w), 0–1.
        albedo: Linear RGB (3,) or (h, w, 3).
        hides: Whether what it lies on counts as covered.
        glow: Light of its own rather than of the scene, as a screen has.
    """

    mask: Floats
    albedo: Floats
    hides: bool = True
    glow: bool = False


def blank(frame: FaceFrame) -> NDArray[np.uint8]:
    """An empty 8-bit canvas of the image's size."""
    return np.zeros((frame.height, frame.width), np.uint8)


def fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Points as OpenCV draws them with four fractional bits."""
    return np.round(np.asarray(points) * 16).astype(np.int32)


def polygon(frame: FaceFrame, points: NDArray[np.floating]) -> Floats:
    """Opacity of a filled polygon in pixels."""
    canvas = blank(frame)
    cv2.fillPoly(canvas, [fixed(points)], 255, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) * (1 / 255)


def turned(
    points: NDArray[np.floating], angle: float, at: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Points about the origin, turned by `angle` (radians) and moved to `at`."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points) @ np.array([[c, s], [-s, c]]) + at


def texture(rng: np.random.Generator, frame: FaceFrame) -> Floats:
    """A random piece of a background plate as an albedo (h, w, 3)."""
    source = plate(int(rng.integers(PLATES)))
    side = int(rng.integers(40, len(source)))
    y, x = rng.integers(len(source) - side + 1, size=2)
    part = cv2.resize(source[y : y + side, x : x + side], (frame.width, frame.height))
    return cv2.LUT(part, colour.linear_table())


def volume(mask: Floats, light: NDArray[np.floating], depth: float) -> Floats:
    """Shading (h, w) of a rounded thing: brighter towards the light, dark at the rim.

    Args:
        mask: Its opacity.
        light: Direction to the light in the image, (2,), unit length.
        depth: How far the rounding reaches inwards, pixels.
    """
    soft = cv2.GaussianBlur(mask, (0, 0), max(depth, 0.6))
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)
    slope = (gx * light[0] + gy * light[1]) * (-0.5 * depth)
    return np.clip(0.35 + 0.65 * soft * soft + slope, 0.12, 1.5)


def solid(mask: Floats, base: Floats, depth: float) -> Layer:
    """Return a thing with volume, lit from above and from a side."""
    return Layer(mask, (volume(mask, _UP, depth)[..., None] * base).astype(np.float32))


_UP = np.array([-0.4, -0.9])
