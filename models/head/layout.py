"""The 562 landmarks as points on head triangles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DENSE = slice(0, 520)
RIGHT_LID = slice(520, 536)
LEFT_LID = slice(536, 552)
RIGHT_IRIS = slice(552, 557)
LEFT_IRIS = slice(557, 562)


@dataclass(frozen=True)
class Layout:
    """Triangle vertices and weights of every landmark.

    Attributes:
        vertices: int32 (562, 3) head vertex indices.
        weights: float32 (562, 3) barycentric weights, each row sums to one.
        ibug68: int32 (68,) which landmarks are the iBUG points, in iBUG order.
    """

    vertices: np.ndarray
    weights: np.ndarray
    ibug68: np.ndarray

    def __post_init__(self) -> None:
        if (
            self.vertices.shape != (562, 3)
            or self.weights.shape != (562, 3)
            or self.ibug68.shape != (68,)
        ):
            raise ValueError("a landmark layout has 562 points of 3 vertices, 68 of them named")
        if not np.allclose(self.weights.sum(1), 1, atol=1e-4):
            raise ValueError("landmark weights do not sum to one")

    @classmethod
    def read(cls, path: Path) -> Layout:
        """Read ``landmarks.json``."""
        content = json.loads(path.read_text(encoding="utf-8"))
        points = content["points"]
        weights = np.array([p["weights"] for p in points], np.float64)
        weights /= weights.sum(1, keepdims=True)  # the file rounds to six digits
        return cls(
            np.array([p["vertices"] for p in points], np.int32),
            weights.astype(np.float32),
            np.array(content["ibug68"], np.int32),
        )

    def of(self, vertices: np.ndarray) -> np.ndarray:
        """Landmarks (562, k) of any per-vertex quantity (N, k), for example positions."""
        return np.einsum("pw,pwk->pk", self.weights, vertices[self.vertices])


def read_paper_index(path: Path) -> np.ndarray:
    """The paper's index of each dense point, int64 (520,), from ``landmarks.json``."""
    return np.array(json.loads(path.read_text(encoding="utf-8"))["paper_vertex_index"], np.int64)
