"""Masks over mouth and nose as a shell that follows the person's face."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from models.synth.headmesh import HeadMesh
from models.synth.mesh import Mesh, part_row, tube
from models.synth.raster import vertex_normals


class MaskMaker:
    """Surgical, cloth and cone-shaped masks."""

    def __init__(self, mesh: HeadMesh):
        vertices = mesh.model.vertices
        x, y, z = vertices.T
        top = 1.1 - 0.10 * np.abs(x)  # from the bridge of the nose down the cheeks
        inside = (y < top) & (y > -10.5 + 0.15 * np.abs(x)) & (np.abs(x) < 6.9) & (z > 3.0)
        triangles = mesh.face_triangles
        chosen = triangles[inside[triangles].all(1)]
        self._index, local = np.unique(chosen, return_inverse=True)
        self._triangles, self._holes = _fill_holes(
            local.reshape(-1, 3).astype(np.int32), len(self._index)
        )
        edges = np.concatenate(
            [self._triangles[:, [0, 1]], self._triangles[:, [1, 2]], self._triangles[:, [2, 0]]]
        )
        n = len(self._index) + len(self._holes)
        both = np.concatenate([edges, edges[:, ::-1]])
        adjacency = sp.csr_matrix((np.ones(len(both), np.float32), both.T), shape=(n, n))
        adjacency.data[:] = 1
        self._average = (
            sp.diags(1 / np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)).astype(np.float32)
            @ adjacency
        )
        self._neutral = self._skin(vertices)

    def _skin(self, vertices: np.ndarray) -> np.ndarray:
        """Where cloth would touch: the skin, and the middle of the mouth's opening."""
        skin = vertices[self._index]
        return np.vstack(
            [skin, *(skin[loop].mean(0, keepdims=True) for loop in self._holes)]
        ).astype(np.float32)

    def make(
        self, rng: np.random.Generator, vertices: np.ndarray, ibug: np.ndarray
    ) -> tuple[list[Mesh], set[str]]:
        """A mask on evaluated vertices (26719, 3)."""
        names = {"mask"}
        skin = self._skin(vertices)
        normals = vertex_normals(skin, self._triangles)
        shell = skin.copy()
        for _ in range(int(rng.integers(30, 90))):  # cloth covers the hollows
            shell = self._average @ shell
            shell[:, 2] = np.maximum(shell[:, 2], skin[:, 2])
        gap = rng.uniform(0.2, 0.4)
        above = ((shell - skin) * normals).sum(1, keepdims=True)
        shell = shell + normals * np.maximum(gap - above, 0)
        if rng.random() < 0.3:  # a cone
            mouth = ibug[51]
            r2 = ((shell[:, :2] - mouth[:2]) ** 2).sum(1)
            shell[:, 2] += rng.uniform(0.5, 2.5) * np.exp(-r2 / 14)
        style = rng.random()
        if style < 0.4:
            colour = np.array([0.35, 0.55, 0.68]) * rng.uniform(0.7, 1.2) + rng.normal(0, 0.04, 3)
        elif style < 0.65:
            colour = np.full(3, rng.uniform(0.6, 0.85))
        elif style < 0.85:
            colour = np.full(3, rng.uniform(0.005, 0.05))
        else:
            colour = rng.uniform(0.02, 0.8, 3)
        colour = np.clip(colour, 0.005, 0.9)
        part = part_row(
            colour=colour, colour2=colour * rng.uniform(0.7, 0.95),
            pattern=1 if rng.random() < 0.6 else 3,
            scale=float(rng.uniform(3.0, 6.0)), specular=0.2, roughness=0.7,
        )  # fmt: skip
        keep = self._triangles
        if rng.random() < 0.15:  # worn below the nose
            low = ibug[33, 1] + 0.2
            keep = keep[(skin[keep][:, :, 1] < low).all(1)]
        meshes = [Mesh(shell, keep, part)]
        loop = part_row(colour=colour)
        for side, ear in ((-1, ibug[0]), (1, ibug[16])):
            rim = shell[
                np.argmax(side * self._neutral[:, 0] - 0.05 * np.abs(self._neutral[:, 1] + 2))
            ]
            end = ear + np.array([side * 0.9, 0.5, -1.5])
            meshes.append(
                tube(
                    np.array([rim, (rim + end) / 2 + [side * 0.3, 0, 0], end]), 0.12, loop, sides=4
                )
            )
        return meshes, names


def _fill_holes(triangles: np.ndarray, count: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Close all openings but the outer edge with fans round new vertices; return them too."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    known = {(int(a), int(b)) for a, b in edges}
    after = {a: b for a, b in known if (b, a) not in known}
    loops = []
    while after:
        start, step = after.popitem()
        loop = [start]
        while step != start and step in after:
            loop.append(step)
            step = after.pop(step)
        loops.append(np.array(loop))
    loops.sort(key=len)
    holes = [loop for loop in loops[:-1] if len(loop) > 2]
    fans = [
        np.stack([np.roll(loop, -1), loop, np.full(len(loop), count + k)], -1)
        for k, loop in enumerate(holes)
    ]
    return np.concatenate([triangles, *fans]).astype(np.int32), holes
