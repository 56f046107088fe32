"""Evaluate the head: identity, expression and gaze to vertices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numba as nb
import numpy as np

from models.head.adapt import adapt
from models.head.assets import assets_root
from models.head.eyes import keep_corners, limbus
from models.head.layout import Layout
from models.head.projection import rotation_from_angles

_NEGLIGIBLE_CM = 1e-3
IRIS_TRAVEL = 0.67
"""How far a real iris moves for a gaze, over how far it would with the mesh's larger eyeballs."""
_LID_FULL_LOOK_DEG = 35.0  # the eyeLook shapes with weight 1 show about this gaze


@dataclass(frozen=True)
class Eyes:
    """Rotation of both eyes from rest, degrees in the head's frame; signs as of the head's pose.

    Attributes:
        pitch: Up is positive.
        yaw: Toward the subject's right (image left) is positive.
        vergence: Extra inward turn of each eye.
    """

    pitch: float = 0.0
    yaw: float = 0.0
    vergence: float = 0.0


def openness(landmarks: np.ndarray) -> np.ndarray:
    """Lid openness (right, left) of metric landmarks (562, 3).

    The mean distance of the three middle pairs of upper and lower lid points over the distance of
    the corners, in 3D, so that neither pose nor perspective changes it.
    """
    result = np.empty(2, np.float32)
    for side, start in enumerate((520, 536)):
        lid = landmarks[start : start + 16]
        width = np.linalg.norm(lid[0] - lid[8])
        pairs = [np.linalg.norm(lid[k] - lid[16 - k]) for k in (3, 4, 5)]
        result[side] = np.mean(pairs) / max(width, 1e-6)
    return result


