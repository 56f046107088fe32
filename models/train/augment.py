"""Augmentation: cuts the model's crop from a stored one as a tracker would; changes its colours.

All random numbers come from the generator that is passed in, so a sample depends only on its seed.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from landmarkd.vision.second_view import mirror_points
from numpy.typing import NDArray

from models.train.mirror import mirror_nearest
from models.train.shards import Crop

DENSE = 520
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Jitter:
    """How inaccurate a tracker's crop may be, and how often colours are changed.

    Attributes:
        side: Of the model's crop in pixels.
        margin: Side of the crop over the longer side of the box of the dense points in the turned
            frame.
        scale: Range of the factor on that side, uniform in its logarithm.
        shift: Standard deviation of the centre in units of the box.
        turn_deg: Standard deviation of the rotation about the upright face.
        upright: Share of crops that are turned upright first, as the runtime does.
        wild: Share of crops that are far off, as after a fast move or where half a face is hidden:
            from these, the points have to lead back to the face. Turned by anything up to
            `wild_deg`, shifted by `wild_shift`, scaled by `wild_scale`.
    """

    side: int = 128
    margin: float = 1.3
    scale: tuple[float, float] = (0.87, 1.17)
    shift: float = 0.04
    turn_deg: float = 7.0
    upright: float = 0.7
    wild: float = 0.06
    wild_deg: float = 50.0
    wild_shift: float = 0.1
    wild_scale: tuple[float, float] = (0.78, 1.45)


@dataclass(frozen=True)
class Shake:
    """Standard deviations between two views of a crop, and how often they are `far` times larger.

    Attributes:
        scale: Of the logarithm of the region's side.
        shift: Of its middle, in units of the box.
        turn_deg: Of its rotation.
    """

    scale: float = 0.008
    shift: float = 0.005
    turn_deg: float = 0.6
    far: float = 6.0
    far_share: float = 0.15


@dataclass(frozen=True)
class _Region:
    """A turned square in a stored crop: (2,) middle and side in its pixels."""

    middle: NDArray[np.float32]
    span: float
    turn_deg: float
    longer: float

    def matrix(self, side: int) -> NDArray[np.float32]:
        """(2, 3) from pixels of the stored crop to those of a picture of the square."""
        linear = _axes(self.turn_deg) * np.float32(side / self.span)
        return np.column_stack([linear, (side - 1) / 2 - linear @ self.middle]).astype(np.float32)

    def shaken(self, rng: np.random.Generator, shake: Shake) -> "_Region":
        far = shake.far if rng.random() < shake.far_share else 1.0
        scale, turn, *shift = rng.normal(size=4) * far
        return replace(
            self,
            middle=self.middle + np.array(shift, np.float32) * shake.shift * self.longer,
            span=self.span * math.exp(scale * shake.scale),
            turn_deg=self.turn_deg + turn * shake.turn_deg,
        )


def cut(
    crop: Crop, rng: np.random.Generator, jitter: Jitter
) -> tuple[Image, NDArray[np.float32], NDArray[np.bool_]]:
    """Cut a turned, scaled, shifted, perhaps mirrored square.

    Returns:
        Picture (side, side, 3), points (562, 3) in its pixels (pixel centres at integers), visible
        (562,).
    """
    crop = _mirrored(crop) if rng.random() < 0.5 else crop
    matrix = _region(crop, rng, jitter).matrix(jitter.side)
    image = _warp(crop.image, matrix, jitter.side, *_border(rng))
    return image, _moved(crop.points, matrix), crop.visible


def cut_twice(
    crop: Crop, rng: np.random.Generator, jitter: Jitter, shake: Shake
) -> tuple[list[Image], NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Cut two views that differ as two pictures of a film do.

    Returns:
        Two pictures, their points (2, 562, 3), visible (562,), and what maps the pixels of either
        to those of the first (2, 2, 3).
    """
    crop = _mirrored(crop) if rng.random() < 0.5 else crop
    first = _region(crop, rng, jitter)
    matrices = [region.matrix(jitter.side) for region in (first, first.shaken(rng, shake))]
    border = _border(rng)
    images = [_warp(crop.image, matrix, jitter.side, *border) for matrix in matrices]
    points = np.stack([_moved(crop.points, matrix) for matrix in matrices])
    linear = matrices[0][:, :2] @ np.linalg.inv(matrices[1][:, :2])
    back = np.column_stack([linear, matrices[0][:, 2] - linear @ matrices[1][:, 2]])
    return images, points, crop.visible, np.stack([np.eye(2, 3), back]).astype(np.float32)


def _mirrored(crop: Crop) -> Crop:
    points = mirror_points(crop.points, crop.image.shape[1])
    return Crop(
        cv2.flip(crop.image, 1), points, crop.visible[mirror_nearest()], crop.face, -crop.roll_deg
    )


def _axes(turn_deg: float) -> NDArray[np.float32]:
    angle = math.radians(turn_deg)
    return np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], np.float32
    )


