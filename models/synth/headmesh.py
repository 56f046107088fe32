"""The drawable surface of the head: corners, parts, ambient occlusion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.head import HeadModel, rotation_from_angles
from models.synth.raster import BACK, EYE, FACE, LASH, MOUTH, lid_shadow, rasterise, vertex_normals

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
_PARTED_CM = 0.2  # gap between the inner lips; a smaller one shows no teeth
_COLLAR_CM, _THROAT_CM = -12.9, 5.5  # clothes always cover what is lower, except the throat


@dataclass(frozen=True)
class Surface:
    """Triangles over corners; a corner is a vertex with its place in its material's texture.

    Attributes:
        vertex_triangles: int32 (T, 3) over head vertices, for normals without seams.
        triangles: int32 (T, 3) over corners.
        part: int32 (T,) index into MATERIALS.
        corner: int32 (C,) head vertex of each corner.
        uv: float32 (C, 2) in [0, 1] of the material's tile.
    """

    vertex_triangles: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    corner: np.ndarray
    uv: np.ndarray

    def only(self, chosen: np.ndarray) -> Surface:
        """The surface of some triangles, bool (T,), without the corners that nothing uses then."""
        used, inverse = np.unique(self.triangles[chosen], return_inverse=True)
        triangles = np.ascontiguousarray(inverse.reshape(-1, 3), np.int32)
        vertex_triangles = np.ascontiguousarray(self.vertex_triangles[chosen])
        return Surface(
            vertex_triangles, triangles, self.part[chosen], self.corner[used], self.uv[used]
        )


class HeadMesh:
    """The head as it is drawn.

    Attributes:
        model: The head.
        kinds: int32 (len(MATERIALS),) raster kind per part.
        whole: Every triangle of MATERIALS.
        open_mouth: What can be seen from outside with parted lips.
        closed_mouth: The same with lips together.
        occlusion: float32 (26719,) ambient occlusion of the neutral head with a half-open mouth, 1
            is open.
    """

    def __init__(self, model: HeadModel):
        self.model = model
        self.kinds = np.array([_KINDS[m] for m in MATERIALS], np.int32)
        self.whole = _surface(model)
        self.occlusion = ambient_occlusion(model, self.whole.vertex_triangles[self.whole.part < 2])
        self._sclera = [model.material_vertices(f"M_Sclera{side}") for side in ("Right", "Left")]
        eyes = {f"eyeWide_{s}": 1.0 for s in "RL"}
        looks = [
            eyes,
            {"eyeBlink_R": 1.0, "eyeBlink_L": 1.0, "mouthRollLower": 1.0, "mouthRollUpper": 1.0},
        ]
        closed = _seen(self, looks)
        parted = [
            {**eyes, "jawOpen": 1.0},
            {
                "jawOpen": 0.4,
                "mouthUpperUp_L": 1,
                "mouthUpperUp_R": 1,
                "mouthLowerDown_L": 1,
                "mouthLowerDown_R": 1,
            },
            {"jawOpen": 0.15}
            | {name + s: 1.0 for name in ("mouthSmile", "mouthUpperUp") for s in ("_L", "_R")},
        ]
        self.closed_mouth = self.whole.only(
            closed & ~np.isin(self.kinds[self.whole.part], (MOUTH,))
        )
        self.open_mouth = self.whole.only(_grown(self.whole, closed | _seen(self, parted)))

    @property
    def face_triangles(self) -> np.ndarray:
        """int32 (T, 3) over head vertices, the skin of the face only."""
        return self.whole.vertex_triangles[self.whole.part == 0]

    def face_uv(self, vertices: np.ndarray) -> np.ndarray:
        """M_Face tile coordinates float32 (n, 2) of head vertices (n,) that the face uses."""
        lookup = np.zeros(len(self.model.vertices), np.int64)
        used = np.unique(self.whole.triangles[self.whole.part == 0])
        lookup[self.whole.corner[used]] = used
        return self.whole.uv[lookup[vertices]]

    def place(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Head vertices (n, 3) and weights (n, 3) of places in the M_Face tile, UV (n, 2), v down.

        The nearest triangle's if no triangle holds a place.
        """
        chosen = self.whole.part == 0
        corners = self.whole.uv[self.whole.triangles[chosen]].astype(np.float64)
        wanted = np.asarray(places) * [1, -1] + [0, 1]
        near = np.flatnonzero(
            (np.abs(corners[:, 0] - np.clip(corners[:, 0], wanted.min(0), wanted.max(0))) < 0.03)
            .all(1)
        )  # fmt: skip
        a, b, c = corners[near].transpose(1, 0, 2)
        u, v = b - a, c - a
        area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        area[np.abs(area) < 1e-12] = 1e-12
        at = wanted[:, None] - a
        second = (at[..., 0] * v[:, 1] - at[..., 1] * v[:, 0]) / area
        third = (at[..., 1] * u[:, 0] - at[..., 0] * u[:, 1]) / area
        weights = np.stack([1 - second - third, second, third], -1)
        best = weights.min(2).argmax(1)
        found = weights[np.arange(len(wanted)), best].clip(0, 1)
        return (
            self.face_triangles[near[best]],
            (found / found.sum(1, keepdims=True)).astype(np.float32),
        )

    def surface(self, landmarks: np.ndarray) -> Surface:
        """What has to be drawn of a head with these metric landmarks (562, 3)."""
        inner = landmarks[self.model.layout.ibug68[60:68]]
        gap = np.linalg.norm(inner[[1, 2, 3]] - inner[[7, 6, 5]], axis=1).max()
        return self.open_mouth if gap > _PARTED_CM else self.closed_mouth

    def eye_shadow(self, vertices: np.ndarray) -> np.ndarray:
        """Occlusion float32 (26719,) of evaluated vertices; eyeballs are darker under the lids."""
        result = self.occlusion.copy()
        lids = self.model.layout.of(vertices)[520:552].reshape(2, 16, 3)
        for index, lid in zip(self._sclera, lids, strict=True):
            lid_shadow(vertices, index, lid, result)
        return result