class HeadModel:
    """The ICT head in centimetres, y up, z out of the face.

    Attributes:
        vertices: float32 (26719, 3) neutral mean.
        uv: float32 (28911, 2), one unit tile per material.
        quads: int32 (26384, 4) into vertices; a triangle repeats its last index.
        quads_uv: int32 (26384, 4) into uv.
        quad_material: int8 (26384,) into material_names.
        material_names: Names such as ``M_Face``.
        expression_names: 57 names; weights are 0 to 1.
        layout: The 562 landmarks.
    """

    def __init__(self, root: str | Path | None = None):
        self.root = assets_root(root)
        with np.load(self.root / "ict_head.npz") as data:
            self.vertices = data["vertices"].astype(np.float32)
            self.uv = data["uv"].astype(np.float32)
            self.quads = data["quads"]
            self.quads_uv = data["quads_uv"]
            self.quad_material = data["quad_material"]
            self.material_names = [str(n) for n in data["material_names"]]
            self.expression_names = [str(n) for n in data["expression_names"]]
            self.landmarks_68 = data["landmarks_68"]
            self._identity = data["identity"].astype(np.float32).reshape(100, -1)
            expression = data["expression"].astype(np.float32)
        self.expression_index = {name: i for i, name in enumerate(self.expression_names)}
        self.layout = Layout.read(self.root / "landmarks.json")
        self.layout = adapt(self)
        self.layout = limbus(self)
        self._expression = _sparse(keep_corners(self, expression))

    def material_vertices(self, material: str) -> np.ndarray:
        """Sorted vertex indices that the faces of a material use."""
        return np.unique(self.quads[self.quad_material == self.material_names.index(material)])

    def skin_triangles(self) -> np.ndarray:
        """int32 (T, 3) triangles of the skin of the face."""
        return self.triangles("M_Face")

    def triangles(self, material: str) -> np.ndarray:
        """int32 (T, 3) triangles of a material."""
        quads = self.quads[self.quad_material == self.material_names.index(material)]
        second = quads[:, 2] != quads[:, 3]
        return np.concatenate([quads[:, :3], quads[second][:, [0, 2, 3]]]).astype(np.int32)

    @cached_property
    def _eyeballs(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """For right and left: vertices that turn with the gaze, and the neutral centre (3,)."""
        found = []
        for side in ("Right", "Left"):
            sclera = self.material_vertices(f"M_Sclera{side}")
            points = self.vertices[sclera].astype(np.float64)
            ball = points[points[:, 2] < points[:, 2].max() - 1.0]  # without the corneal bulge
            system = np.hstack([2 * ball, np.ones((len(ball), 1))])
            centre = np.linalg.lstsq(system, (ball**2).sum(1), rcond=None)[0][:3]
            both = np.concatenate([sclera, self.material_vertices(f"M_Iris{side}")])
            found.append((both, centre.astype(np.float32)))
        return tuple(found)

    @property
    def eyeball_vertices(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertex indices of the right and the left eyeball."""
        (right, _), (left, _) = self._eyeballs
        return right, left

    def eyeball_centres(self, vertices: np.ndarray) -> np.ndarray:
        """Centres (2, 3), right then left, of unturned vertices (N, 3)."""
        return np.stack(
            [centre + (vertices[v] - self.vertices[v]).mean(0) for v, centre in self._eyeballs]
        ).astype(np.float32)

    def identity(self, coefficients: np.ndarray) -> np.ndarray:
        """Neutral vertices float32 (26719, 3) of a person; coefficients (<=100,) ~ N(0, 1)."""
        k = np.asarray(coefficients, np.float32)
        if k.ndim != 1 or len(k) > len(self._identity):
            raise ValueError(f"at most {len(self._identity)} identity coefficients, not {k.shape}")
        return self.vertices + (k @ self._identity[: len(k)]).reshape(-1, 3)

    def shape_basis(self) -> np.ndarray:
        """Linear model float32 (1 + 100 + 57, 26719, 3): mean, identities, full expressions."""
        every = np.eye(len(self.expression_names), dtype=np.float32)
        nothing = np.zeros_like(self.vertices)
        expressions = [self.evaluate(nothing, weights) for weights in every]
        return np.concatenate(
            [self.vertices[None], self._identity.reshape(-1, *self.vertices.shape), expressions]
        )

    def weights(self, named: Mapping[str, float]) -> np.ndarray:
        """Expression weights float32 (57,) from names."""
        result = np.zeros(len(self.expression_names), np.float32)
        for name, value in named.items():
            result[self.expression_index[name]] = value
        return result

    def lid_weights(self, eyes: Eyes) -> dict[str, float]:
        """The eyeLook weights by which the lids follow the gaze."""
        result = {}
        up = np.clip(eyes.pitch / _LID_FULL_LOOK_DEG, -1, 1)
        for side, outward in (("R", eyes.yaw - eyes.vergence), ("L", -eyes.yaw - eyes.vergence)):
            out = np.clip(outward / _LID_FULL_LOOK_DEG, -1, 1)
            result[f"eyeLookUp_{side}"] = max(up, 0.0)
            result[f"eyeLookDown_{side}"] = max(-up, 0.0)
            result[f"eyeLookOut_{side}"] = max(out, 0.0)
            result[f"eyeLookIn_{side}"] = max(-out, 0.0)
        return result

    def evaluate(
        self, person: np.ndarray, weights: np.ndarray, eyes: Eyes | None = None
    ) -> np.ndarray:
        """Vertices float32 (26719, 3) of a person with an expression and turned eyeballs.

        Args:
            person: From `identity`.
            weights: (57,) expression weights, lids included (see `lid_weights`).
            eyes: Rotation of the eyeballs; None leaves them at rest.
        """
        result = person.astype(np.float32)
        _add_shapes(result, np.asarray(weights, np.float32), *self._expression)
        if eyes is not None:
            centres = self.eyeball_centres(person)
            for (index, _), centre, turn in zip(
                self._eyeballs, centres, eye_rotations(eyes), strict=True
            ):
                result[index] = (result[index] - centre) @ turn.T + centre
        return result

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """Landmarks float32 (562, 3) of vertices (26719, 3) in any frame."""
        return self.layout.of(vertices)


def eye_directions(eyes: Eyes) -> np.ndarray:
    """Unit vectors (2, 3), in the head's frame, along which the right and the left eye look."""
    return np.stack(
        [
            rotation_from_angles(eyes.pitch, eyes.yaw + turn, 0.0)[:, 2]
            for turn in (-eyes.vergence, eyes.vergence)
        ]
    )


def eye_rotations(eyes: Eyes) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (3, 3) float32 of the right and the left eyeball of the mesh, in the head's frame.

    The mesh's eyeballs have 15.4 mm radius where people's have about 12 (Bekerman et al., 2014:
    axial length 22 to 25 mm). They are rotated by less, so that the iris moves as far as a
    person's.
    """
    right, left = (_smaller_turn(direction) for direction in eye_directions(eyes))
    return right, left


def _smaller_turn(direction: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) about the same axis as from +z to a unit vector, by a smaller angle."""
    x, y, z = direction
    sine = np.hypot(x, y)
    if sine < 1e-9:
        return np.eye(3, dtype=np.float32)
    angle = np.arcsin(IRIS_TRAVEL * (sine if z > 0 else 1.0))
    ax, ay = -y / sine, x / sine
    k = np.array([[0, 0, ay], [0, 0, -ax], [-ay, ax, 0]])
    turn = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
    return turn.astype(np.float32)


def _sparse(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sparse shapes (S, N, 3): first row of each shape (S + 1,), moved vertices, offsets."""
    moving = [np.flatnonzero(np.abs(shape).max(1) > _NEGLIGIBLE_CM) for shape in offsets]
    starts = np.cumsum([0, *map(len, moving)])
    rows = np.concatenate([shape[index] for shape, index in zip(offsets, moving, strict=True)])
    return starts, np.concatenate(moving).astype(np.int32), rows.astype(np.float32)


@nb.njit(cache=True, nogil=True)
def _add_shapes(vertices, weights, starts, moving, offsets):
    """Add weighted sparse shapes to vertices (N, 3) in place."""
    for shape in range(len(weights)):
        weight = weights[shape]
        if weight == 0:
            continue
        for row in range(starts[shape], starts[shape + 1]):
            for axis in range(3):
                vertices[moving[row], axis] += weight * offsets[row, axis]
