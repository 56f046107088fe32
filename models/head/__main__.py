"""``python -m models.head``: write the mean head's landmarks for the runtime again."""

from pathlib import Path

import numpy as np

from models.head import HeadModel

CANONICAL = Path(__file__).resolve().parents[2] / "edge" / "landmarkd" / "data" / "canonical.npz"
_CAMERA = np.array([10.0, -10.0, -10.0])
"""From centimetres (y up, z toward the viewer) to millimetres (y down, z away from the viewer)."""


def canonical_landmarks(model: HeadModel) -> np.ndarray:
    """Landmarks float32 (562, 3) of the mean head, millimetres, from the midpoint of the pupils."""
    points = model.landmarks(model.vertices.astype(np.float64)) * _CAMERA
    return (points - points[[552, 557]].mean(0)).astype(np.float32)


if __name__ == "__main__":
    with np.load(CANONICAL) as stored:
        triangles = stored["triangles"]
    np.savez_compressed(CANONICAL, points=canonical_landmarks(HeadModel()), triangles=triangles)
    print(f"Written: {CANONICAL}")
