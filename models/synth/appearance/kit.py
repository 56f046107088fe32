"""What skins are painted from: textures as tone and detail, brow masks, and regions of the face in UV space."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance.colour import LUMA, Floats, linear_table

SIZE = 256
"""Side of the painted tiles in texels: a face spans 180 of them, about 100 pixels of a crop."""
_DARK_LUMINANCE = 0.12
"""Photographs below this show cropped hair at the temples, which has no place under another tone."""
_DARKEST, _DETAIL_RANGE = 0.003, (-2.2, 1.1)


@dataclass(frozen=True)
class Texture:
    """One photographed skin: natural logarithm of its albedo over its mean tone, face and back (SIZE, SIZE, 3)."""

    name: str
    face: Floats
    back: Floats
    darkness: float


@dataclass(frozen=True)
class SkinKit:
    """Everything that `skin.paint` needs.

    Attributes:
        textures: The photographed skins.
        brows: Coverage masks (SIZE, SIZE) in the M_Face tile.
        uv68: The 68 landmarks in the M_Face tile, (68, 2), x right and y down, 0–1.
        regions: Named soft masks (SIZE, SIZE), 0–1, of the M_Face tile; see `_regions`.
        back_skin: Soft mask of the M_BackHead tile: skin, not the mouth's inside or the eye sockets.
        back_scalp: Soft mask of the M_BackHead tile: where hair grows.
    """

    textures: tuple[Texture, ...]
    brows: tuple[Floats, ...]
    uv68: NDArray[np.float64]
    regions: Mapping[str, Floats]
    back_skin: Floats
    back_scalp: Floats


def polygon(points: NDArray[np.floating], blur: float = 0.0, size: int = SIZE) -> Floats:
    """Filled polygon of UV points (n, 2), y down, with edges softened by `blur` (standard deviation, UV units)."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(np.asarray(points) * size * 16 - 8).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = mask.astype(np.float32) * (1 / 255)
    return cv2.GaussianBlur(soft, (0, 0), blur * size) if blur > 0 else soft


def strokes(
    lines: list[NDArray[np.floating]], width: float, blur: float = 0.0, size: int = SIZE
) -> Floats:
    """Polylines of UV points drawn `width` wide (UV units, at least a texel), softened by `blur`."""
    mask = np.zeros((size, size), np.uint8)
    shifted = [np.round(np.asarray(line) * size * 16 - 8).astype(np.int32) for line in lines]
    cv2.polylines(mask, shifted, False, 255, max(1, round(width * size)), cv2.LINE_AA, 4)
    soft = mask.astype(np.float32) * (1 / 255)
    return cv2.GaussianBlur(soft, (0, 0), blur * size) if blur > 0 else soft


def ellipse(x: float, y: float, rx: float, ry: float, power: float = 1.0) -> Floats:
    """Smooth bump with the value 1 at (x, y) and about 0.14 at the radii, all in UV units, y down."""
    axis = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
    r2 = ((axis - x) / rx)[None] ** 2 + ((axis - y) / ry)[:, None] ** 2
    return np.exp(-2 * r2**power).astype(np.float32)


