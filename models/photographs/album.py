"""The gathered photographs in memory: windows of them, and things cut out of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SCENERY = 0.65
"""Share of windows that show a place or a thing, not a surface."""

SMALLEST = 56
"""Shorter side of the smallest window, pixels of the photograph."""


@dataclass(frozen=True)
class Album:
    """Pictures, each (height, width, 3) uint8 RGB.

    Attributes:
        scenery: places and things.
        surfaces: walls, floors, cloth, leaves.
        cut_outs: pictures with their alpha, (height, width) uint8.
    """

    scenery: tuple[Image, ...]
    surfaces: tuple[Image, ...]
    cut_outs: tuple[tuple[Image, Image], ...]

    @classmethod
    def read(cls, folder: Path) -> Album:
        """Decode a folder that ``python -m models.photographs`` wrote.

        Raises:
            ValueError: if it holds no photograph.
        """
        found: dict[str, list[Image]] = {"scenery": [], "surface": [], "cutout": []}
        for path in sorted(folder.glob("*.webp")):
            kind = path.name.split("-")[0]
            if kind in found:
                picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
                code = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
                found[kind].append(cv2.cvtColor(picture, code))
        if not found["scenery"] or not found["surface"]:
            raise ValueError(
                f"no photographs in {folder}; gather them: "
                "python -m models.photographs --out FOLDER"
            )
        cut_outs = [
            (np.ascontiguousarray(p[..., :3]), np.ascontiguousarray(p[..., 3]))
            for p in found["cutout"]
        ]
        return cls(tuple(found["scenery"]), tuple(found["surface"]), tuple(cut_outs))

    def window(self, rng: np.random.Generator, height: int, width: int) -> Image:
        """Return a random part of a random picture, mirrored at random, as (height, width, 3)."""
        source = self.scenery if rng.random() < SCENERY else self.surfaces
        picture = source[int(rng.random() * len(source))]
        high, wide = picture.shape[:2]
        most = min(high / height, wide / width)
        least = min(SMALLEST / min(height, width), most)
        scale = least * (most / least) ** math.sqrt(rng.random())
        h, w = min(max(round(height * scale), 2), high), min(max(round(width * scale), 2), wide)
        y, x = int(rng.random() * (high - h + 1)), int(rng.random() * (wide - w + 1))
        how = cv2.INTER_AREA if scale > 1.5 else cv2.INTER_LINEAR
        part = cv2.resize(picture[y : y + h, x : x + w], (width, height), interpolation=how)
        return cv2.flip(part, 1) if rng.random() < 0.5 else part


@lru_cache(maxsize=2)
def album(folder: Path) -> Album:
    """Return the process's own copy of a folder's photographs, decoded at the first call."""
    return Album.read(folder)
