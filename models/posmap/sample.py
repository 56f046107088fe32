"""Landmarks from position maps, our own or those of the reference code for 300W-LP."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from models.head.layout import read_paper_index


class Sampler(Protocol):
    """Reads the landmarks off a position map."""

    def sample(self, position_map: np.ndarray) -> np.ndarray:
        """Landmarks float32 (562, 3) of a map (256, 256, 3); rows that it lacks are NaN."""


class ReferenceSampler:
    """The 520 dense points of maps over the Basel face's texture, as face3d and PRNet write them.

    Such a map has 43867 valid texels, listed in ``face_ind.txt`` of PRNet's ``uv-data`` as flat
    indices into 256x256. The paper's 520 points (arXiv 2308.15170) are positions in that list. Lids
    and irises stay NaN: the Basel map has no points there.
    """

    def __init__(self, face_ind: Path, landmarks_json: Path):
        flat = np.loadtxt(face_ind, dtype=np.float64).astype(np.int64)
        chosen = read_paper_index(landmarks_json)
        if flat.ndim != 1 or len(flat) <= chosen.max() or flat.min() < 0 or flat.max() >= 65536:
            least = chosen.max() + 1
            raise ValueError(
                f"{face_ind} is no list of texels of a 256x256 map with at least {least} entries"
            )
        self._flat = flat[chosen]

    def sample(self, position_map: np.ndarray) -> np.ndarray:
        """See `Sampler`."""
        if position_map.shape != (256, 256, 3):
            raise ValueError(f"a position map is 256x256x3, not {position_map.shape}")
        result = np.full((562, 3), np.nan, np.float32)
        result[:520] = position_map.reshape(-1, 3)[self._flat]
        result[:520, 2] -= result[:520, 2].mean()
        return result