def smoothstep(x: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, a cubic between."""
    t = np.clip((x - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def _uv68(head: Mapping[str, NDArray]) -> NDArray[np.float64]:
    face = head["quad_material"] == list(head["material_names"]).index("M_Face")
    place = dict(zip(head["quads"][face].ravel().tolist(), head["quads_uv"][face].ravel().tolist(), strict=True))
    uv = np.array([head["uv"][place[int(v)]] for v in head["landmarks_68"]], np.float64)
    uv -= np.floor(uv)
    return np.stack([uv[:, 0], 1 - uv[:, 1]], 1)


def _mirrored(points: list[tuple[float, float]]) -> NDArray[np.float64]:
    left = np.array(points)
    return np.concatenate([left, (left * [-1, 1] + [1, 0])[::-1]])


def _regions(uv: NDArray[np.float64]) -> dict[str, Floats]:
    nose = uv[33]
    regions = {
        "lips": polygon(uv[48:60], 0.006),
        "mouth": polygon(uv[48:60], 0.02),
        "beard": polygon(
            _mirrored([(0.10, 0.25), (0.19, 0.25), (0.20, 0.36), (0.27, 0.47), (0.36, 0.52), (0.40, 0.485), (0.46, nose[1] + 0.012)])[::-1].tolist()
            + _mirrored([(0.08, 0.45), (0.09, 0.62), (0.16, 0.74), (0.3, 0.83), (0.5, 0.86)]).tolist(),
            0.02,
        ),
        "moustache": polygon(_mirrored([(0.345, 0.585), (0.36, 0.545), (0.40, 0.49), (0.45, nose[1] + 0.01), (0.5, nose[1] + 0.014)]).tolist() + [(0.62, 0.56), (0.576, 0.507), (0.53, 0.492), (0.47, 0.492), (0.424, 0.507), (0.38, 0.56)], 0.007),
        "goatee": polygon(_mirrored([(0.36, 0.58), (0.36, 0.68), (0.40, 0.75), (0.5, 0.78)]).tolist()[::-1] + [(0.62, 0.56), (0.56, 0.63), (0.5, 0.645), (0.44, 0.63), (0.38, 0.56)], 0.012),
        "soul_patch": ellipse(0.5, 0.672, 0.03, 0.03),
        "jaw_strap": strokes([np.concatenate([[(0.15, 0.27)], uv[2:15], [(0.85, 0.27)]])], 0.06, 0.012),
        "sideburns": np.maximum(polygon(np.array([(0.12, 0.2), (0.19, 0.2), (0.185, 0.42), (0.14, 0.42)]), 0.012), polygon(np.array([(0.88, 0.2), (0.81, 0.2), (0.815, 0.42), (0.86, 0.42)]), 0.012)),
        "nose": ellipse(0.5, 0.40, 0.07, 0.06),
        "cheeks": np.maximum(ellipse(0.29, 0.42, 0.09, 0.075), ellipse(0.71, 0.42, 0.09, 0.075)),
        "freckled": np.maximum(polygon(_mirrored([(0.2, 0.33), (0.24, 0.46), (0.38, 0.47), (0.44, 0.42), (0.5, 0.42)]).tolist() + [(0.56, 0.3), (0.44, 0.3)], 0.04), ellipse(0.5, 0.1, 0.3, 0.1) * 0.35),
        "ears": np.maximum(ellipse(0.06, 0.40, 0.07, 0.14), ellipse(0.94, 0.40, 0.07, 0.14)),
        "forehead": ellipse(0.5, 0.09, 0.33, 0.09, 2.0),
        "chin": ellipse(0.5, 0.70, 0.09, 0.05),
        "contour": np.maximum(polygon(np.array([(0.15, 0.4), (0.34, 0.52), (0.33, 0.56), (0.16, 0.48)]), 0.02), polygon(np.array([(0.85, 0.4), (0.66, 0.52), (0.67, 0.56), (0.84, 0.48)]), 0.02)),
        "nose_bridge": polygon(np.array([(0.485, 0.24), (0.515, 0.24), (0.515, 0.38), (0.485, 0.38)]), 0.008),
    }
    eyes = [uv[36:42].mean(0), uv[42:48].mean(0)]
    for name, dy, rx, ry in (("eyes", 0.0, 0.075, 0.03), ("sockets", -0.005, 0.11, 0.055), ("under_eyes", 0.035, 0.065, 0.022), ("upper_lids", -0.026, 0.075, 0.022), ("eye_bags", 0.055, 0.06, 0.014)):
        regions[name] = np.maximum(*(ellipse(x, y + dy, rx, ry, 1.5) for x, y in eyes))
    regions["upper_lash_line"] = strokes([uv[36:40], uv[42:46]], 0.004)
    regions["lower_lash_line"] = strokes([uv[[36, 41, 40, 39]], uv[[42, 47, 46, 45]]], 0.004)
    top = np.array([(-0.2, -0.2), (1.2, -0.2), (1.2, 0.34), (0.93, 0.27), (0.9, 0.13), (0.84, 0.06), (0.7, 0.035), (0.5, 0.025), (0.3, 0.035), (0.16, 0.06), (0.1, 0.13), (0.07, 0.27), (-0.2, 0.34)])
    regions["hairline"] = polygon(top, 0.02)
    regions["cropped_hair"] = polygon((top - [0.5, 0]) * [0.86, 1.0] + [0.5, 0.045], 0.025)
    return regions


def _tone_and_detail(path: Path, mask: Floats) -> tuple[Floats, Floats, Floats]:
    face, back = (_read(p, cv2.IMREAD_COLOR)[..., ::-1] for p in (path, path.with_name(path.name.replace("face_", "backhead_"))))
    face, back = (np.log(np.maximum(cv2.resize(linear_table()[t], (SIZE, SIZE), interpolation=cv2.INTER_AREA), _DARKEST)) for t in (face, back))
    tone = (face * mask[..., None]).sum((0, 1)) / mask.sum()
    return tone, np.clip(face - tone, *_DETAIL_RANGE), np.clip(back - tone, *_DETAIL_RANGE)


def _read(path: Path, flags: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise FileNotFoundError(f"{path} is missing or not a picture: point the assets folder at the head's assets")
    return image


def _soften_baked_eyes(detail: Floats, eyes: Floats) -> Floats:
    """Lids in the photographs are smeared by their projection: keep the shading there, mirrored, not the smear."""
    smooth = cv2.GaussianBlur(detail, (0, 0), 6)
    calm = 0.5 * np.maximum(smooth, -0.5) + 0.5 * np.maximum(smooth[:, ::-1], -0.5)
    return detail + (calm - detail) * (0.85 * eyes[..., None])


def load_kit(assets: Path) -> SkinKit:
    """Read the textures, the brow masks and the head's UV layout.

    Args:
        assets: The folder with `ict_head.npz`, `skin/` and `brow/`.

    Raises:
        FileNotFoundError: Something is missing; the sentence names it.
    """
    assets = Path(assets)
    faces = sorted((assets / "skin").glob("face_*.jpg"))
    brows = sorted((assets / "brow").glob("*.png"))
    if not faces or not brows or not (assets / "ict_head.npz").is_file():
        raise FileNotFoundError(f"{assets} lacks skin/face_*.jpg, brow/*.png or ict_head.npz of the head's assets")
    with np.load(assets / "ict_head.npz") as head:
        uv = _uv68({k: head[k] for k in ("quad_material", "material_names", "quads", "quads_uv", "uv", "landmarks_68")})
    regions = _regions(uv)
    sampled = np.clip(regions["cheeks"] + regions["forehead"], 0, 1)
    textures = []
    for path in faces:
        tone, face, back = _tone_and_detail(path, sampled)
        luminance = float(np.exp(tone) @ LUMA)
        if luminance < _DARK_LUMINANCE:
            face = face * (1 - regions["cropped_hair"])[..., None]
        textures.append(Texture(path.stem.removeprefix("face_"), _soften_baked_eyes(face, regions["sockets"]), back, float(np.clip(np.log(0.6 / luminance) / 3, 0, 1))))
    masks = tuple(cv2.resize(_read(p, cv2.IMREAD_GRAYSCALE), (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255 for p in brows)
    inside = np.ones((SIZE, SIZE), np.float32)
    inside[: int(0.335 * SIZE), : int(0.275 * SIZE)] = 0
    inside[: int(0.2 * SIZE), int(0.7 * SIZE) :] = 0
    scalp = polygon(np.array([(0.3, -0.1), (0.7, -0.1), (0.86, 0.4), (0.83, 0.56), (0.7, 0.64), (0.3, 0.64), (0.17, 0.56), (0.14, 0.4)]), 0.02) * inside
    return SkinKit(tuple(textures), masks, uv, MappingProxyType(regions), inside, scalp)
