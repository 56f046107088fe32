"""Makes the eyes of the head like those of people: the shape of the iris, and still corners."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.head.adapt import on_front
from models.head.layout import Layout

if TYPE_CHECKING:
    from models.head.model import HeadModel

LIMBUS_CM = (0.585, 0.535)
"""Half of the width and of the height of the iris as it is seen: 11.71 mm from white to white
(Ruefer et al., Cornea 2005), and less in height, where the white reaches over it (10.6 mm, textbook
anatomy of the cornea)."""
_CORNERS_GO = 0.2
"""How much of their way in the mesh the corners of the eye go with the gaze. There the outer one
goes down by 2.1 mm in a look of 30 degrees down; ligaments hold those of people to the bone."""
_CORNER_REACH_CM = 0.45
_LIDS, _IRISES = (520, 536), (552, 557)


def limbus(model: HeadModel) -> Layout:
    """The layout whose irises have the outline of `LIMBUS_CM`, on the eyeballs of the head."""
    layout = model.layout
    points = layout.of(model.vertices)
    vertices, weights = layout.vertices.copy(), layout.weights.copy()
    for side, pupil in zip(("Right", "Left"), _IRISES, strict=True):
        index = np.arange(pupil + 1, pupil + 5)
        middle = points[index].mean(0)
        across = points[index] - middle
        # Which of the four lies aside, and which over or under the middle.
        flat = np.abs(across[:, 0]) > np.abs(across[:, 1])
        radius = np.where(flat, *LIMBUS_CM)
        direction = np.where(flat[:, None], [1.0, 0.0], [0.0, 1.0]) * np.sign(across[:, :2])
        skin = model.triangles(f"M_Sclera{side}")
        for k, target in zip(index, middle[:2] + direction * radius[:, None], strict=True):
            vertices[k], weights[k] = on_front(model.vertices, skin, target)
    return replace(layout, vertices=vertices, weights=weights.astype(np.float32))


def keep_corners(model: HeadModel, expression: np.ndarray) -> np.ndarray:
    """Expression offsets float32 (shapes, 26719, 3) whose looks leave the corners nearly still."""
    result = expression.copy()
    neutral = model.vertices
    still = np.concatenate(model.eyeball_vertices)
    for start in _LIDS:
        corners = [start, start + 8]
        places = model.layout.of(neutral)[corners]
        far = ((neutral[:, None] - places) ** 2).sum(2) / _CORNER_REACH_CM**2
        near = np.exp(-far)
        near[still] = 0.0
        between = model.layout.of(near)[corners]
        for name, k in model.expression_index.items():
            if name.startswith("eyeLook"):
                moves = (1 - _CORNERS_GO) * model.layout.of(expression[k])[corners]
                result[k] -= near @ np.linalg.solve(between, moves)
    return result
