"""Rendered crops, decoded once into memory at four sizes, so that pasting only copies pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from landmarkd.layout import LAYOUTS
from numpy.typing import NDArray

from models.detector.paste import NO_ALPHA

Image = NDArray[np.uint8]

CROP = 176
"""Side of a rendered crop, pixels."""

CONTOUR = 17
"""The first points of the 68 are those of the jaw."""

SEEN = 0.22
"""Below this visible share of brows, eyes, nose and lips, a hand, a cup or hair hides the face."""

TURNED_AWAY = 130.0
"""A head turned further is seen from behind, degrees of yaw."""

NO_POINTS = np.empty((0, 2), np.float32)
LEVELS = 4
"""A crop is kept 1, 2, 4 and 8 times smaller: 125 KB in all."""

RARE = ("mask", "hood", "helmet")
"""Faces with one of these attributes are kept apart, to be taken more often."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """A square picture to be pasted: a rendered crop or a cut-out.

    Attributes:
        levels: (side, side, 3) uint8 RGB, each half as wide as the one before; a rendered crop's
            are 176, 88, 44, 22.
        alphas: (side, side) uint8 for each level, or `NO_ALPHA`.
        points: (68, 2) float32 in pixels of the largest; (0, 2) if it shows no face.
        doubtful: whether so little of the face is visible that finding it is neither right nor
            wrong.
    """

    levels: tuple[Image, ...]
    alphas: tuple[Image, ...]
    points: NDArray[np.float32]
    doubtful: bool = False

    @classmethod
    def of(
        cls,
        picture: Image,
        points: NDArray[np.float32] = NO_POINTS,
        alpha: Image = NO_ALPHA,
        *,
        doubtful: bool = False,
    ) -> Self:
        """Return the cutting of a picture, (side, side, 3) uint8 RGB; a cut-out has an alpha."""
        levels, alphas = [picture], [alpha]
        for _ in range(LEVELS - 1):
            small = (levels[-1].shape[1] // 2,) * 2
            levels.append(cv2.resize(levels[-1], small, interpolation=cv2.INTER_AREA))
            alphas.append(
                alpha
                if alpha is NO_ALPHA
                else cv2.resize(alphas[-1], small, interpolation=cv2.INTER_AREA)
            )
        return cls(tuple(levels), tuple(alphas), points, doubtful)


@dataclass(slots=True)
class Shard:
    """The crops of one shard: faces, the `RARE` among them, others, and the backs of heads."""

    faces: list[Cutting] = field(default_factory=list)
    rare: list[Cutting] = field(default_factory=list)
    others: list[Cutting] = field(default_factory=list)
    backs: list[Cutting] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Decode the crops of a shard."""
        ibug, result = LAYOUTS["landmarkd-562"].ibug68, cls()
        with np.load(path) as shard:
            jpeg, offsets, points, face = (
                shard[key] for key in ("jpeg", "offsets", "points", "face")
            )
            away = np.abs(shard["pose_deg"][:, 1]) > TURNED_AWAY
            names, seen = shard["attribute_names"], shard["visible"][:, ibug[CONTOUR:]].mean(1)
            rare = (
                shard["attributes"]
                & np.uint32(sum(1 << n for n, name in enumerate(names) if name in RARE))
            ) != 0
        for n in range(len(face)):
            picture = cv2.imdecode(jpeg[offsets[n] : offsets[n + 1]], cv2.IMREAD_COLOR_RGB)
            cutting = Cutting.of(
                picture,
                points[n][ibug, :2].copy() if face[n] else NO_POINTS,
                doubtful=seen[n] < SEEN,
            )
            (result.faces if face[n] else result.others).append(cutting)
            if face[n] and rare[n]:
                result.rare.append(cutting)
            if not face[n] and away[n]:
                result.backs.append(cutting)
        return result


class Cuttings:
    """The crops of some shards; `renew` puts another shard in the place of the oldest.

    Args:
        folders: of shards; those that appear later are found.
        rng: chooses shards.
        most_shards: to hold at once, 0.13 GB each.

    Raises:
        ValueError: if the folders hold no shard.
    """

    def __init__(
        self, folders: Sequence[Path], rng: np.random.Generator, most_shards: int = 12
    ) -> None:
        self._folders, self._most = tuple(folders), most_shards
        self._held: dict[Path, Shard] = {}
        self.all = Shard()
        paths = self._paths()
        if not paths:
            named = ", ".join(map(str, folders))
            raise ValueError(
                f"no shard of crops in {named}; "
                "make some: python -m models.synth write --out FOLDER"
            )
        for n in rng.permutation(len(paths))[: max(1, most_shards // 2)]:
            self._held[paths[n]] = Shard.read(paths[n])
        self._join()

    def renew(self, rng: np.random.Generator) -> None:
        """Load one more shard; if the maximum is reached, drop the oldest."""
        waiting = [path for path in self._paths() if path not in self._held]
        if not waiting:
            return
        if len(self._held) >= self._most:
            del self._held[next(iter(self._held))]
        path = waiting[int(rng.integers(len(waiting)))]
        self._held[path] = Shard.read(path)
        self._join()

    def _paths(self) -> list[Path]:
        return [path for folder in self._folders for path in sorted(folder.glob("shard-*.npz"))]

    def _join(self) -> None:
        self.all = Shard(
            *(
                [one for shard in self._held.values() for one in getattr(shard, name)]
                for name in Shard.__slots__
            )
        )
