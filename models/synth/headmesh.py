"""The drawable surface of the head: corners, parts, ambient occlusion."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from models.head import HeadModel
from models.synth.raster import BACK, EYE, FACE, LASH, MOUTH, vertex_normals

_KINDS = {
    "M_Face": FACE,
    "M_BackHead": BACK,
    "M_ScleraRight": EYE,
    "M_ScleraLeft": EYE,
    "M_Teeth": MOUTH,
    "M_GumsTongue": MOUTH,
    "M_EyeLashes": LASH,
}
MATERIALS = tuple(_KINDS)


def split_quads(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (T, 3) and the quad (T,) each comes from; a quad that repeats its last index is one triangle."""
    second = quads[:, 2] != quads[:, 3]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[second][:, [0, 2, 3]]])
    return triangles.astype(np.int32), np.concatenate([np.arange(len(quads)), np.flatnonzero(second)])


class HeadMesh:
    """Triangles over corners (vertex, uv) of the materials that are drawn.

    Attributes:
        model: The head.
        kinds: int32 (len(MATERIALS),) raster kind per part.
        triangles: int32 (T, 3) over corners.
        part: int32 (T,) index into MATERIALS.
        corner: int32 (C,) head vertex of each corner.
        uv: float32 (C, 2) in [0, 1] of the material's tile.
        vertex_triangles: int32 (T, 3) over head vertices, for normals without seams.
        occlusion: float32 (26719,) ambient occlusion of the neutral head with a half-open mouth, 1 is open.
    """

    def __init__(self, model: HeadModel):
        self.model = model
        self.kinds = np.array([_KINDS[m] for m in MATERIALS], np.int32)
        triangles, triangles_uv, part = [], [], []
        for k, material in enumerate(MATERIALS):
            chosen = model.quad_material == model.material_names.index(material)
            t, quad = split_quads(model.quads[chosen])
            quads_uv = model.quads_uv[chosen]
            n = len(quads_uv)
            tuv = np.concatenate([quads_uv[:, [0, 1, 2]], quads_uv[quad[n:]][:, [0, 2, 3]]])
            triangles.append(t)
            triangles_uv.append(tuv)
            part.append(np.full(len(t), k, np.int32))
        self.vertex_triangles = np.concatenate(triangles)
        self.part = np.concatenate(part)
        keys = np.stack([self.vertex_triangles, np.concatenate(triangles_uv)], -1).reshape(-1, 2)
        unique, inverse = np.unique(keys, axis=0, return_inverse=True)
        self.triangles = np.ascontiguousarray(inverse.reshape(-1, 3), np.int32)
        self.corner = unique[:, 0].astype(np.int32)
        uv = model.uv[unique[:, 1]]
        self.uv = (uv - np.floor(uv)).astype(np.float32)
        self.occlusion = ambient_occlusion(model, self.vertex_triangles[self.part < 2])

    @cached_property
    def face_triangles(self) -> np.ndarray:
        """int32 (T, 3) over head vertices, the skin of the face only."""
        return self.vertex_triangles[self.part == 0]

    def face_uv(self, vertices: np.ndarray) -> np.ndarray:
        """M_Face tile coordinates float32 (n, 2) of head vertices (n,) that the face uses."""
        lookup = np.zeros(len(self.model.vertices), np.int64)
        used = np.unique(self.triangles[self.part == 0])
        lookup[self.corner[used]] = used
        return self.uv[lookup[vertices]]

    def eye_shadow(self, vertices: np.ndarray) -> np.ndarray:
        """Occlusion float32 (26719,) with eyeballs darkened under their lids, for evaluated vertices."""
        result = self.occlusion.copy()
        lids = self.model.layout.of(vertices)[520:552].reshape(2, 16, 3)
        for index, lid in zip(self.model.eyeball_vertices, lids, strict=True):
            points = vertices[index]
            distance = np.sqrt(((points[:, None] - lid[None]) ** 2).sum(-1))
            upper, lower = distance[:, :9].min(1), distance[:, 8:].min(1)
            result[index] = (0.42 + 0.58 * np.minimum(upper / 0.45, 1)) * (0.75 + 0.25 * np.minimum(lower / 0.25, 1))
        return result


def ambient_occlusion(model: HeadModel, triangles: np.ndarray, directions: int = 48) -> np.ndarray:
    """Cosine-weighted share (26719,) of directions that leave each vertex without meeting skin.

    Rays march through a grid of half-centimetre cells that the skin occupies; the mouth is half open, so that
    its inside is dark and not black.
    """
    vertices = model.evaluate(model.vertices, model.weights({"jawOpen": 0.4}))
    normals = vertex_normals(vertices, triangles)
    cell, margin = 0.5, 2.0
    low = vertices.min(0) - margin
    shape = ((vertices.max(0) + margin - low) / cell).astype(int) + 1
    rng = np.random.default_rng(0)
    weights = rng.dirichlet([1, 1, 1], size=(len(triangles), 5)).astype(np.float32)
    skin = np.einsum("tkc,tcd->tkd", weights, vertices[triangles]).reshape(-1, 3)
    occupied = np.zeros(shape, bool)
    occupied[tuple(((skin - low) / cell).astype(int).T)] = True
    rays = rng.normal(size=(directions, 3)).astype(np.float32)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    seen = np.zeros(len(vertices), np.float32)
    total = np.full(len(vertices), 1e-6, np.float32)
    used = np.unique(triangles)
    for ray in rays:
        cosine = normals[used] @ ray
        front = used[cosine > 0]
        blocked = np.zeros(len(front), bool)
        for step in range(2, 15):
            at = ((vertices[front] + 0.6 * normals[front] + step * cell * ray - low) / cell).astype(int)
            at = np.clip(at, 0, np.array(shape) - 1)
            blocked |= occupied[at[:, 0], at[:, 1], at[:, 2]]
        cosine = cosine[cosine > 0]
        seen[front] += cosine * ~blocked
        total[front] += cosine
    result = np.ones(len(vertices), np.float32)
    result[used] = seen[used] / total[used]
    return result
