"""A car's inside behind a driver."""

import cv2
import numpy as np

from models.synth.appearance.scenes import surfaces
from models.synth.appearance.scenes.drawing import (
    PLATE,
    Plate,
    gradient,
    near,
    paste,
    rounded,
    shape_mask,
    shine,
    soften,
    speckle,
)
from models.synth.appearance.scenes.places import outside


def car(rng: np.random.Generator) -> Plate:
    """Behind a driver: seat and headrest, door pillar, roof lining, bright windows, the belt."""
    lining = near(rng, (70, 68, 66), 28) if rng.random() < 0.7 else near(rng, (165, 155, 140), 25)
    red, green, blue = (int(c * 0.5) for c in lining)
    plate = gradient(rng, lining, (red, green, blue))
    flip = rng.random() < 0.5
    roof = rng.uniform(15, 75)
    for left, right in (
        (rng.uniform(-30, 20), rng.uniform(60, 125)),
        (rng.uniform(140, 190), rng.uniform(235, 290)),
    ):
        if rng.random() < 0.85:
            slant = rng.normal() * 22
            low = rng.uniform(120, 190)
            quad = np.array(
                [
                    (left + slant, roof + rng.normal() * 8),
                    (right + slant, roof),
                    (right, low),
                    (left - slant * 0.5, low + rng.normal() * 8),
                ]
            )
            paste(plate, outside(rng), shape_mask(quad, 0.7))
            cv2.polylines(
                plate,
                [quad.astype(np.int32)],
                True,
                tuple(int(c * 0.4) for c in lining),
                int(rng.integers(2, 7)),
                cv2.LINE_AA,
            )
    seat = near(rng, (50, 50, 54), 22) if rng.random() < 0.7 else near(rng, (150, 125, 95), 25)
    x, width = rng.uniform(95, 160), rng.uniform(60, 105)
    top = rng.uniform(95, 175)
    head_y, head_r = top - rng.uniform(30, 50), rng.uniform(26, 46)
    for dx in (-0.35, 0.35):
        cv2.line(
            plate,
            (int(x + dx * head_r), int(head_y)),
            (int(x + dx * head_r), int(top + 12)),
            (120, 120, 122),
            4,
            cv2.LINE_AA,
        )
    for outline, depth in (
        (rounded(x, top + 130, width, 135, 4.5), 1.0),
        (rounded(x, head_y, head_r * 1.3, head_r, 4), 1.08),
    ):
        mask = shape_mask(outline, 0.6)
        folded = (
            surfaces.fabric(rng)
            if rng.random() < 0.2
            else np.full((PLATE, PLATE, 3), seat, np.uint8)
        )
        relief = soften(mask, 12.0)
        paste(plate, np.clip(folded * (0.35 + 0.75 * relief * depth)[..., None], 0, 255), mask)
    if rng.random() < 0.4:
        start, end = (int(x + width * 0.8), int(roof + 40)), (int(x - width * 0.6), PLATE + 20)
        cv2.line(
            plate, start, end, near(rng, (38, 38, 42), 14), int(rng.integers(8, 18)), cv2.LINE_AA
        )
    plate = speckle(rng, plate, rng.uniform(1, 6), 0.5)
    plate = shine(rng, plate) if rng.random() < 0.6 else plate
    return np.ascontiguousarray(plate[:, ::-1] if flip else plate)
