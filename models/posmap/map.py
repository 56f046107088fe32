"""Write the UV position map of a head and sample landmarks from it.

The map is the M_Face tile at 256x256. The irises are not on that tile: the front of each eyeball,
seen along its own axis, fills a square of 12 texels in the two corners below the ears that the tile
leaves empty.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from models.head import HeadModel
from models.synth.headmesh import HeadMesh
from models.synth.raster import SOLID, rasterise

SIZE = 256
_EYE_PATCHES = ((138, 0), (138, 244))
"""First row and column of the right and the left eyeball's square."""
_PATCH = 12
_PATCH_REACH_CM = 0.78
_TAPS = 4
_RIDGE = 0.03


class PositionMap:
    """Texels as points on head triangles, and landmarks as places in the texture.

    Attributes:
        coordinates: float32 (562, 2) row and column of every landmark in the map, texel centres at
            integers.
    """

    def __init__(self, mesh: HeadMesh):
        self._model: HeadModel = mesh.model
        whole = mesh.whole
        face = whole.part == 0
        texels = np.stack([whole.uv[:, 0], 1 - whole.uv[:, 1]], -1) * SIZE
        vertices, weights, filled = _cover(texels, whole.triangles[face], SIZE)
        vertices = whole.corner[vertices]
        self.coordinates = np.zeros((562, 2), np.float32)
        self.coordinates[:552] = _landmark_texels(mesh, texels)[:552, ::-1] - 0.5
        centres = mesh.model.eyeball_centres(mesh.model.vertices)
        taken = np.zeros((SIZE, SIZE), bool)
        for side, (name, (row, column)) in enumerate(
            zip(("Right", "Left"), _EYE_PATCHES, strict=True)
        ):
            flat = _along_axis(mesh.model, side, centres[side])
            chosen = mesh.whole.part == 2 + side
            triangles = mesh.whole.vertex_triangles[chosen]
            front = triangles[(flat[triangles, 2] > 1.0).all(1)]
            place = (flat[:, :2] * [1, -1] / _PATCH_REACH_CM + 1) * _PATCH / 2
            eye_vertices, eye_weights, _ = _cover(place, front, _PATCH)
            block = (slice(row, row + _PATCH), slice(column, column + _PATCH))
            if filled[block].any():
                raise ValueError(f"the {name.lower()} eye's square would cover the face's tile")
            vertices[block], weights[block] = eye_vertices, eye_weights
            taken[block] = True
            iris = slice(552 + 5 * side, 557 + 5 * side)
            points = mesh.model.layout.of(place.astype(np.float32))[iris]
            self.coordinates[iris] = points[:, ::-1] - 0.5 + [row, column]
        self._vertices, self._weights = vertices, weights.astype(np.float32)
        corner = np.clip(np.floor(self.coordinates).astype(int) - 1, 0, SIZE - _TAPS)
        taps = np.arange(_TAPS)
        self._rows = np.repeat(corner[:, :1] + taps, _TAPS, axis=1)
        self._columns = np.tile(corner[:, 1:] + taps, _TAPS)
        hats = [
            np.clip(1 - np.abs(corner[:, k, None] + taps - self.coordinates[:, k, None]), 0, 1)
            for k in (0, 1)
        ]
        self._shares = (
            (hats[0][:, :, None] * hats[1][:, None, :]).reshape(562, -1).astype(np.float64)
        )
        self._shares /= self._shares.sum(1, keepdims=True)
        self._sharpen()

    def write(self, points: np.ndarray) -> np.ndarray:
        """Map float32 (256, 256, 3) of image points (26719, 3): vertices' x, y, depth in pixels.

        Depth is larger where nearer and, as in 300W-LP's maps, starts at zero.
        """
        result = np.einsum("rcw,rcwk->rck", self._weights, points[self._vertices]).astype(
            np.float32
        )
        result[..., 2] -= result[..., 2].min()
        return result

    def sample(self, position_map: np.ndarray) -> np.ndarray:
        """Landmarks float32 (562, 3) of a map; z is zero at the mean of the dense points."""
        if position_map.shape != (SIZE, SIZE, 3):
            raise ValueError(f"a position map is {SIZE}x{SIZE}x3, not {position_map.shape}")
        texels = position_map[self._rows, self._columns]
        result = np.einsum("pt,ptk->pk", self._shares, texels).astype(np.float32)
        result[:, 2] -= result[:520, 2].mean()
        return result

    def _sharpen(self) -> None:
        """Correct the bilinear weights of skin landmarks for folds that are finer than a texel.

        At the corners of the eyes the inner lids share single texels. All shapes of the head are
        linear in its identities and expressions, so the best shares over these are a small
        least-squares problem, held to the bilinear ones by a ridge.
        """
        model = self._model
        shapes = model.shape_basis()
        mean, offsets = shapes[:1] - shapes[:1].mean(1, keepdims=True), shapes[1:]
        basis = np.concatenate([mean, offsets])
        for k in range(552):
            at = self._rows[k], self._columns[k]
            vertices, weights = self._vertices[at], self._weights[at]
            texels = np.einsum("tw,stwk->skt", weights, basis[:, vertices]).reshape(
                -1, _TAPS * _TAPS
            )
            target = np.einsum(
                "w,swk->sk", model.layout.weights[k], basis[:, model.layout.vertices[k]]
            ).reshape(-1)
            residual = np.append(
                target - texels @ self._shares[k], 0.0
            )  # the last row keeps the sum at one
            rows = np.vstack([texels, np.full(_TAPS * _TAPS, 1e3)])
            normal = rows.T @ rows + _RIDGE * np.eye(_TAPS * _TAPS)
            self._shares[k] += np.linalg.solve(normal, rows.T @ residual)


