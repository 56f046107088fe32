"""Sources of skins: photographs split into tone and detail, brow masks, regions of the face."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from models.head import HeadModel, Layout
from models.synth.appearance import planes
from models.synth.appearance import regions as areas
from models.synth.appearance.colour import LUMA, Floats, linear_table
from models.synth.appearance.regions import SIZE

_DARK_LUMINANCE = 0.12
"""Darker photographs show cropped hair at the temples, which does not fit another tone."""
_DARKEST, _DETAIL_RANGE = 0.003, (-2.2, 1.1)
_SCALP = np.array([(0.3, -0.1), (0.7, -0.1), (0.86, 0.4), (0.83, 0.56), (0.7, 0.64)])

_CAVITIES = ((0.125, 0.14, 0.13, 0.155), (0.772, 0.075, 0.07, 0.085), (0.923, 0.075, 0.07, 0.085))
"""Islands of the M_BackHead tile (centre, radii): the inside of the mouth and the eye sockets."""


@dataclass(frozen=True)
class Texture:
    """A photographed skin: log of albedo over its mean tone, face and back (3, SIZE, SIZE)."""

    name: str
    face: Floats
    back: Floats


@dataclass(frozen=True)
class SkinKit:
    """Everything that `skin.paint` needs.

    Attributes:
        textures: The photographed skins.
        brows: Coverage masks (SIZE, SIZE) in the M_Face tile.
        brow_height: Mean y of the landmarks on them, UV units.
        uv68: The 68 landmarks in the M_Face tile, (68, 2), x right and y down, 0–1.
        regions: Named soft masks (SIZE, SIZE), 0–1, of the M_Face tile; see `regions.of_face`.
        back_skin: Soft mask of the M_BackHead tile: skin, not the mouth's inside or the eye
            sockets.
        back_scalp: Soft mask of the M_BackHead tile: where hair grows.
    """

    textures: tuple[Texture, ...]
    brows: tuple[Floats, ...]
    brow_height: float
    uv68: NDArray[np.float64]
    regions: Mapping[str, Floats]
    back_skin: Floats
    back_scalp: Floats


def _face_uv(model: HeadModel) -> NDArray[np.float64]:
    """M_Face tile coordinates of the head's vertices (N, 2), x right, y down; NaN off the face."""
    face = model.quad_material == model.material_names.index("M_Face")
    uv = np.full((len(model.vertices), 2), np.nan)
    uv[model.quads[face].ravel()] = model.uv[model.quads_uv[face].ravel()]
    uv -= np.floor(uv)
    return np.stack([uv[:, 0], 1 - uv[:, 1]], 1)


