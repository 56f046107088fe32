"""Thick facial hair with volume: it hides the upper lip, the chin and the edge of the jaw."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.synth.appearance import noise
from models.synth.appearance.colour import Floats, from_srgb
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.planes import lay
from models.synth.appearance.regions import SIZE, smoothstep

_CUTS = ("walrus", "chevron", "handlebar", "full", "circle", "curtain")
_CUT_ODDS = (0.2, 0.2, 0.06, 0.34, 0.14, 0.06)


@dataclass(frozen=True)
class ThickHair:
    """A beard or a moustache, 0–1 in the M_Face tile, and its volume.

    Attributes:
        cover: float32 (SIZE, SIZE) density.
        thickness: Off the skin, centimetres.
        droop: How far it hangs below its roots, centimetres.
        chin: How much farther it hangs at the chin, centimetres.
        over_lip: Whether it grows on the upper lip.
    """

    cover: Floats
    thickness: float
    droop: float
    chin: float
    over_lip: bool = False


def _rows() -> Floats:
    rows: Floats = (np.arange(SIZE, dtype=np.float32)[:, None] + 0.5) / SIZE
    return rows


def _upper_lip(kit: SkinKit, reach: float) -> Floats:
    """The moustache, grown over the upper lip by `reach` (UV units)."""
    grown = kit.regions["moustache"]
    for share in (0.5, 1.0):
        down = np.array([[1, 0, 0], [0, 1, share * reach * SIZE]], np.float32)
        grown = np.maximum(grown, cv2.warpAffine(grown, down, (SIZE, SIZE)))
    end = float(kit.uv68[[62, 66], 1].mean()) + 0.004
    return np.clip(1.25 * grown, 0, 1) * (1 - smoothstep(_rows(), end - 0.006, end + 0.004))


def _cover(rng: np.random.Generator, kit: SkinKit, cut: str) -> Floats:
    regions = kit.regions
    lips = 1 - regions["lips"]
    top = _upper_lip(
        kit, float(rng.uniform(0.0, 0.035) if cut != "walrus" else rng.uniform(0.025, 0.05))
    )
    if cut in {"walrus", "chevron"}:
        side = np.abs(_rows().T - 0.5)
        reach = rng.uniform(0.085, 0.16)
        return top * (1 - smoothstep(side, reach, reach + 0.03))
    if cut == "handlebar":
        x = np.abs(_rows().T - 0.5)
        bars = np.exp(-(((x - 0.145) / 0.02) ** 2)) * smoothstep(_rows(), 0.5, 0.53)
        return np.maximum(
            top, (bars * (1 - smoothstep(_rows(), 0.64, 0.72))).astype(np.float32) * lips
        )
    if cut == "curtain":
        return np.clip(1.2 * np.maximum(regions["jaw_strap"], regions["goatee"]), 0, 1) * lips
    below = regions["goatee"] if cut == "circle" else regions["beard"]
    if cut == "circle" and rng.random() < 0.5:
        below = np.clip(2 * cv2.GaussianBlur(below, (0, 0), 5), 0, 1)
    if cut == "full":
        fall = rng.uniform(0.74, 0.88)
        below = below * (1 - smoothstep(_rows(), fall, fall + 0.06))
    return np.maximum(np.clip(1.3 * below, 0, 1) * lips, top)


def grow(
    rng: np.random.Generator, face: Floats, kit: SkinKit, hair: Floats
) -> tuple[ThickHair, str]:
    """Add thick facial hair to the albedo of a face in place.

    Args:
        rng: Random generator.
        face: Linear albedo (3, SIZE, SIZE), changed.
        kit: Regions of the face.
        hair: Linear RGB (3,) of the hair on the head.

    Returns:
        The hair with volume, and "moustache" or "beard".
    """
    cut = str(rng.choice(_CUTS, p=_CUT_ODDS))
    rough = noise.fractal(rng, SIZE, SIZE, exponent=1.2, zoom=float(rng.uniform(1, 2.5)))
    low = rng.uniform(0.2, 0.5)
    cover = smoothstep(_cover(rng, kit, cut) + 0.08 * rough, low, low + rng.uniform(0.15, 0.4))
    kind = rng.random()
    if kind < 0.2:  # grey or white before the head is
        value = rng.uniform(90, 225)
        colour = from_srgb(value, value * 0.98, value * 0.95)
    elif kind < 0.6:
        colour = hair * min(1.0, 0.02 / float(hair.mean()))
    else:
        colour = (
            hair
            * rng.uniform(0.6, 1.1)
            * np.array([rng.uniform(1, 1.35), 1.0, rng.uniform(0.8, 1)])
        )
    fine = noise.strands(rng, SIZE, length=9, count=14000)
    tone = 0.45 + rng.uniform(0.3, 1.0) * fine + 0.12 * rough
    if rng.random() < 0.3:  # salt and pepper, most at the chin
        tone = tone + (0.35 + kit.regions["goatee"]) * fine * rng.uniform(0.5, 4)
    lay(
        face,
        colour.astype(np.float32),
        np.clip(cover * rng.uniform(0.86, 1.0), 0, 0.98),
        np.maximum(tone, 0.2),
    )
    long = cut in {"full", "circle", "curtain"}
    thick = ThickHair(
        cover,
        float(rng.uniform(0.15, 0.6) if cut not in {"full", "curtain"} else rng.uniform(0.2, 1.1)),
        float(rng.uniform(0.0, 0.45)),
        float(rng.uniform(0, 0.8) + 4.0 * rng.beta(1, 4)) if long else 0.0,
        cut != "curtain",
    )
    return thick, "beard" if long else "moustache"
