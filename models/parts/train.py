"""Train a part's model: `python -m models.parts train mouth --data FOLDER… --out FILE`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from landmarkd.vision.parts import PARTS
from torch import Tensor

from models.parts.data import Arrays, as_input, load, sample
from models.parts.loss import loss
from models.parts.network import PartNet
from models.training.loop import Batch, Loop
from models.training.patches import PatchFeed, PatchSettings, make_patch_loop

HELD_OUT = 1
"""Number of files at the beginning of each folder that are not used for training."""


@dataclass(frozen=True, kw_only=True)
class Settings(PatchSettings):
    """Of one training.

    Attributes:
        name: of the part.
    """

    name: str


class Patches(PatchFeed):
    """Batches of patches of a part."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.batch, settings.seed)
        self._settings, self._part = settings, PARTS[settings.name]
        self._stored: Arrays = {}
        self._odds = np.empty(0)

    def _load(self) -> None:
        self._stored = load(list(self._settings.data), self._part, HELD_OUT)
        odds = 0.06 + self._stored["seen"].mean(1)
        self._odds = np.cumsum(odds / odds.sum())

    def _draw(self, rng: np.random.Generator) -> Batch:
        index = np.searchsorted(self._odds, rng.random(self._size)).clip(0, len(self._odds) - 1)
        drawn = sample(self._stored, index, rng, self._part)
        batch = {name: torch.from_numpy(drawn[name]) for name in ("points", "seen", "yaw")}
        images = flipped(batch, as_input(drawn["patch"]), self._settings.name, rng)
        return {"images": images} | batch

    def facts(self) -> dict[str, Any]:
        """Return how many patches batches are drawn from."""
        return {"patches": len(self._odds)}


MIRRORED = torch.tensor([6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 16, 15, 14, 13, 12, 19, 18, 17])
"""Index of each point of the mouth in its mirror image."""


def flipped(batch: Batch, images: Tensor, name: str, rng: np.random.Generator) -> Tensor:
    """Mirror half of the mouths of a batch and their labels in place; brows have one side only."""
    if name != "mouth":
        return images
    chosen = torch.from_numpy(rng.random(len(images)) < 0.5)
    sign = torch.tensor([-1.0, 1.0])
    batch["points"] = torch.where(
        chosen[:, None, None], batch["points"][:, MIRRORED] * sign, batch["points"]
    )
    batch["seen"] = torch.where(chosen[:, None], batch["seen"][:, MIRRORED], batch["seen"])
    return torch.where(chosen[:, None, None, None], images.flip(3), images)


def make_loop(settings: Settings) -> Loop:
    """Return a training that is ready to start, or to resume from its checkpoint."""
    name = settings.name
    of_part = partial(loss, name=name, part=PARTS[name])
    return make_patch_loop(name, partial(PartNet, name), Patches(settings), of_part, settings)
