"""Small triangle meshes and the primitives that props are built of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.synth import shade
from models.synth.raster import SOLID


def part_row(
    kind: int = SOLID,
    colour: tuple[float, float, float] | np.ndarray = (0.5, 0.5, 0.5),
    *,
    colour2: tuple[float, float, float] | np.ndarray = (0.5, 0.5, 0.5),
    pattern: int = 0,
    scale: float = 1.0,
    specular: float = 0.3,
    roughness: float = 0.6,
    side: int = 0,
    transmission: float = 1.0,
    mirror: float = 0.0,
) -> np.ndarray:
    """One row of the part table, float32 (PART_COLUMNS,); colours are linear."""
    row = np.zeros(shade.PART_COLUMNS, np.float32)
    row[shade.KIND] = kind
    row[shade.RED : shade.RED + 3] = colour
    row[shade.RED2 : shade.RED2 + 3] = colour2
    row[shade.PATTERN], row[shade.SCALE] = pattern, scale
    row[shade.SPECULAR], row[shade.ROUGHNESS] = specular, roughness
    row[shade.SIDE], row[shade.TRANSMISSION], row[shade.MIRROR] = side, transmission, mirror
    return row


@dataclass
class Mesh:
    """Triangles of one part.

    Attributes:
        vertices: float32 (N, 3), head frame, centimetres.
        triangles: int32 (M, 3).
        part: Row of the part table.
        uv: float32 (N, 2); zeros unless the part has a texture.
        aux: float32 (N, 3) coordinates that patterns are drawn in; the vertices if not given.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    uv: np.ndarray = field(default=None)  # type: ignore[arg-type]
    aux: np.ndarray = field(default=None)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        self.vertices = np.ascontiguousarray(self.vertices, np.float32)
        self.triangles = np.ascontiguousarray(self.triangles, np.int32)
        if self.triangles.size and not 0 <= self.triangles.min() <= self.triangles.max() < len(
            self.vertices
        ):
            raise ValueError("a triangle names a vertex that is not there")
        if self.uv is None:
            self.uv = np.zeros((len(self.vertices), 2), np.float32)
        if self.aux is None:
            self.aux = self.vertices

    def moved(self, matrix: np.ndarray, shift: np.ndarray) -> Mesh:
        """The same mesh with every vertex v at matrix @ v + shift; patterns move with it."""
        vertices = self.vertices @ np.asarray(matrix, np.float32).T + np.asarray(shift, np.float32)
        return Mesh(vertices, self.triangles, self.part, self.uv, self.aux)


def grid_triangles(rows: int, columns: int, *, closed: bool) -> np.ndarray:
    """Triangles of a (rows, columns) grid of vertices; `closed` joins last and first column."""
    i = np.arange(rows - 1)[:, None] * columns
    j = np.arange(columns if closed else columns - 1)[None]
    a, b = i + j, i + (j + 1) % columns
    quads = np.stack([a, b, b + columns, a + columns], -1).reshape(-1, 4)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)


def loft(rings: np.ndarray, part: np.ndarray, *, closed: bool = True) -> Mesh:
    """A surface over rings of points (R, C, 3)."""
    rings = np.asarray(rings)
    return Mesh(
        rings.reshape(-1, 3), grid_triangles(rings.shape[0], rings.shape[1], closed=closed), part
    )


def ellipse_rings(centres: np.ndarray, radii: np.ndarray, columns: int = 20) -> np.ndarray:
    """Horizontal ellipses (R, columns, 3): centres (R, 3), radii (R, 2) along x and z."""
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    unit = np.stack([np.cos(angle), np.zeros_like(angle), np.sin(angle)], -1)
    scale = np.insert(np.asarray(radii, float), 1, 0.0, axis=1)
    return np.asarray(centres)[:, None] + unit[None] * scale[:, None]


def ellipsoid(
    centre: np.ndarray, axes: np.ndarray, part: np.ndarray, rows: int = 9, columns: int = 14
) -> Mesh:
    """An ellipsoid; axes are its radii (3,) or a (3, 3) matrix whose columns are its half axes."""
    polar = np.linspace(0, np.pi, rows)[:, None]
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    unit = np.stack(
        [np.sin(polar) * np.cos(angle), np.cos(polar) + 0 * angle, np.sin(polar) * np.sin(angle)],
        -1,
    ).reshape(-1, 3)
    axes = np.asarray(axes, float)
    matrix = np.diag(axes) if axes.ndim == 1 else axes
    return Mesh(unit @ matrix.T + centre, grid_triangles(rows, columns, closed=True), part)


def tube(
    path: np.ndarray,
    radius: float | np.ndarray,
    part: np.ndarray,
    sides: int = 6,
    *,
    closed: bool = False,
) -> Mesh:
    """A tube along path (n, 3); radius may vary per point (n,)."""
    path = np.asarray(path, float)
    n = len(path)
    tangent = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    helper = np.eye(3)[np.abs(tangent.mean(0)).argmin()]
    across = np.cross(tangent, helper)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    other = np.cross(tangent, across)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    r = np.broadcast_to(np.asarray(radius, float), (n,))[:, None, None]
    rings = path[:, None] + r * (np.cos(angle) * across[:, None] + np.sin(angle) * other[:, None])
    if closed:
        rings = np.concatenate([rings, rings[:1]])
        return loft(rings, part)
    ends = np.concatenate(
        [path[:1, None].repeat(sides, 1), rings, path[-1:, None].repeat(sides, 1)]
    )
    return loft(ends, part)


def box(centre: np.ndarray, axes: np.ndarray, part: np.ndarray) -> Mesh:
    """A box with half axes in the columns of axes (3, 3); faces share no vertices: sharp edges."""
    axes = np.asarray(axes, float)
    vertices: list[np.ndarray] = []
    triangles: list[list[int]] = []
    for k in range(3):
        for sign in (-1, 1):
            u, v = axes[:, (k + 1) % 3], axes[:, (k + 2) % 3]
            start = len(vertices)
            middle = np.asarray(centre) + sign * axes[:, k]
            vertices += [middle - u - v, middle + u - v, middle + u + v, middle - u + v]
            triangles += [[start, start + 1, start + 2], [start, start + 2, start + 3]]
    return Mesh(np.array(vertices), np.array(triangles), part)


def disc(ring: np.ndarray, bulge: np.ndarray, part: np.ndarray) -> Mesh:
    """A dish over a closed ring (n, 3): two inner rings rise to its centre plus `bulge` (3,)."""
    ring = np.asarray(ring)
    centre = ring.mean(0)
    rings = [
        centre + share * (ring - centre) + (1 - share**2) * np.asarray(bulge)
        for share in (1.0, 0.66, 0.33, 0.02)
    ]
    return loft(np.stack(rings), part)


def random_rotation(rng: np.random.Generator, spread: float = np.inf) -> np.ndarray:
    """A rotation (3, 3): uniform, or by a normal angle of `spread` radians about a random axis."""
    if np.isinf(spread):
        q, r = np.linalg.qr(rng.normal(size=(3, 3)))
        q = q * np.sign(np.diag(r))
        return q if np.linalg.det(q) > 0 else -q
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = rng.normal() * spread
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
