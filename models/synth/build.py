"""Builds: children, heavy, gaunt and old heads, and features beyond what the identities span.

Everything is one smooth field over the neutral head: blobs that move and stretch the vertices
around them. A blob on one side also defines its mirror image.
"""

from __future__ import annotations

import numba as nb
import numpy as np

# Centre and reach of a blob, push and stretch along x (out), y (up), z (forward); centimetres.
_Row = tuple[float, float, float, float, float, float, float, float, float, float]

_NOTHING = np.float32(9)  # beyond this squared distance over squared reach a blob moves nothing
_CHILD: tuple[_Row, ...] = (
    (4.6, -2.2, 7.5, 3.2, 0.50, -0.15, 0.55, 0, 0, 0),  # cheeks
    (4.2, -5.6, 6.5, 2.6, 0.35, -0.10, 0.20, 0, 0, 0),  # their lower end
    (0.0, -0.5, 10.4, 2.2, 0, 0.10, 0, -0.20, -0.22, -0.22),  # nose
    (0.0, 3.0, 11.0, 1.7, 0, 0, -0.45, 0, 0, 0),  # its bridge
    (0.0, -3.4, 10.8, 2.4, 0, 0, 0, -0.18, 0.02, 0.05),  # mouth
    (0.0, -7.4, 9.2, 2.5, 0, 0.25, -0.55, 0, 0, 0),  # chin
    (0.0, -9.0, 6.2, 2.8, 0, -0.40, 0.55, 0, 0, 0),  # under it
    (0.0, 8.5, 8.0, 5.0, 0, 0.35, 0.60, 0, 0, 0),  # forehead
    (0.0, 9.0, 0.0, 9.0, 0, 0, 0, 0.09, 0.11, 0.06),  # cranium
    (0.0, -12.0, 1.0, 6.0, 0, 0, 0, -0.22, 0, -0.15),  # neck
)
_HEAVY: tuple[_Row, ...] = (
    (5.2, -2.5, 6.5, 3.4, 0.90, -0.10, 0.55, 0, 0, 0),  # cheeks
    (5.2, -5.8, 5.0, 3.0, 1.05, -0.60, 0.50, 0, 0, 0),  # jowls
    (0.0, -9.2, 6.5, 3.0, 0, -1.10, 1.10, 0, 0, 0),  # second chin
    (4.4, 0.6, 8.6, 2.5, 0.30, 0, 0.30, 0, 0, 0),  # cheekbones
    (0.0, -12.0, 1.5, 6.0, 0, 0, 0, 0.18, 0, 0.20),  # neck
)
_GAUNT: tuple[_Row, ...] = (
    (4.8, -3.0, 7.0, 2.5, -0.70, 0, -0.60, 0, 0, 0),
    (6.3, 4.5, 5.0, 2.6, -0.45, 0, -0.20, 0, 0, 0),  # temples
    (3.0, 1.3, 9.4, 1.5, 0, 0, -0.30, 0, 0, 0),  # under the eyes
    (0.0, -12.0, 1.5, 6.0, 0, 0, 0, -0.10, 0, -0.10),
)
_OLD: tuple[_Row, ...] = (
    (4.4, -5.8, 7.2, 1.9, 0.35, -0.55, 0.35, 0, 0, 0),  # jowls
    (3.2, -4.5, 9.4, 1.5, 0, -0.25, 0.20, 0, 0, 0),  # beside the mouth
    (0.0, -3.4, 11.4, 1.7, 0, 0, -0.10, 0.04, -0.22, -0.10),  # thin lips
    (0.0, -0.3, 12.4, 1.6, 0, -0.35, 0.10, 0.05, 0, 0),  # tip of the nose
    (0.0, -10.2, 6.4, 2.2, 0, -0.20, 0.60, 0, 0, 0),  # slack under the chin
    (2.9, 1.6, 9.3, 1.2, 0, -0.05, 0.18, 0, 0, 0),  # bags
)
_THIN: tuple[_Row, ...] = (
    (0.0, -3.40, 11.5, 1.4, 0, 0, -0.12, 0, -0.34, -0.15),  # both lips, toward where they meet
)
_FEATURES: tuple[_Row, ...] = (  # standard deviations
    (0.0, -0.3, 10.6, 2.3, 0, 0.12, 0.10, 0.15, 0.10, 0.15),  # nose
    (0.0, 0.0, 12.8, 1.4, 0, 0.16, 0.20, 0.10, 0, 0),  # its tip
    (0.0, 2.6, 11.0, 1.7, 0, 0, 0.22, 0.10, 0, 0),  # its bridge
    (0.0, -3.4, 10.8, 2.6, 0, 0.18, 0.16, 0.10, 0.08, 0.05),  # mouth
    (0.0, -2.7, 11.7, 1.1, 0, 0.06, 0.10, 0, 0.16, 0),  # upper lip
    (0.0, -4.2, 11.4, 1.1, 0, 0.06, 0.12, 0, 0.16, 0),  # lower lip
    (0.0, -7.2, 9.8, 2.4, 0, 0.40, 0.38, 0.12, 0, 0),  # chin
    (6.0, -4.4, 4.4, 2.9, 0.42, 0.34, 0.30, 0, 0, 0),  # angle of the jaw
    (5.0, -1.4, 7.4, 2.6, 0.30, 0.15, 0.25, 0, 0, 0),  # cheek
    (4.8, 1.2, 8.2, 2.2, 0.26, 0.18, 0.26, 0, 0, 0),  # cheekbone
    (3.2, 5.2, 9.6, 2.0, 0.10, 0.18, 0.20, 0, 0, 0),  # brow
    (0.0, 8.0, 8.6, 4.5, 0, 0.30, 0.40, 0, 0, 0),  # forehead
    (6.4, 4.6, 5.0, 3.0, 0.28, 0, 0.20, 0, 0, 0),  # temple
    (3.1, 3.6, 8.6, 2.6, 0.14, 0.13, 0.10, 0, 0, 0),  # eye
    (8.3, 1.4, 0.0, 2.4, 0.45, 0.15, 0.25, 0.05, 0.12, 0.05),  # ear
    (0.0, -8.8, 6.5, 2.8, 0, 0.35, 0.35, 0, 0, 0),  # under the chin
    (0.0, -12.0, 1.5, 6.0, 0, 0, 0, 0.08, 0, 0.08),  # neck
)


