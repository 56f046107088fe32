"""Hair meshes fitted to a person."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from models.head import HeadModel
from models.synth.mesh import Mesh, part_row
from models.synth.raster import HAIR, vertex_normals

_TEXTURE_SIZE = 256
_SKIN_VERTICES = 11248  # face and scalp come first
_NEIGHBOURS = 6
_LIFT_CM = 0.35  # hair starts at least this far above the skin
# These cover an eye; the weight of the others is 1.
_COMMONNESS = {"bob01": 0.25, "bob02": 0.7, "short03": 0.6}
_SCALP = slice(
    9409, 11248, 8
)  # sampled vertices on the scalp; hair follows the identity through them


@dataclass(frozen=True)
class HairStyle:
    """One hair mesh over the neutral head.

    Attributes:
        name: File name without ending.
        vertices: float32 (N, 3) corners, head frame.
        uv: float32 (N, 2).
        triangles: int32 (M, 3).
        neighbours: int32 (N, k) head vertices nearest to each vertex.
        closeness: float32 (N, 1) from 1 on the head to 0 far from it.
        alpha: float32 (S, S) opacity.
        strands: float32 (S, S) brightness about 1.
    """

    name: str
    vertices: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    neighbours: np.ndarray
    closeness: np.ndarray
    alpha: np.ndarray
    strands: np.ndarray


def _procedural(rng: np.random.Generator, *, curly: bool) -> tuple[np.ndarray, np.ndarray]:
    """Opacity and brightness of hair without a texture: strands, or curls."""
    size = _TEXTURE_SIZE
    noise = rng.normal(size=(size, size)).astype(np.float32)
    if curly:
        strands = cv2.GaussianBlur(noise, (0, 0), 1.2) * 3.0
        alpha = np.clip(0.85 + 0.5 * strands, 0.2, 1)
    else:
        strands = cv2.blur(noise, (1, 41)) * 5.0
        alpha = np.clip(0.95 + 0.25 * strands, 0.4, 1)
    return alpha.astype(np.float32), np.clip(1 + 0.35 * strands, 0.2, 2.2).astype(np.float32)


def load_styles(model: HeadModel) -> tuple[HairStyle, ...]:
    """Every hair mesh of the assets, by name."""
    styles = []
    skin = np.flatnonzero(
        (np.arange(len(model.vertices)) < _SKIN_VERTICES) & (model.vertices[:, 1] > -6)
    )
    normals = vertex_normals(model.vertices, model.quads[:, :3].astype(np.int32))
    tree = cKDTree(model.vertices[skin])
    rng = np.random.default_rng(0)
    for path in sorted((model.root / "hair").glob("*.npz")):
        with np.load(path) as data:
            corners = np.stack([data["triangles"], data["triangles_uv"]], -1).reshape(-1, 2)
            unique, inverse = np.unique(corners, axis=0, return_inverse=True)
            vertices = data["vertices"][unique[:, 0]].astype(np.float32)
            uv = data["uv"][unique[:, 1]].astype(np.float32)
        picture = path.with_suffix(".png")
        if picture.is_file():
            rgba = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
            rgba = cv2.resize(rgba, (_TEXTURE_SIZE, _TEXTURE_SIZE), interpolation=cv2.INTER_AREA)
            alpha = rgba[..., 3].astype(np.float32) / 255
            grey = (rgba[..., :3].astype(np.float32).mean(-1) / 255) ** 2.2
            mean = (grey * alpha).sum() / max(alpha.sum(), 1)
            strands = np.clip((grey / max(mean, 1e-3)) ** 0.75, 0.15, 2.6).astype(np.float32)
        else:
            alpha, strands = _procedural(rng, curly="afro" in path.stem)
        triangles = np.ascontiguousarray(inverse.reshape(-1, 3), np.int32)
        distance, nearest = tree.query(vertices, k=_NEIGHBOURS)
        closeness = np.clip((5.0 - distance[:, :1]) / 3.5, 0, 1).astype(np.float32)
        neighbours = skin[nearest].astype(np.int32)
        out = normals[neighbours[:, 0]]
        height = ((vertices - model.vertices[neighbours[:, 0]]) * out).sum(1, keepdims=True)
        vertices += out * closeness * np.clip(_LIFT_CM - height, 0, 1.5)
        styles.append(
            HairStyle(
                path.stem,
                vertices,
                uv - np.floor(uv),
                triangles,
                neighbours,
                closeness,
                alpha,
                strands,
            )
        )
    return tuple(styles)


def choose(rng: np.random.Generator, styles: tuple[HairStyle, ...]) -> HairStyle:
    """A random style; those that hide half a face are rarer."""
    shares = np.array([_COMMONNESS.get(style.name, 1.0) for style in styles])
    return styles[int(rng.choice(len(styles), p=shares / shares.sum()))]


class HairFitter:
    """Transfers hair from the neutral head to a person.

    Near the head it moves with the skin under it, so that no forehead cuts through it; far from the
    head it follows the affine map between the scalps.
    """

    def __init__(self, model: HeadModel):
        self._neutral = model.vertices
        scalp = model.vertices[_SCALP]
        self._inverse = np.linalg.pinv(np.hstack([scalp, np.ones((len(scalp), 1), np.float32)]))

    def fit(
        self, rng: np.random.Generator, style: HairStyle, vertices: np.ndarray, colour: np.ndarray
    ) -> Mesh:
        """The style on evaluated vertices (26719, 3), a little larger or smaller by chance."""
        affine = (self._inverse @ vertices[_SCALP]).astype(np.float32)
        moved = style.vertices @ affine[:3] + affine[3]
        under = style.neighbours
        bound = style.vertices + (vertices[under] - self._neutral[under]).mean(1)
        moved += style.closeness * (bound - moved)
        centre = moved.mean(0)
        centre[1] = vertices[_SCALP, 1].mean()
        swell = rng.uniform(1.0, 1.08, 3) if rng.random() < 0.88 else rng.uniform(1.05, 1.2, 3)
        swell[1] = rng.uniform(0.99, 1.05)  # more would lift the hairline off the forehead
        moved = centre + (moved - centre) * swell.astype(np.float32)
        moved += np.array([0, rng.normal(0, 0.35), rng.normal(0.1, 0.3)], np.float32)
        part = part_row(
            HAIR,
            colour * rng.uniform(0.8, 1.3),
            specular=float(rng.uniform(0.1, 0.7)),
            roughness=0.48,
        )
        uv = style.uv.copy()
        if rng.random() < 0.5:  # the mirror image of the style
            moved = moved.copy()
            moved[:, 0] = 2 * centre[0] - moved[:, 0]
        return Mesh(moved, style.triangles, part, uv)