def _surface(model: HeadModel) -> Surface:
    """Every triangle of MATERIALS over corners."""
    triangles, triangles_uv, part = [], [], []
    for k, material in enumerate(MATERIALS):
        chosen = model.quad_material == model.material_names.index(material)
        quads, quads_uv = model.quads[chosen], model.quads_uv[chosen]
        second = quads[:, 2] != quads[:, 3]
        triangles.append(np.concatenate([quads[:, :3], quads[second][:, [0, 2, 3]]]))
        triangles_uv.append(np.concatenate([quads_uv[:, :3], quads_uv[second][:, [0, 2, 3]]]))
        part.append(np.full(len(triangles[-1]), k, np.int32))
    vertex_triangles = np.concatenate(triangles).astype(np.int32)
    keys = np.stack([vertex_triangles, np.concatenate(triangles_uv)], -1).reshape(-1, 2)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    uv = model.uv[unique[:, 1]]
    return Surface(
        vertex_triangles,
        np.ascontiguousarray(inverse.reshape(-1, 3), np.int32),
        np.concatenate(part),
        unique[:, 0].astype(np.int32),
        (uv - np.floor(uv)).astype(np.float32),
    )


def _grown(surface: Surface, chosen: np.ndarray) -> np.ndarray:
    """Chosen triangles, bool (T,), and those next to them in the mouth: teeth have no gaps."""
    inside = np.isin(surface.part, [MATERIALS.index("M_Teeth"), MATERIALS.index("M_GumsTongue")])
    used = np.zeros(surface.vertex_triangles.max() + 1, bool)
    used[surface.vertex_triangles[chosen & inside]] = True
    return chosen | (inside & used[surface.vertex_triangles].any(1))


def _seen(mesh: HeadMesh, expressions: list[dict[str, float]]) -> np.ndarray:
    """Which triangles of the whole surface show from any of many directions: bool (T,).

    The eyes and lashes always count, and what a collar covers never does.
    """
    model, whole = mesh.model, mesh.whole
    side, reach, distance = 512, 19.0, 200.0
    seen = np.isin(mesh.kinds[whole.part], (EYE, LASH))
    one = np.ones((1, 1), np.float32)
    for named in expressions:
        vertices = model.evaluate(model.vertices, model.weights(named)) - np.array(
            [0, -1.0, 1.0], np.float32
        )
        for pitch in (-48, -5, 38):
            for yaw in range(0, 360, 36):
                turned = vertices @ rotation_from_angles(pitch, yaw, 0).T.astype(np.float32)
                screen = np.empty_like(turned)
                screen[:, :2] = (turned[:, :2] * [1, -1] / reach + 1) * side / 2
                screen[:, 2] = 1 / (distance - turned[:, 2])
                depth, index = (
                    np.zeros((side, side), np.float32),
                    np.full((side, side), -1, np.int32),
                )
                rasterise(
                    np.ascontiguousarray(screen[whole.corner]), whole.uv, whole.triangles,
                    whole.part, mesh.kinds,
                    one, np.float32(0), 0, depth, depth, index,
                )  # fmt: skip
                seen[index[index >= 0]] = True
    corners = model.vertices[whole.vertex_triangles]
    throat = (np.abs(corners[..., 0]).max(1) < _THROAT_CM) & (whole.part == 0)
    return seen & (throat | (corners[..., 1].max(1) > _COLLAR_CM))


def ambient_occlusion(model: HeadModel, triangles: np.ndarray, directions: int = 48) -> np.ndarray:
    """Cosine-weighted share (26719,) of directions that leave each vertex without meeting skin.

    Rays march through a grid of half-centimetre cells that the skin occupies; the mouth is half
    open, so that its inside is dark but not black.
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
            at = ((vertices[front] + 0.6 * normals[front] + step * cell * ray - low) / cell).astype(
                int
            )
            at = np.clip(at, 0, np.array(shape) - 1)
            blocked |= occupied[at[:, 0], at[:, 1], at[:, 2]]
        cosine = cosine[cosine > 0]
        seen[front] += cosine * ~blocked
        total[front] += cosine
    result = np.ones(len(vertices), np.float32)
    result[used] = seen[used] / total[used]
    return result
