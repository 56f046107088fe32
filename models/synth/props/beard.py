"""Beards and moustaches as a shell over the skin, with the skin's paint."""

from __future__ import annotations

import numpy as np

from models.synth.appearance.regions import SIZE
from models.synth.appearance.thick_hair import ThickHair
from models.synth.headmesh import HeadMesh
from models.synth.mesh import Mesh, part_row
from models.synth.raster import FACE, vertex_normals

_CHIN_CM = (-4.8, -7.0)  # heights where a beard starts to hang, and where it hangs fully
_LEAST = 0.04


class BeardMaker:
    """Lifts the triangles of a face that hair covers."""

    def __init__(self, mesh: HeadMesh):
        vertices = mesh.model.vertices
        triangles = mesh.face_triangles
        low = vertices[triangles, 1].max(1) < 0.5
        front = vertices[triangles, 2].max(1) > 0.5
        triangles = triangles[low & front & (vertices[triangles, 1].min(1) > -12)]
        self._used, inverse = np.unique(triangles, return_inverse=True)
        self._triangles = np.ascontiguousarray(inverse.reshape(-1, 3), np.int32)
        self._uv = mesh.face_uv(self._used)
        start, end = _CHIN_CM
        share = np.clip((vertices[self._used, 1] - start) / (end - start), 0, 1)
        middle = np.exp(-((vertices[self._used, 0] / 4.5) ** 2))
        self._chin = (share * middle).astype(np.float32)

    def make(
        self, rng: np.random.Generator, vertices: np.ndarray, hair: ThickHair, roughness: float
    ) -> Mesh:
        """The shell on evaluated vertices (26719, 3).

        Args:
            rng: Random generator.
            vertices: The head with its expression.
            hair: Where and how thick.
            roughness: Roughness of the specular lobe.
        """
        column, row = (np.clip(self._uv * [1, -1] + [0, 1], 0, 0.999) * SIZE).astype(int).T
        cover = hair.cover[row, column]
        kept = (cover[self._triangles].max(1) > _LEAST) & (cover[self._triangles].min(1) > 0)
        skin = vertices[self._used]
        normals = vertex_normals(np.ascontiguousarray(skin), self._triangles)
        lift = (cover * rng.uniform(0.8, 1.2, len(cover)))[:, None].astype(np.float32)
        moved = skin + normals * lift * np.float32(hair.thickness)
        hang = hair.droop + hair.chin * self._chin
        moved[:, 1] -= lift[:, 0] * hang
        moved[:, 2] += 0.25 * lift[:, 0] * hang * self._chin
        part = part_row(FACE, specular=float(rng.uniform(0, 0.3)), roughness=roughness)
        return Mesh(moved, self._triangles[kept], part, self._uv)
