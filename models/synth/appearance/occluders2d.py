"""Image-space occluders: something held, worn, splashed or reflected in front of a face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synth.appearance import covers, hands, things
from models.synth.appearance.colour import LUMA, Floats
from models.synth.appearance.layers import FaceFrame, Layer

_KINDS = (
    # name, maker, relative frequency
    ("hand", hands.hand, 24),
    ("phone", things.phone, 8),
    ("cup", things.cup, 8),
    ("microphone", things.microphone, 6),
    ("scarf", things.scarf, 8),
    ("paper", things.sheet, 4),
    ("shape", covers.shape, 9),
    ("patch", covers.patch, 9),
    ("hair_strands", covers.strands, 12),
    ("seat_belt", things.belt, 6),
    ("steering_wheel", things.wheel, 4),
    ("stick", things.stick, 4),
    ("lens_drops", covers.drops, 4),
    ("reflection", covers.pane, 4),
    ("shadow", covers.shadow, 10),
)
NAMES = tuple(name for name, _, _ in _KINDS)
_ODDS = np.array([share for _, _, share in _KINDS], np.float64) / sum(
    share for _, _, share in _KINDS
)


def _light_of(image: Floats, frame: FaceFrame) -> Floats:
    """Light (3,) that falls on things at the face, guessed from how bright the picture is there."""
    reach = 0.4 * frame.size
    (x0, y0), (x1, y1) = (
        np.clip(frame.centre + d * reach, 0, [frame.width, frame.height]).astype(int)
        for d in (-1, 1)
    )
    part = image[y0 : y1 + 1 : 3, x0 : x1 + 1 : 3]
    seen = part.reshape(-1, 3).mean(0) if part.size else np.full(3, 0.2, np.float32)
    grey = float(seen @ LUMA)
    return (0.5 * grey + 0.5 * seen / np.array([1.25, 0.95, 0.8])).astype(np.float32) * 2.6


def _lay(
    rng: np.random.Generator, image: Floats, layer: Layer, light: Floats, frame: FaceFrame
) -> Floats:
    """The image under a layer, which may be out of focus and throws a soft shadow."""
    mask = layer.mask
    if layer.hides:
        blur = float(np.exp(rng.uniform(np.log(0.3), np.log(0.02 * frame.size + 0.5))))
        mask = cv2.GaussianBlur(mask, (0, 0), blur)
        if rng.random() < 0.6:
            reach = 0.03 * frame.size
            offset = np.array([[1, 0, rng.normal() * reach], [0, 1, reach]], np.float32)
            cast = cv2.warpAffine(
                cv2.GaussianBlur(mask, (0, 0), reach),
                offset,
                mask.shape[::-1],
                borderMode=cv2.BORDER_REPLICATE,
            )
            image = image * (1 - cast * np.float32(rng.uniform(0.1, 0.6)))[..., None]
    strength = np.float32(np.exp(rng.normal() * (0.7 if layer.glow else 0.3)))
    return image + (layer.albedo * (light * strength) - image) * mask[..., None]


def make(rng: np.random.Generator, name: str, frame: FaceFrame) -> Layer:
    """One occluder by its name.

    Raises:
        ValueError: There is no occluder of that name.
    """
    if name not in NAMES:
        raise ValueError(f"no occluder {name!r}: choose from {', '.join(NAMES)}")
    return _KINDS[NAMES.index(name)][1](rng, frame)


def apply(
    rng: np.random.Generator, image: Floats, points: NDArray[np.floating], *, probability: float
) -> tuple[Floats, NDArray[np.bool_], tuple[str, ...]]:
    """With some probability, put one or two things in front of a face.

    Args:
        rng: Random generator.
        image: Linear RGB float32 (h, w, 3); left as it is.
        points: The 562 landmarks in pixels, (562, 2) or with more columns, all finite.
        probability: Of putting anything.

    Returns:
        The image, a bool mask (h, w) of what is hidden, and the names of what was put. Drops,
        reflections, shadows and clear glass hide nothing.
    """
    covered = np.zeros(image.shape[:2], bool)
    if rng.random() >= probability:
        return image, covered, ()
    frame = FaceFrame.of(image, np.asarray(points)[:, :2])
    light = _light_of(image, frame)
    names = []
    for _ in range(2 if rng.random() < 0.2 else 1):
        name = str(rng.choice(NAMES, p=_ODDS))
        layer = make(rng, name, frame)
        image = _lay(rng, image, layer, light, frame)
        if layer.hides:
            covered |= layer.mask > 0.5
        names.append(name)
    return image.astype(np.float32, copy=False), covered, tuple(names)
