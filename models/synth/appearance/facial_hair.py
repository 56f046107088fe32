"""Hair painted on the skin: brows, lash lines, beards of many cuts, the hairline and the scalp."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import noise
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.planes import cheek, lay
from models.synth.appearance.regions import SIZE, polygon, smoothstep

_BROW_ROWS = (int(0.1 * SIZE), int(0.3 * SIZE))
_BROW_END = 0.2
"""A brow ends where its density falls to this share of its maximum."""
_CUTS = (
    "stubble",
    "shadow",
    "full",
    "moustache",
    "goatee",
    "circle",
    "strap",
    "patchy",
    "soul_patch",
)
_CUT_ODDS = (0.26, 0.16, 0.18, 0.12, 0.07, 0.07, 0.05, 0.06, 0.03)


def _brow_mask(rng: np.random.Generator, kit: SkinKit) -> Floats:
    """A warped brow mask from `_BROW_ROWS`: height, length, thickness, arch and sides vary."""
    top, bottom = _BROW_ROWS
    mask = kit.brows[int(rng.integers(len(kit.brows)))]
    if rng.random() < 0.5:
        mask = mask[:, ::-1]
    x = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE - 0.5
    y = np.arange(top, bottom, dtype=np.float32)
    thick, length = rng.uniform(0.7, 1.45), rng.uniform(0.9, 1.12)
    arch = rng.normal() * 0.5 * (np.abs(x) - 0.15) ** 2 * SIZE
    lift = rng.normal() * 0.004 * SIZE + np.sign(x) * rng.normal() * 0.0025 * SIZE + arch
    middle = kit.brow_height * SIZE
    source_y = middle + (y[:, None] - lift[None] - middle) / thick
    source_x = np.broadcast_to(
        ((x - np.sign(x) * 0.05) / length + np.sign(x) * 0.05 + 0.5) * SIZE - 0.5, source_y.shape
    )
    return cv2.remap(
        np.ascontiguousarray(mask),
        np.ascontiguousarray(source_x, np.float32),
        source_y.astype(np.float32),
        cv2.INTER_LINEAR,
    )


def grow_brows(
    rng: np.random.Generator, face: Floats, kit: SkinKit, hair: Floats, thickness: float = 1.0
) -> tuple[set[str], NDArray[np.float64]]:
    """Draw brows on the albedo of a face in place, a few faces having none or drawn ones.

    Returns:
        Which of these are clearly visible, and where the points 17 to 26 are on the brows, UV (10,
        2).
    """
    if rng.random() < 0.035:
        return {"no_brows"}, kit.uv68[17:27]
    top, bottom = _BROW_ROWS
    alpha = _brow_mask(rng, kit)
    if rng.random() < 0.22:
        alpha = np.maximum(alpha, 0.8 * _brow_mask(rng, kit))
    points = _on_brows(alpha, kit.uv68[17:27])
    density = thickness * float(np.exp(rng.uniform(np.log(0.6), np.log(4.0))))
    blurred = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.35, 1.1)))
    names: set[str] = set()
    if rng.random() < 0.1:  # pencilled: an even, mostly dark colour with a clean edge
        blurred, names = (
            smoothstep(cv2.GaussianBlur(alpha, (0, 0), 1.0), 0.15, 0.45),
            {"drawn_brows"},
        )
        hair = hair * min(1.0, 0.05 / float(hair.mean()))
    if rng.random() < 0.07:  # grown together
        outline = np.array([(0.45, -0.01), (0.55, -0.01), (0.54, 0.015), (0.46, 0.015)]) + np.array(
            [0, kit.brow_height]
        )
        between = polygon(outline, 0.01)[top:bottom] * noise.strands(rng, SIZE)[: bottom - top]
        blurred = np.maximum(blurred, between * 0.8)
    colour = (hair * rng.uniform(0.35, 0.9)).astype(np.float32)
    if rng.random() < 0.5:  # brows turn grey last and are rarely bleached
        colour *= np.float32(min(1.0, 0.06 / float(colour.mean())))
    lay(face[:, top:bottom], colour, np.clip(blurred * density, 0, 0.96))
    return names, points


def _on_brows(alpha: Floats, usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points of brows, UV (10, 2): their ends, and the middle of the hair between.

    Args:
        alpha: Coverage of the rows `_BROW_ROWS`.
        usual: The mesh's own points, whose spacing is kept.
    """
    points = usual.copy()
    rows = np.arange(*_BROW_ROWS, dtype=np.float32) + 0.5
    for side in (slice(0, 5), slice(5, 10)):
        own = usual[side]
        half = np.zeros(SIZE, bool)
        half[SIZE // 2 :] = own[0, 0] > 0.5
        half[: SIZE // 2] = own[0, 0] < 0.5
        column = alpha.sum(0) * half
        covered = np.flatnonzero(column > _BROW_END * column.max())
        x = covered + 0.5
        y = (alpha[:, covered] * rows[:, None]).sum(0) / column[covered]
        ends = x[[0, -1]] / SIZE
        at = ends[0] + (own[:, 0] - own[:, 0].min()) / np.ptp(own[:, 0]) * (ends[1] - ends[0])
        arch = np.polynomial.Polynomial.fit(x / SIZE, y / SIZE, 3, w=np.sqrt(column[covered]))
        points[side] = np.stack([at, arch(at)], 1)
    return points


def grow_lash_lines(rng: np.random.Generator, face: Floats, kit: SkinKit) -> None:
    """Darken the lid margins in place, at the roots of the lashes and in the shade of the lid."""
    dark = np.array([0.02, 0.014, 0.012], np.float32)
    lay(face, dark, kit.regions["upper_lash_line"] * rng.uniform(0.25, 0.9))
    lay(face, dark, kit.regions["lower_lash_line"] * rng.uniform(0, 0.4))


def _widened(mask: Floats) -> Floats:
    return np.clip(2 * cv2.GaussianBlur(mask, (0, 0), 3), 0, 1)


def _beard_density(rng: np.random.Generator, kit: SkinKit, cut: str) -> Floats:
    """Where a cut grows, 0–1, before its edge is made irregular."""
    regions = kit.regions
    if cut in {"stubble", "shadow", "full", "patchy"}:
        field = regions["beard"].copy()
        if rng.random() < 0.3:
            field = np.maximum(field * (1 - _widened(regions["moustache"])), regions["jaw_strap"])
        if rng.random() < 0.35:  # a trimmed neck
            rows = (np.arange(SIZE, dtype=np.float32)[:, None] + 0.5) / SIZE
            field *= 1 - smoothstep(rows, 0.7 + 0.06 * rng.random(), 0.78)
    elif cut == "moustache":
        field = regions["moustache"]
    elif cut == "goatee":
        field = regions["goatee"]
    elif cut == "circle":
        field = np.maximum(regions["goatee"], regions["moustache"])
    elif cut == "strap":
        field = np.maximum(regions["jaw_strap"], regions["goatee"] * float(rng.random() < 0.4))
    else:
        field = regions["soul_patch"]
    return field * (1 - regions["lips"])


def grow_beard(rng: np.random.Generator, face: Floats, kit: SkinKit, hair: Floats) -> set[str]:
    """Grow stubble, a moustache or a beard on the albedo of a face in place, or leave it shaven."""
    if rng.random() < 0.35:
        return set()
    cut = str(rng.choice(_CUTS, p=_CUT_ODDS))
    field = _beard_density(rng, kit, cut)
    rough = noise.fractal(rng, SIZE, SIZE, exponent=1.2, zoom=float(rng.uniform(1, 2.5)))
    wander = noise.fractal(rng, SIZE, SIZE, exponent=2.0, zoom=4)
    edge = field + rough * (0.3 if cut == "patchy" else 0.1) + wander * rng.uniform(0, 0.22)
    low = rng.uniform(0.25, 0.7)
    field = (
        smoothstep(edge, low, low + rng.uniform(0.15, 0.6))
        * (field > 0.02)
        * (1 - kit.regions["lips"])
    )
    colour = (hair * rng.uniform(0.6, 1.1)).astype(np.float32)
    if rng.random() < 0.25:
        colour = (colour * [1.35, 1.0, 0.8]).astype(np.float32)
    if cut == "shadow":
        lay(
            face,
            cheek(face) * np.array([0.5, 0.56, 0.62], np.float32),
            field * rng.uniform(0.15, 0.55),
        )
        return {"stubble"}
    if cut == "stubble":
        dots = np.clip(noise.white(rng, SIZE, SIZE) * 0.45 + 0.35, 0, 1)
        lay(face, colour, field * (0.2 + 0.8 * dots) * rng.uniform(0.3, 0.85))
        return {"stubble"}
    fine = noise.strands(rng, SIZE, length=7, count=16000)
    cover = rng.uniform(0.65, 1.1)
    tone = 0.45 + 0.9 * fine + 0.15 * rough
    if rng.random() < 0.15:  # streaks of grey on the chin
        tone = tone + kit.regions["goatee"] * fine * rng.uniform(1, 6)
    lay(face, colour, np.clip(field * (cover + 0.5 * (fine - 0.4)), 0, 0.97), np.maximum(tone, 0.2))
    return {"moustache" if cut == "moustache" else "beard"}


def grow_scalp(
    rng: np.random.Generator, face: Floats, back: Floats, kit: SkinKit, hair: Floats, balding: float
) -> set[str]:
    """Paint the hair's roots on the scalp and along the hairline in place.

    Args:
        rng: Random generator.
        face: Albedo of the M_Face tile, changed.
        back: Albedo of the M_BackHead tile, changed.
        kit: Regions of the head.
        hair: Linear RGB (3,).
        balding: 0 (never) to 1 (likely).

    Returns:
        {"bald"}, {"shaved_head"} or nothing.
    """
    if rng.random() < 0.06 + 0.25 * balding:
        return {"bald"}
    shaved = rng.random() < 0.1
    cover = rng.uniform(0.25, 0.6) if shaved else rng.uniform(0.8, 0.97)
    thick = noise.strands(rng, SIZE, length=24, count=7000)
    tone = np.maximum(0.5 + 0.9 * thick, 0.3)
    lay(back, hair, kit.back_scalp * cover, tone)
    edge = kit.regions["hairline"] + 0.12 * noise.fractal(rng, SIZE, SIZE, exponent=1.0, zoom=1.3)
    low = 0.35 + 0.3 * rng.random() + 0.3 * balding
    lay(face, hair, smoothstep(edge, low, low + 0.4) * cover * (0.75 + 0.25 * thick), tone)
    return {"shaved_head"} if shaved else set()
