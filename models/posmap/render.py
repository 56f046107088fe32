"""Render pictures with position maps, in the layout written for 300W-LP."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from models.posmap.folder import Pair
from models.posmap.map import SIZE, PositionMap
from models.synth.crop import Studio
from models.synth.framing import SIZE as CROP


def pairs(count: int, seed: int, studio: Studio | None = None) -> Iterator[Pair]:
    """Random pictures (256x256) with the position maps of their heads."""
    studio = studio or Studio()
    maps = PositionMap(studio.mesh)
    scale = SIZE / CROP
    for i in range(count):
        rng = np.random.default_rng([seed, 3, i])
        crop, vertices = studio.crop_with_vertices(rng, studio.person(rng))
        image = cv2.resize(crop.image, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        points = vertices * np.float32(scale)
        points[:, :2] += np.float32((scale - 1) / 2)  # pixel centres at integers
        yield Pair(f"synthetic_{seed}_{i:06d}", image, maps.write(points))