def _cover(
    place: np.ndarray, triangles: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners (S, S, 3) and weights (S, S, 3) of each texel's triangle, and whether one covers it.

    A texel that no triangle covers extends the nearest one, so that sampling at an edge does not
    jump.
    """
    screen = np.ones((len(place), 3), np.float32)
    screen[:, :2] = place
    depth, index = np.zeros((size, size), np.float32), np.full((size, size), -1, np.int32)
    rasterise(
        screen, np.zeros((len(place), 2), np.float32), np.ascontiguousarray(triangles),
        np.zeros(len(triangles), np.int32), np.array([SOLID], np.int32),
        np.ones((1, 1), np.float32), np.float32(0),
        0, depth, depth, index,
    )  # fmt: skip
    filled = index >= 0
    nearest = distance_transform_edt(~filled, return_distances=False, return_indices=True)
    corners = triangles[index[tuple(nearest)]]
    a, b, c = (place[corners[..., k]] for k in range(3))
    grid = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), -1)
    area = _cross(b - a, c - a)
    w1, w2 = _cross(grid - a, c - a) / area, _cross(b - a, grid - a) / area
    weights = np.stack([1 - w1 - w2, w1, w2], -1)
    return corners, np.clip(weights, -2, 3) / np.clip(weights, -2, 3).sum(-1, keepdims=True), filled


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _landmark_texels(mesh: HeadMesh, texels: np.ndarray) -> np.ndarray:
    """Texture places (562, 2) of the landmarks on the face's skin; the irises' rows are zero.

    A vertex on a seam has several places, so the corners of one triangle or quad that holds all
    three count.
    """
    model, layout = mesh.model, mesh.model.layout
    chosen = model.quad_material == model.material_names.index("M_Face")
    quads, quads_uv = model.quads[chosen], model.quads_uv[chosen]
    uv = np.stack([model.uv[:, 0] % 1.0, 1 - model.uv[:, 1] % 1.0], -1) * texels.dtype.type(SIZE)
    result = np.zeros((562, 2))
    for k in range(552):
        names = layout.vertices[k]
        home = np.flatnonzero(np.isin(quads, names).sum(1) >= len(set(names.tolist())))
        if not len(home):
            raise ValueError(f"landmark {k} lies on no face of the skin")
        quad, places = quads[home[0]], quads_uv[home[0]]
        result[k] = sum(
            w * uv[places[np.flatnonzero(quad == v)[0]]]
            for v, w in zip(names, layout.weights[k], strict=True)
        )
    return result


def _along_axis(model: HeadModel, side: int, centre: np.ndarray) -> np.ndarray:
    """All neutral vertices (26719, 3) about an eyeball's centre, rotated so the pupil is on +z."""
    axis = model.landmarks(model.vertices)[552 + 5 * side] - centre
    z = axis / np.linalg.norm(axis)
    x = np.cross([0, 1, 0], z)
    x /= np.linalg.norm(x)
    return (model.vertices - centre) @ np.stack([x, np.cross(z, x), z], 1)