@nb.njit(cache=True, fastmath=True, nogil=True)
def _field(vertices, blobs):
    """Vertices float32 (N, 3) moved by blobs float32 (K, 10)."""
    moved = vertices.copy()
    for i in range(len(vertices)):
        side = np.float32(-1.0 if vertices[i, 0] < 0 else 1.0)
        x, y, z = vertices[i, 0] * side, vertices[i, 1], vertices[i, 2]
        across = np.float32(0)
        for k in range(len(blobs)):
            dx, dy, dz = x - blobs[k, 0], y - blobs[k, 1], z - blobs[k, 2]
            far = (dx * dx + dy * dy + dz * dz) / (blobs[k, 3] * blobs[k, 3])
            if far > _NOTHING:
                continue
            weight = np.exp(-far)
            across += weight * (blobs[k, 4] + blobs[k, 7] * dx)
            moved[i, 1] += weight * (blobs[k, 5] + blobs[k, 8] * dy)
            moved[i, 2] += weight * (blobs[k, 6] + blobs[k, 9] * dz)
        moved[i, 0] += (
            across * side * min(x / np.float32(1.5), np.float32(1))
        )  # no gap along the middle
    return moved


def shape(rng: np.random.Generator, vertices: np.ndarray, child: float, *, old: bool) -> np.ndarray:
    """A neutral head float32 (26719, 3) with a random build; takes about a millisecond.

    Args:
        rng: Random generator.
        vertices: The identity's.
        child: 0 for an adult to 1 for a small child.
        old: Whether the skin is old.
    """
    kind, thin = rng.random(), rng.spawn(1)[0]
    amounts = [
        (_CHILD, child * rng.uniform(0.6, 1.5)),
        (_HEAVY, rng.uniform(0.15, 1.4) if kind < 0.28 else 0.0),
        (_GAUNT, rng.uniform(0.2, 1.0) if kind > 0.87 and not child else 0.0),
        (_OLD, rng.uniform(0.2, 1.3) if old or rng.random() < 0.08 else 0.0),
        (_THIN, thin.uniform(0.2, 1.0) if thin.random() < 0.4 else 0.0),
    ]
    blobs = [np.array(rows) for rows, amount in amounts if amount]
    scales = [amount * rng.uniform(0.5, 1.5, (len(rows), 1)) for rows, amount in amounts if amount]
    strength = rng.uniform(0.2, 1.2)
    blobs.append(np.array(_FEATURES))
    scales.append(strength * np.clip(rng.normal(size=(len(_FEATURES), 6)), -2, 2))
    for rows, scale in zip(blobs, scales, strict=True):
        rows[:, 4:] *= scale
    joined = np.concatenate(blobs).astype(np.float32)
    return _field(np.ascontiguousarray(vertices, np.float32), joined)
