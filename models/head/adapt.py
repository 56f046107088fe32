"""Moves landmarks on the head to where human annotators place them.

The layout was transferred from another head by registration. Registration finds noses and lips by
their shape, but slides on the smooth skin between brows and eyes: there the points were almost a
centimetre above the brows of real people. The right places are known from the mean of many
annotated faces. Brows and the bridge and tip of the nose take their height and width from it,
points on the lips their place along the lip. Eyes, corners of the mouth, jaw and the base of the
nose have edges of their own and stay. Other dense points near a moved one move with it, less with
distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from models.head.layout import DENSE, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.head.model import HeadModel

# Mean of the inner iBUG points over the training faces of 300-W (Sagonas et al., ICCV Workshops
# 2013), left and right averaged: right brow, bridge and tip of the nose. x from the middle toward
# the side, y down, in any unit. The inner end of the brow is half-way between that mean (0.0967)
# and that of AFLW2000-3D, which is farther out.
_MEAN_X = {
    17: 0.4899,
    18: 0.4149,
    19: 0.3090,
    20: 0.1994,
    21: 0.1215,
    27: 0.0,
    28: 0.0,
    29: 0.0,
    30: 0.0,
}
_MEAN_Y = {
    17: 0.1065,
    18: 0.0389,
    19: 0.0187,
    20: 0.0345,
    21: 0.0774,
    27: 0.2034,
    28: 0.3070,
    29: 0.4098,
    30: 0.5156,
}
_MEAN_EYES = (0.1556, 0.3684, 0.2160)
"""Distance of the inner and the outer corner of the eye from the middle, and the height of the
eyes, in the same unit."""
_MEAN_NOSE_BASE = 0.6281
# Distance of the points between the corners from the middle, over half the width of the mouth. From
# the same mean; those of the lower lip are moved toward the even spacing of older markups (XM2VTS,
# FG-NET).
_MEAN_LIPS = {49: 0.632, 50: 0.260, 58: 0.300, 59: 0.660, 61: 0.340, 67: 0.350}

_OPPOSITE = {17: 26, 18: 25, 19: 24, 20: 23, 21: 22, 27: 27, 28: 28, 29: 29, 30: 30}
_LIP_OPPOSITE = {49: 53, 50: 52, 58: 56, 59: 55, 61: 63, 67: 65}
_TOWARD = {49: 50, 50: 51, 58: 57, 59: 58, 61: 62, 67: 66}
"""The next point along the lip toward the middle."""

_REACH_CM = 2.2
"""Dense points farther than this from every moved point stay."""


def adapt(model: HeadModel) -> Layout:
    """The layout with its iBUG points where annotators place them, on the surface of the mean head.

    Args:
        model: The head with the layout as registered.
    """
    layout, neutral = model.layout, model.vertices.astype(np.float64)
    points = layout.of(neutral)
    wanted = _wanted(points[layout.ibug68])
    vertices, weights = layout.vertices.copy(), layout.weights.copy()
    skin = model.skin_triangles()
    for k, target in _with_neighbours(layout, points, wanted).items():
        vertices[k], weights[k] = on_front(neutral, skin, target)
    walk = _Edges(neutral, skin)
    half = np.abs(points[layout.ibug68[[48, 54]], 0]).mean()
    for right, left in _LIP_OPPOSITE.items():
        for point, toward, sign in (
            (right, _TOWARD[right], -1),
            (left, _opposite_of(_TOWARD[right]), 1),
        ):
            k = layout.ibug68[point]
            ends = (_nearest(layout, k), _nearest(layout, layout.ibug68[toward]))
            vertices[k], weights[k] = walk.at(*ends, sign * _MEAN_LIPS[right] * half)
    return Layout(vertices, weights.astype(np.float32), layout.ibug68)


def _opposite_of(point: int) -> int:
    return {**_OPPOSITE, **_LIP_OPPOSITE, 51: 51, 57: 57, 62: 62, 66: 66}[point]


def _wanted(ibug: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """Target x, y (centimetres, y up) of brow and nose points by iBUG number, for this head."""
    inner, outer, height = _MEAN_EYES
    own_inner, own_outer = (np.abs(ibug[list(pair), 0]).mean() for pair in ((39, 42), (36, 45)))
    eyes, base = ibug[36:48, 1].mean(), ibug[33, 1]
    across = (own_outer + own_inner) / (outer + inner)
    down = (eyes - base) / (_MEAN_NOSE_BASE - height)
    result = {}
    for right, left in _OPPOSITE.items():
        x, y = _MEAN_X[right] * across, eyes - (_MEAN_Y[right] - height) * down
        result[right], result[left] = np.array([-x, y]), np.array([x, y])
    return result


def _with_neighbours(
    layout: Layout, points: NDArray[np.float64], wanted: dict[int, NDArray[np.float64]]
) -> dict[int, NDArray[np.float64]]:
    """Targets x, y of all dense points that move, by landmark."""
    moved = {int(layout.ibug68[k]): target for k, target in wanted.items()}
    plane = points[:, :2]
    centres = plane[list(moved)]
    distance = np.linalg.norm(plane[:, None] - centres, axis=2).min(1)
    fixed = [int(k) for k in layout.ibug68 if int(k) not in moved] + list(range(520, 552))
    fixed += [k for k in range(DENSE.stop) if distance[k] > _REACH_CM]
    still = np.unique(fixed)
    shift = np.array([moved[k] - plane[k] for k in moved])
    field = RBFInterpolator(
        np.concatenate([centres, plane[still]]),
        np.concatenate([shift, np.zeros((len(still), 2))]),
        kernel="linear",
        smoothing=1e-6,
    )
    free = sorted(set(range(DENSE.stop)) - set(still.tolist()) - set(moved))
    shifts = field(plane[free])
    return moved | {
        k: plane[k] + s for k, s in zip(free, shifts, strict=True) if np.linalg.norm(s) > 0.01
    }


def on_front(
    vertices: NDArray[np.float64], triangles: NDArray[np.int32], target: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The foremost triangle in front of (x, y), and its weights there."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    u, v, w = b[:, :2] - a[:, :2], c[:, :2] - a[:, :2], target - a[:, :2]
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        second = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / area
        third = (u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]) / area
    weights = np.stack([1 - second - third, second, third], 1)
    inside = np.flatnonzero((weights >= -1e-9).all(1))
    depth = (weights[inside] * np.stack([a, b, c], 1)[inside, :, 2]).sum(1)
    best = inside[depth.argmax()]
    return triangles[best], weights[best]


def _nearest(layout: Layout, landmark: int) -> int:
    return int(layout.vertices[landmark][layout.weights[landmark].argmax()])


class _Edges:
    """Shortest paths along the edges of a mesh; those of a lip follow its rim."""

    def __init__(self, vertices: NDArray[np.float64], triangles: NDArray[np.int32]):
        self._vertices = vertices
        pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        length = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
        size = len(vertices)
        self._graph = csr_matrix((length, (pairs[:, 0], pairs[:, 1])), (size, size))

    def at(self, start: int, end: int, x: float) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Where the shortest path crosses x: vertices and weights; or the start if it does not."""
        before = dijkstra(self._graph, directed=False, indices=start, return_predecessors=True)[1]
        way = [end]
        while way[-1] != start:
            way.append(int(before[way[-1]]))
        along = self._vertices[way, 0]
        for first, second, a, b in zip(way, way[1:], along, along[1:], strict=False):
            if min(a, b) <= x <= max(a, b) and a != b:
                share = (x - a) / (b - a)
                return np.array([first, second, second], np.int32), np.array(
                    [1 - share, share, 0.0]
                )
        return np.array([start] * 3, np.int32), np.array([1.0, 0.0, 0.0])
