"""A training crop with its labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.synth.appearance.colour import TONES

ATTRIBUTES = (
    "glasses", "sunglasses", "rimless", "cap", "helmet", "hood", "headphones", "mask", "hand",
    "phone", "cup",
    "wheel", "object", "hair", "bald", "beard", "stubble", "lipstick", "old", "child",
    "grey_hair", "infrared",
    "night", "hard_sun", "bright_pupil", "occluded", "distorted", *TONES,
)  # fmt: skip


@dataclass(frozen=True)
class Crop:
    """A stored crop.

    Attributes:
        image: uint8 (SIZE, SIZE, 3) RGB.
        points: float32 (562, 3) pixels, or NaN where there is no face.
        visible: bool (562,).
        face: Whether it shows a face.
        pose: float32 (3,) pitch, yaw, roll in degrees.
        openness: float32 (2,) right and left lid openness, see `models.head.openness`.
        gaze: float32 (2,) pitch and yaw of the eyes in the head, degrees.
        attributes: Names from ATTRIBUTES.
    """

    image: np.ndarray
    points: np.ndarray
    visible: np.ndarray
    face: bool
    pose: np.ndarray
    openness: np.ndarray
    gaze: np.ndarray
    attributes: frozenset[str]