def _region(crop: Crop, rng: np.random.Generator, jitter: Jitter) -> _Region:
    """The square that a tracker might have taken."""
    turn = rng.normal() * jitter.turn_deg
    kind = rng.random()
    scales, shift = (
        (jitter.wild_scale, jitter.wild_shift)
        if kind < jitter.wild
        else (jitter.scale, jitter.shift)
    )
    if kind < jitter.wild:
        turn = rng.uniform(-jitter.wild_deg, jitter.wild_deg)
    elif kind < jitter.wild + jitter.upright and math.isfinite(crop.roll_deg):
        turn += crop.roll_deg
    axes = _axes(turn)
    low, high = _box(crop, crop.points, axes, crop.image.shape[0])
    longer = float((high - low).max())
    scale = math.exp(rng.uniform(*np.log(scales)))
    centre = (low + high) / 2 + rng.normal(size=2) * shift * longer
    return _Region(axes.T @ centre.astype(np.float32), jitter.margin * longer * scale, turn, longer)


def _border(rng: np.random.Generator) -> tuple[int, tuple[float, ...]]:
    """What is beyond the stored crop: its edge repeated, black or a colour."""
    border = cv2.BORDER_REPLICATE if rng.random() < 0.4 else cv2.BORDER_CONSTANT
    return border, (0, 0, 0) if rng.random() < 0.5 else tuple(
        float(v) for v in rng.integers(0, 256, 3)
    )


def _warp(
    image: Image, matrix: NDArray[np.float32], side: int, border: int, fill: tuple[float, ...]
) -> Image:
    return cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill
    )


def _moved(points: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    plane = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return np.column_stack([plane, points[:, 2] * np.linalg.norm(matrix[:, 0])]).astype(np.float32)


def _box(
    crop: Crop, points: NDArray[np.float32], axes: NDArray[np.float32], side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the box of the dense points in the turned frame; of a fixed box without a face."""
    if not crop.face:
        middle = axes @ np.array([side / 2, side / 2], np.float32)
        return middle - side * 0.28, middle + side * 0.28
    turned = points[:DENSE, :2] @ axes.T
    return np.nanmin(turned, 0), np.nanmax(turned, 0)


def disturb(image: Image, rng: np.random.Generator) -> Image:
    """Change colours, sharpness and noise of a picture, and cover parts of it."""
    chance = rng.random(8)
    if chance[0] < 0.12:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    elif chance[0] < 0.2:
        image = np.ascontiguousarray(image[..., rng.permutation(3)])
    if chance[1] < 0.08:
        image = _coarsen(image, rng)
    elif chance[1] < 0.16:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8))
    if chance[2] < 0.7:
        image = cv2.LUT(image, _tone_curves(rng))
    if chance[3] < 0.2:
        image = _cover(image, rng)
    if chance[4] < 0.15:
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        cv2.randn(noise, (0, 0, 0), (float(rng.uniform(2, 14)),) * 3)
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if chance[5] < 0.1:
        quality = int(rng.integers(20, 80))
        written = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = cv2.imdecode(written, cv2.IMREAD_COLOR)
    return image


def grain(image: Image, rng: np.random.Generator) -> Image:
    """Noise and compression, which differ from frame to frame of a video."""
    if rng.random() < 0.5:
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        cv2.randn(noise, (0, 0, 0), (math.exp(rng.uniform(0, 2)),) * 3)
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.3:
        written = cv2.imencode(
            ".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 92))]
        )[1]
        image = cv2.imdecode(written, cv2.IMREAD_COLOR)
    return image


def _tone_curves(rng: np.random.Generator) -> Image:
    """(256, 1, 3) table of contrast, brightness, gamma and colour cast."""
    level = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    cast = np.exp(rng.normal(size=3) * 0.06)
    curve = level ** math.exp(rng.normal() * 0.2) * math.exp(rng.normal() * 0.18) * cast
    middle = curve.mean()
    curve = (curve - middle) * rng.uniform(0.7, 1.25) + middle + rng.normal() * 0.05
    return np.clip(curve * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3)


def _coarsen(image: Image, rng: np.random.Generator) -> Image:
    """Reduce the resolution, as of a distant face."""
    side = image.shape[0]
    small = int(rng.uniform(28, 90))
    image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)


def _cover(image: Image, rng: np.random.Generator) -> Image:
    """Cover one or two rectangles with a colour or with another part of the picture."""
    image, side = image.copy(), image.shape[0]
    for _ in range(rng.integers(1, 3)):
        h, w = (int(v) for v in rng.uniform(0.08, 0.35, 2) * side)
        (y, v), (x, u) = rng.integers(0, side - h, 2), rng.integers(0, side - w, 2)
        image[y : y + h, x : x + w] = (
            image[v : v + h, u : u + w] if rng.random() < 0.4 else rng.integers(0, 256, 3)
        )
    return image