def _read(path: Path, flags: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise FileNotFoundError(
            f"{path} is missing or not a picture: point the assets folder at the head's assets"
        )
    return image


def _log_albedo(path: Path) -> Floats:
    light = linear_table()[_read(path, cv2.IMREAD_COLOR)[..., ::-1]]
    return np.log(
        np.maximum(cv2.resize(light, (SIZE, SIZE), interpolation=cv2.INTER_AREA), _DARKEST)
    )


def _soften_baked_eyes(detail: Floats, eyes: Floats) -> Floats:
    """Replace the smeared lids of the photographs by their smooth shading, made symmetric."""
    smooth = cv2.GaussianBlur(detail, (0, 0), 6)
    calm = 0.5 * np.maximum(smooth, -0.5) + 0.5 * np.maximum(smooth[:, ::-1], -0.5)
    return detail + (calm - detail) * (0.85 * eyes[..., None])


def _without_mouth(detail: Floats, lips: Floats, about: Floats) -> Floats:
    """Replace the photographed lips by the skin around the mouth: `lips` paints other ones."""
    ring = np.clip(about - lips, 0, 1)[..., None]
    size = (0, 0)
    spread = cv2.GaussianBlur(detail * ring, size, 14) / (
        cv2.GaussianBlur(ring, size, 14)[..., None] + np.float32(1e-4)
    )
    return detail + (spread - detail) * lips[..., None]


def _texture(path: Path, regions: Mapping[str, Floats]) -> Texture:
    sampled = np.clip(regions["cheeks"] + regions["forehead"], 0, 1)
    face, back = (
        _log_albedo(path),
        _log_albedo(path.with_name(path.name.replace("face_", "backhead_"))),
    )
    tone = (face * sampled[..., None]).sum((0, 1)) / sampled.sum()
    face, back = (np.clip(t - tone, *_DETAIL_RANGE) for t in (face, back))
    if float(np.exp(tone) @ LUMA) < _DARK_LUMINANCE:
        face *= (1 - regions["cropped_hair"])[..., None]
    lips = np.clip(3 * regions["mouth"], 0, 1)
    about = np.clip(2 * cv2.GaussianBlur(lips, (0, 0), 7), 0, 1)
    face = _without_mouth(_soften_baked_eyes(face, regions["sockets"]), lips, about)
    return Texture(path.stem.removeprefix("face_"), planes.of_pixels(face), planes.of_pixels(back))


def _brow_sources(
    registered: NDArray[np.float64], adapted: NDArray[np.float64]
) -> tuple[Floats, Floats]:
    """Maps for `cv2.remap` (SIZE, SIZE): a brow mask follows its landmarks (10, 2), UV units."""
    side, out = np.sign(adapted[:, 0] - 0.5), np.abs(adapted[:, 0] - 0.5)
    shift = registered - adapted
    across, down = (
        np.polynomial.Polynomial.fit(out, values, 2) for values in (side * shift[:, 0], shift[:, 1])
    )
    axis = (np.arange(SIZE) + 0.5) / SIZE
    out = np.clip(np.abs(axis - 0.5), out.min() - 0.02, out.max() + 0.02)
    x, y = axis + np.sign(axis - 0.5) * across(out), axis[:, None] + down(out)
    return np.tile((x * SIZE - 0.5).astype(np.float32), (SIZE, 1)), (y * SIZE - 0.5).astype(
        np.float32
    )


def _brow(path: Path, sources: tuple[Floats, Floats]) -> Floats:
    mask = _read(path, cv2.IMREAD_GRAYSCALE)
    mask = cv2.resize(mask, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) * (
        1 / 255
    )
    return cv2.remap(mask, *sources, cv2.INTER_LINEAR)


def load_kit(assets: Path) -> SkinKit:
    """Read the textures, the brow masks and the head's UV layout.

    Args:
        assets: The folder with `ict_head.npz`, `skin/` and `brow/`.

    Raises:
        FileNotFoundError: A file is missing; the message names it.
    """
    assets = Path(assets)
    faces, brows = (
        sorted((assets / "skin").glob("face_*.jpg")),
        sorted((assets / "brow").glob("*.png")),
    )
    if not faces or not brows or not (assets / "ict_head.npz").is_file():
        raise FileNotFoundError(
            f"{assets} lacks skin/face_*.jpg, brow/*.png or ict_head.npz of the head's assets"
        )
    model = HeadModel(assets)
    places = _face_uv(model)
    uv = places[model.landmarks_68]
    # The masks were drawn around the brow's landmarks as registered.
    brow = model.layout.ibug68[17:27]
    adapted = model.layout.of(places)[brow]
    sources = _brow_sources(Layout.read(assets / "landmarks.json").of(places)[brow], adapted)
    regions = areas.of_face(uv)
    inside = np.ones((SIZE, SIZE), np.float32)
    for x, y, rx, ry in _CAVITIES:
        centre, radii = (round(x * SIZE), round(y * SIZE)), (round(rx * SIZE), round(ry * SIZE))
        cv2.ellipse(inside, centre, radii, 0, 0, 360, 0.0, -1)
    scalp = np.concatenate([_SCALP, (_SCALP * [-1, 1] + [1, 0])[::-1]])
    return SkinKit(
        textures=tuple(_texture(path, regions) for path in faces),
        brows=tuple(_brow(path, sources) for path in brows),
        brow_height=float(adapted[:, 1].mean()),
        uv68=uv,
        regions=MappingProxyType(regions),
        back_skin=inside,
        back_scalp=areas.polygon(scalp, 0.02) * inside,
    )
