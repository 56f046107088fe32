"""Everything that is lit together as one body, and its shadows on itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.synth import raster
from models.synth.lighting import Lighting

_SHADOW_SIZE = 144
_SHADOW_REACH_CM = 19.0  # half the width of what a shadow map covers, round the head's centre


@dataclass(frozen=True)
class Body:
    """Everything that is drawn, in the camera frame.

    Attributes:
        world: float32 (N, 3) centimetres.
        normals: float32 (N, 3).
        uv: float32 (N, 2).
        occlusion: float32 (N,).
        aux: float32 (N, 3), see `shade`.
        triangles: int32 (T, 3).
        part: int32 (T,) into parts.
        parts: float32 (P, PART_COLUMNS).
    """

    world: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    occlusion: np.ndarray
    aux: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    parts: np.ndarray


def shadow_maps(
    light: Lighting,
    body: Body,
    kinds: np.ndarray,
    alpha: np.ndarray,
    placement: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shadow maps (2, S, S), matrices (2, 3, 4) and the spread (2,) in map pixels."""
    size = _SHADOW_SIZE if any(light.shadows) else 1
    shadows = np.full((2, size, size), -1e9, np.float32)
    matrices = np.zeros((2, 3, 4), np.float32)
    scale = size / (2 * _SHADOW_REACH_CM)
    centre = placement(np.array([[0.0, 1.0, 2.0]], np.float32))[0]
    for k in range(2):
        if not light.shadows[k]:
            continue
        toward = light.directions[k].astype(np.float64)
        across = np.cross(toward, np.eye(3)[np.abs(toward).argmin()])
        across /= np.linalg.norm(across)
        axes = np.stack([across * scale, np.cross(toward, across) * scale, toward])
        shift = -axes @ centre + [size / 2, size / 2, 0]
        matrices[k] = np.hstack([axes, shift[:, None]])
        seen = body.world @ matrices[k, :, :3].T + matrices[k, :, 3]
        raster.shadow_map(seen, body.uv, body.triangles, body.part, kinds, alpha, shadows[k])
    return shadows, matrices, (light.softness * scale).astype(np.float32)
