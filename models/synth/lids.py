"""Closure of the lids: the weight of the blink at which they meet, for any head and expression."""

from __future__ import annotations

import numpy as np

from models.head import HeadModel

_PAIRS = np.array(
    [(3, 13), (4, 12), (5, 11)]
)  # upper and lower points of a lid's sixteen, the three in the middle
_MOST = 1.6  # weight of a blink beyond which its shape no longer looks like one
_SAMPLE_WEIGHT = 0.25  # vertices are linear in the weights; large enough against rounding


class Lids:
    """Solves for the blink with signed gaps: unsigned ones grow again where lids cross.

    Vertices are linear in the weights, so the signed gap is, too; if something else moves the lids
    (cheeks that push the lower lid up, a brow that presses on the upper lid), less of the blink
    shuts them.
    """

    def __init__(self, model: HeadModel):
        self._model = model
        nothing = np.zeros_like(model.vertices)
        unit = np.eye(len(model.expression_names), dtype=np.float32) * _SAMPLE_WEIGHT
        moves = [self._gaps(model.evaluate(nothing, weights)) / _SAMPLE_WEIGHT for weights in unit]
        self._moves = np.stack(moves, 1)
        self._blink = [model.expression_index["eyeBlink" + side] for side in ("_R", "_L")]

    def weights(self, shape: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weights (2,) of the blink shapes at which the right and the left lids just meet.

        Args:
            shape: float32 (26719, 3) neutral vertices of a person.
            weights: (57,) expression weights without blinks.
        """
        result = np.empty(2)
        neutral = self._gaps(shape)
        for side, blink in enumerate(self._blink):
            along = neutral[side] / max(float(np.linalg.norm(neutral[side])), 1e-6)
            rest = float(along @ (neutral[side] + weights @ self._moves[side]))
            slope = -float(along @ self._moves[side, blink])
            result[side] = np.clip(rest / max(slope, 0.05), 0.0, _MOST)
        return result

    def _gaps(self, vertices: np.ndarray) -> np.ndarray:
        """Mean vectors (2, 3) from the lower to the upper lid, right and left eye, centimetres."""
        lids = self._model.landmarks(vertices)[520:552].reshape(2, 16, 3)
        return (lids[:, _PAIRS[:, 0]] - lids[:, _PAIRS[:, 1]]).mean(1)
