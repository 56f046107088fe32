"""Painted skins: photographed detail with a human skin tone, age, marks, beard and make-up."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import (
    blemishes,
    colour,
    facial_hair,
    lips,
    makeup,
    noise,
    planes,
    thick_hair,
    wrinkles,
)
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit, load_kit
from models.synth.appearance.regions import SIZE

__all__ = ["Skin", "SkinKit", "load_kit", "paint"]

_INSIDE = np.float32(-1.39)
"""Log albedo of the mouth's inside and the eye sockets, whatever the skin."""


@dataclass(frozen=True)
class Skin:
    """One painted skin. Rows run downwards: v = 1 is the first row, as in the assets' pictures.

    Attributes:
        face: Linear albedo of the M_Face tile, float32 (SIZE, SIZE, 3).
        back: Linear albedo of the M_BackHead tile, float32 (SIZE, SIZE, 3).
        roughness: Of the specular lobe, about 0.25 (oily) to 0.7 (powdered).
        specular: Strength of the specular lobe, 0–0.3.
        hair_colour: Linear RGB (3,) of the hair on the head.
        attributes: What was painted, e.g. "beard", "grey_hair", "bald", "lipstick", "mask".
        covered: Where cloth hides the skin, bool (SIZE, SIZE) in the M_Face tile, or None.
        darkness: Of the skin from 0 (very light) to 1 (very dark), to report accuracy by skin tone.
        thick: Facial hair with volume, or None.
        drawn: Where the 68 iBUG points are in the M_Face tile as painted, UV (68, 2), y down: the
            brows' on their hair, the lips' on their border, the others where the mesh has them.
    """

    face: Floats
    back: Floats
    roughness: float
    specular: float
    hair_colour: Floats
    attributes: frozenset[str]
    covered: NDArray[np.bool_] | None = None
    darkness: float = 0.5
    thick: thick_hair.ThickHair | None = None
    drawn: NDArray[np.float64] | None = None


def _detail(rng: np.random.Generator, kit: SkinKit) -> tuple[Floats, Floats]:
    """Log-albedo detail of a face and its back: one or two photographs, mirrored at random."""
    first = kit.textures[int(rng.integers(len(kit.textures)))]
    face, back = first.face, first.back
    if rng.random() < 0.5:
        second = kit.textures[int(rng.integers(len(kit.textures)))]
        share = float(rng.uniform(0.15, 0.85))
        face = cv2.addWeighted(face, share, second.face, 1 - share, 0)
        back = cv2.addWeighted(back, share, second.back, 1 - share, 0)
    if rng.random() < 0.5:
        keep = kit.back_skin  # the mouth's inside and the eye sockets are islands of their own
        face, back = face[:, :, ::-1], back[:, :, ::-1] * keep + back * (1 - keep)
    return face, back


def _regraded(detail: Floats, contrast: float, chroma: float) -> Floats:
    """A copy of a detail with scaled contrast and chroma."""
    luma = (colour.LUMA @ detail.reshape(3, -1)).reshape(detail.shape[1:])
    return detail * np.float32(contrast * chroma) + luma * np.float32(contrast * (1 - chroma))


def _toned(
    rng: np.random.Generator, kit: SkinKit, tone: Floats, darkness: float, child: float
) -> tuple[Floats, Floats]:
    """Log albedo of face and back in a skin tone; contrast and chroma vary, lower for children."""
    face, back = _detail(rng, kit)
    contrast, chroma = (
        rng.uniform(0.7, 1.25) * (1 - 0.45 * child),
        rng.uniform(0.4, 1.15) * (1 - 0.35 * darkness),
    )
    face, back = (_regraded(detail, contrast, chroma) for detail in (face, back))
    cloud = noise.fractal(rng, SIZE, SIZE, exponent=1.6, zoom=1.5)
    planes.tint(face, cloud, rng.normal(size=3) * 0.02 + rng.uniform(0, 0.07))
    grain = noise.fractal(rng, SIZE, SIZE, exponent=0.5, zoom=1.0) * rng.uniform(0, 0.05)
    shade = np.log(tone)
    face += shade[:, None, None] + grain
    back += _INSIDE
    planes.tint(back, kit.back_skin, shade - _INSIDE)
    return face, back


def paint(
    rng: np.random.Generator, kit: SkinKit, *, child: float = 0.0, thick: float = 0.0
) -> Skin:
    """Paint one skin; about 5 ms, so use it for several crops.

    Args:
        rng: The only random generator.
        kit: From `load_kit`.
        child: 0 for an adult to 1 for a small child, whose skin is smooth.
        thick: Share of men with facial hair that has volume.
    """
    tone, darkness = colour.skin_tone(rng)
    age = float(rng.beta(1.3, 1.6))
    masculine = rng.random() < 0.5
    if child:
        age, masculine = 0.08 * (1 - child), False
    face, back = _toned(rng, kit, tone, darkness, child)
    names: set[str] = {"old"} if age > 0.7 else set()
    names |= blemishes.mottle(rng, face, kit, darkness, age)
    if child < 0.5:
        names |= wrinkles.engrave(rng, face, kit, age)
    drawn = kit.uv68.copy()
    kit, drawn[48:60] = lips.paint(rng.spawn(1)[0], face, kit, darkness, child)
    face, back = (np.exp(log_albedo, out=log_albedo) for log_albedo in (face, back))
    hair, hair_name = colour.hair_colour(rng, darkness, grey=max(0.0, age - 0.45))
    names |= {"grey_hair"} if hair_name in {"grey", "white"} else set()
    names |= facial_hair.grow_scalp(rng, face, back, kit, hair, age if masculine else 0.0)
    if masculine:
        names |= facial_hair.grow_beard(rng, face, kit, hair)
    volume, rare = None, rng.spawn(1)[0]
    if masculine and rare.random() < thick:
        volume, name = thick_hair.grow(rare, face, kit, hair)
        names.add(name)
    if rng.random() < (0.08 if masculine else 0.03 if child else 0.6):
        names |= makeup.apply(rng, face, kit)
    more, drawn[17:27] = facial_hair.grow_brows(rng, face, kit, hair, 1 - 0.7 * child)
    names |= more
    if rng.random() < 0.015:
        names |= makeup.paint_face(rng, face, kit)
    facial_hair.grow_lash_lines(rng, face, kit)
    oily = rng.beta(1.6, 2.4)
    np.clip(face, 0.002, 0.98, out=face)
    np.clip(back, 0.002, 0.98, out=back)
    return Skin(
        planes.to_pixels(face),
        planes.to_pixels(back),
        float(0.68 - 0.42 * oily),
        float(0.02 + 0.24 * oily * rng.random()),
        hair,
        frozenset(names),
        None,
        darkness,
        volume,
        drawn,
    )
