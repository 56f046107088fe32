"""Left and right of the 562-point layout: the labels of a mirrored picture.

Lids and irises have exact counterparts. The 520 dense points have not (their mirror images fall up
to 17 mm from the nearest of them), so each mirrored dense point is a fixed weighting of its eight
nearest neighbours, fitted on random heads: 0.13 mm median and 0.8 mm 99th percentile error on heads
that were not used in the fit.
"""

from functools import lru_cache
from pathlib import Path

import landmarkd
import numpy as np
from landmarkd.vision.second_view import mirror_weights
from numpy.typing import NDArray

__all__ = ["EXACT_PAIRS", "fit", "mirror_nearest", "mirror_weights"]

DATA = Path(landmarkd.__file__).parent / "data" / "mirror562.npz"
NEIGHBOURS = 8
EXACT_PAIRS = (
    *((520 + k, 536 + k) for k in range(16)),
    (552, 557),
    (553, 560),
    (554, 559),
    (555, 558),
    (556, 561),
)


@lru_cache(maxsize=1)
def mirror_nearest() -> NDArray[np.intp]:
    """(562,) index of the heaviest point in each mirrored one, for the visibility."""
    neighbours, weights = mirror_weights()
    return np.take_along_axis(neighbours, np.abs(weights).argmax(1)[:, None], 1)[:, 0]


def fit(assets: Path, heads: int = 60, seed: int = 0) -> None:
    """Fit the weights on random identities and expressions, and write them to `DATA`.

    Args:
        assets: Folder with ict_head.npz and landmarks.json.
        heads: How many heads; a third of them only measure the error, which is printed.
        seed: Of the random heads.
    """
    from scipy.spatial import cKDTree

    from models.head import HeadModel

    head = HeadModel(assets)
    corners, barycentric = head.layout.vertices, head.layout.weights[..., None].astype(float)
    neutral, *shapes = head.shape_basis().astype(float)
    identity, expression = np.array(shapes[:100]), np.array(shapes[100:])
    opposite = cKDTree(neutral).query(neutral * [-1, 1, 1])[1]
    rng = np.random.default_rng(seed)
    reflected, wanted = [], []
    for _ in range(heads):
        shape = neutral + np.tensordot(rng.normal(size=len(identity)) * 0.9, identity, 1)
        shape += np.tensordot(rng.beta(0.5, 2, len(expression)) * 0.5, expression, 1)
        reflected.append((shape[corners] * barycentric).sum(1) * [-1, 1, 1])
        wanted.append((shape[opposite][corners] * [-1, 1, 1] * barycentric).sum(1))
    have, want, used = np.array(reflected), np.array(wanted), heads * 2 // 3
    neighbours, weights = _regress(have[:used], want[:used])
    error = (
        np.linalg.norm((have[used:, neighbours] * weights[..., None]).sum(2) - want[used:], axis=2)
        * 10
    )
    print(f"mm: median {np.median(error):.2f}, 99th percentile {np.percentile(error, 99):.2f}")
    np.savez_compressed(
        DATA, neighbours=neighbours.astype(np.int16), weights=weights.astype(np.float32)
    )


def _regress(have: np.ndarray, want: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression of each wanted point on its neighbours, with weights that sum to one."""
    from scipy.spatial import cKDTree

    count = have.shape[1]
    neighbours = np.tile(np.arange(NEIGHBOURS), (count, 1))
    weights = np.zeros((count, NEIGHBOURS))
    distances, nearest = cKDTree(have.mean(0)[:520]).query(want.mean(0)[:520], NEIGHBOURS)
    for i, (distance, near) in enumerate(zip(distances, nearest, strict=True)):
        rows = have[:, near].transpose(0, 2, 1).reshape(-1, NEIGHBOURS)
        ridge = np.diag(distance / distance.mean() + 0.1) * np.sqrt(0.02 * len(rows))
        system = np.vstack([rows, np.full((1, NEIGHBOURS), 1e3), ridge])
        target = np.concatenate([want[:, i].ravel(), [1e3], np.zeros(NEIGHBOURS)])
        neighbours[i], weights[i] = near, np.linalg.lstsq(system, target)[0]
    for a, b in EXACT_PAIRS:
        for point, counterpart in ((a, b), (b, a)):
            neighbours[point] = (counterpart + np.arange(NEIGHBOURS)) % count
            weights[point] = np.eye(NEIGHBOURS)[0]
    return neighbours, weights
