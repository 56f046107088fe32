"""Things cut out of photographs, as hard negatives."""

import cv2
import numpy as np

from models.detector.cuttings import Cutting
from models.photographs import Album

CUT_OUT = 160
"""Side of a cut-out of a photograph, pixels."""


def cut_out(rng: np.random.Generator, photographs: Album) -> Cutting:
    """Return a thing cut out of a photograph, or a rounded part of a picture."""
    if photographs.cut_outs and rng.random() < 0.6:
        picture, alpha = photographs.cut_outs[int(rng.random() * len(photographs.cut_outs))]
        high, wide = alpha.shape
        # All of it, or one end, which shows the head in about half of the cases.
        side = min(
            round(max(high, wide) * float(rng.choice([1.0, 0.75, 0.5, 0.35]))), max(high, wide)
        )
        x, y = (int(rng.integers(0, max(n - side, 0) + 1)) for n in (wide, high))
        if rng.random() < 0.6:
            y = 0
        part, seen = picture[y : y + side, x : x + side], alpha[y : y + side, x : x + side]
        below, right = side - part.shape[0], side - part.shape[1]
        part = cv2.copyMakeBorder(
            part, below // 2, below - below // 2, right // 2, right - right // 2, 0
        )
        seen = cv2.copyMakeBorder(
            seen, below // 2, below - below // 2, right // 2, right - right // 2, 0
        )
        part, seen = (
            cv2.resize(p, (CUT_OUT, CUT_OUT), interpolation=cv2.INTER_AREA) for p in (part, seen)
        )
        return Cutting.of(part, alpha=seen)
    picture = photographs.window(rng, CUT_OUT, CUT_OUT)
    along = (np.arange(CUT_OUT, dtype=np.float32) + 0.5) / CUT_OUT * 2 - 1
    power, wide, high = (
        float(rng.choice([2, 2, 4, 8])),
        *(float(n) for n in rng.uniform(0.6, 0.98, 2)),
    )
    inside = 1 - np.abs(along / wide) ** power - np.abs(along / high)[:, None] ** power
    alpha = np.clip(inside / float(rng.uniform(0.02, 0.3)), 0, 1)
    return Cutting.of(picture, alpha=(255 * alpha).astype(np.uint8))
