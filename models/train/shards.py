"""Reads crops of `models.synth` in an order that a seed fixes and that can resume anywhere."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
from landmarkd.layout import LAYOUTS
from landmarkd.vision.geometry import extent_of
from numpy.typing import NDArray

GROUP = 8
KEPT = GROUP + 2


class ShardError(ValueError):
    """A shard cannot be used; the message names the file."""


@dataclass(frozen=True)
class Crop:
    """A stored crop: image (H, W, 3) uint8 RGB, points (562, 3) pixels, NaN where `face` is False.

    `visible` is (562,) bool, `roll_deg` is that by which the runtime turns its region, NaN where it
    is not known.
    """

    image: NDArray[np.uint8]
    points: NDArray[np.float32]
    visible: NDArray[np.bool_]
    face: bool
    roll_deg: float


class ShardReader:
    """Returns single crops, and keeps the last few shards open."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, dict[str, Any]] = OrderedDict()

    def _shard(self, path: Path) -> dict[str, Any]:
        if path not in self._open:
            names = ("jpeg", "offsets", "points", "visible", "face")
            self._open[path] = _stored(path, names)
            while len(self._open) > KEPT:
                self._open.popitem(last=False)
        self._open.move_to_end(path)
        return self._open[path]

    def read(self, path: Path, row: int) -> Crop:
        """Decode one crop.

        Raises:
            ShardError: The shard or the picture in it is damaged.
        """
        shard = self._shard(path)
        jpeg = shard["jpeg"][shard["offsets"][row] : shard["offsets"][row + 1]]
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        if image is None:
            raise ShardError(
                f"{path}: crop {row} cannot be decoded: delete the shard and render it again"
            )
        points, face = shard["points"][row], bool(shard["face"][row])
        roll_deg = extent_of(points, LAYOUTS["landmarkd-562"].ibug68).roll if face else math.nan
        return Crop(
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB), points, shard["visible"][row], face, roll_deg
        )


def list_shards(folders: list[Path]) -> list[Path]:
    """All complete shards of some folders, by name; an incomplete shard has another name."""
    return [path for folder in folders for path in sorted(folder.glob("shard-*.npz"))]


def count_rows(path: Path) -> int:
    """How many crops a shard holds, without reading their pictures.

    Raises:
        ShardError: The shard is damaged.
    """
    return len(_stored(path, ("face",))["face"])


def _stored(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ShardError(
            f"{path} is not a complete shard ({error}): delete it and render it again"
        ) from error


def epoch_order(rows: list[int], seed: int, epoch: int) -> NDArray[np.int32]:
    """Order of one pass over the data: (K, 2) of shard and row.

    Shards are shuffled and taken in groups, rows are shuffled within a group, so that a worker
    needs only few shards in memory. The same arguments give the same order.
    """
    rng = np.random.default_rng((seed, epoch))
    shards = rng.permutation(len(rows))
    parts = []
    for start in range(0, len(shards), GROUP):
        group = [
            np.stack([np.full(rows[s], s), np.arange(rows[s])], 1)
            for s in shards[start : start + GROUP]
        ]
        parts.append(rng.permutation(np.concatenate(group)))
    return np.concatenate(parts).astype(np.int32) if parts else np.zeros((0, 2), np.int32)
