"""Closes the lips: those of the neutral heads are a millimetre apart."""

from __future__ import annotations

import numpy as np

from models.head import HeadModel

_UPPER, _LOWER = np.array([61, 62, 63]), np.array([67, 66, 65])
_REACH_CM = 0.8
_SKIN_VERTICES = 11248  # face and scalp come first


class LipSeal:
    """Moves the lips of neutral heads together."""

    def __init__(self, model: HeadModel):
        self._layout = model.layout
        inner = model.landmarks(model.vertices)[model.layout.ibug68[60:68]]
        upper, lower = inner[_UPPER - 60], inner[_LOWER - 60]
        seam = np.stack([inner[0], *(0.5 * (upper + lower)), inner[4]])
        near = np.flatnonzero(np.abs(model.vertices[:_SKIN_VERTICES, 0]) < -seam[0, 0])
        own = model.vertices[near]
        at = np.stack([np.interp(own[:, 0], seam[:, 0], seam[:, k]) for k in (1, 2)], 1)
        far = ((own[:, 1:] - at) ** 2).sum(1) / _REACH_CM**2
        kept = far < 6
        self._vertices = near[kept]
        side = np.sign(own[kept, 1] - at[kept, 0])
        self._share = (-0.5 * side * np.exp(-far[kept])).astype(np.float32)
        self._x, self._line = own[kept, 0], seam[:, 0]

    def gaps(self, vertices: np.ndarray) -> np.ndarray:
        """Gaps (3,) of the lips of a head (26719, 3), from right to left, centimetres."""
        lips = self._layout.of(vertices)[self._layout.ibug68]
        return lips[_UPPER, 1] - lips[_LOWER, 1]

    def close(self, vertices: np.ndarray, left: float) -> np.ndarray:
        """The head with its lips `left` centimetres apart; below zero they are pressed together."""
        gaps = np.concatenate([[0], self.gaps(vertices) - left, [0]])
        moved = vertices.copy()
        moved[self._vertices, 1] += self._share * np.interp(self._x, self._line, gaps)
        return moved
