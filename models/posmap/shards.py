"""From folders of pictures with position maps to the shards that training reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.head import openness
from models.posmap.folder import Pair, read_folder
from models.posmap.sample import Sampler
from models.synth.framing import MARGIN, SIZE
from models.synth.labelled import Crop
from models.synth.shards import CROPS_PER_SHARD, pack, store


def to_crop(pair: Pair, sampler: Sampler) -> Crop:
    """Cut the face of a pair as the synthetic crops are cut.

    Points that are not in the map are NaN and not visible. Pose and gaze, which the map does not
    contain, are NaN too, and the openness where there are no lids.

    Raises:
        ValueError: The dense points of the map span no area.
    """
    points = sampler.sample(pair.position_map)
    low, high = points[:520, :2].min(0), points[:520, :2].max(0)
    side = float((high - low).max()) * MARGIN
    if not side > 0:
        raise ValueError(f"{pair.name}: all points of the position map are in one place")
    scale = SIZE / side
    shift = (SIZE - 1) / 2 - scale * (low + high) / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    # Shrinking without a low pass would alias, so blur by what a box filter of the same factor
    # would.
    image = cv2.GaussianBlur(pair.image, (0, 0), 0.35 / scale) if scale < 0.8 else pair.image
    picture = cv2.warpAffine(
        image, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    moved = points * np.float32(scale)
    moved[:, :2] += shift.astype(np.float32)
    inside = np.asarray(
        ((moved[:, :2] > -0.5) & (moved[:, :2] < SIZE - 0.5)).all(1)
    )  # NaN counts as outside
    unknown = np.full(3, np.nan, np.float32)
    return Crop(picture, moved, inside, True, unknown, openness(moved), unknown[:2], frozenset())


def write(folder: Path, sampler: Sampler, out: Path) -> Iterator[Path]:
    """Write all pairs below a folder into shards of at most 1000 crops; yield each written path."""
    waiting: list[Crop] = []
    number = 0
    for pair in read_folder(folder):
        waiting.append(to_crop(pair, sampler))
        if len(waiting) == CROPS_PER_SHARD:
            yield store(out / f"shard-{number:05d}.npz", pack(waiting, [-1] * len(waiting)))
            number, waiting = number + 1, []
    if waiting:
        yield store(out / f"shard-{number:05d}.npz", pack(waiting, [-1] * len(waiting)))
