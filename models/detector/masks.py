"""Masks painted on faces; the result still counts as a face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector.cuttings import Cutting

Image = NDArray[np.uint8]


def masked(rng: np.random.Generator, face: Cutting, pattern: Image | None = None) -> Cutting:
    """Return a face with a mask painted over its nose, mouth and chin, against dust or disease.

    Args:
        rng: random generator.
        face: to be masked.
        pattern: (height, width, 3) uint8 of printed cloth; without it the mask is of one colour.
    """
    points, picture = face.points, face.levels[0].copy()
    jaw = points[1:16] if rng.random() < 0.7 else points[2:15]
    bridge = points[28] + (points[29] - points[28]) * float(rng.uniform(-0.6, 0.9))
    down = points[8] - points[27]
    down /= max(float(np.hypot(*down)), 1e-6)
    across = np.array([down[1], -down[0]], np.float32)
    size = float((points.max(0) - points.min(0)).max())
    # Nose and lips stand out beyond the jaw where a face is turned.
    outline = cv2.convexHull(np.array([*jaw, bridge, points[30], *points[48:60]], np.float32))[:, 0]
    middle = outline.mean(0)
    outline = middle + (outline - middle) * float(rng.uniform(1.0, 1.1))
    if rng.random() < 0.15:  # a scarf, or a collar drawn up
        below = np.array([*jaw], np.float32) + down * size * float(rng.uniform(0.15, 0.6))
        outline = cv2.convexHull(np.array([*outline, *below], np.float32))[:, 0]
    cover = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.int32(np.rint(outline * 8))], 255, cv2.LINE_AA, 3)
    cover = cv2.GaussianBlur(cover, (0, 0), 0.7)
    colour = np.array(_mask_colour(rng), np.float32)
    # Cloth shows the light on the face, without the features under it.
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = cv2.GaussianBlur(grey, (0, 0), size * 0.14)
    light /= max(float(light[cover > 128].mean()) if (cover > 128).any() else 1.0, 4.0)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    along = ((x - middle[0]) * down[0] + (y - middle[1]) * down[1]) / size
    aside = ((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / size
    light *= np.float32(1.1) - np.float32(rng.uniform(0.2, 1.4)) * aside**2
    folds = int(rng.integers(0, 5))
    if folds:
        light *= 1 + np.float32(rng.uniform(0.03, 0.14)) * np.sin(
            along * float(folds * 14) + float(rng.uniform(0, 6))
        )
    bright = float(
        np.clip(grey[cover > 128].mean() / 150 if (cover > 128).any() else 1.0, 0.25, 1.3)
    )
    cloth = (
        colour if pattern is None else cv2.resize(pattern, picture.shape[1::-1]).astype(np.float32)
    )
    cloth = np.clip(cloth * (light * bright)[..., None], 0, 255)
    weight = cover.astype(np.float32)[..., None] / 255
    picture = (picture + weight * (cloth - picture)).astype(np.uint8)
    if rng.random() < 0.6:  # loops to the ears
        band = tuple(int(n) for n in np.clip(colour * bright * 0.9, 0, 255))
        for near, far in ((jaw[1], points[0]), (jaw[-2], points[16])):
            start, end = np.rint([near, far + 0.12 * (far - middle)]).astype(int).tolist()
            cv2.line(picture, start, end, band, 1, cv2.LINE_AA)
    return Cutting.of(picture, points, doubtful=face.doubtful)


def _mask_colour(rng: np.random.Generator) -> tuple[float, ...]:
    kind = rng.random()
    if kind < 0.28:
        return (
            float(rng.uniform(120, 180)),
            float(rng.uniform(175, 215)),
            float(rng.uniform(205, 245)),
        )
    if kind < 0.56:
        return (float(rng.uniform(205, 250)),) * 3
    if kind < 0.8:
        return tuple(float(rng.uniform(12, 70)) * n for n in rng.uniform(0.85, 1.15, 3))
    return tuple(float(n) for n in rng.uniform(20, 235, 3))
