"""Train the eye model on drawn eyes: `python -m models.eyes train --data FOLDER… --out FILE`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from models.eyes.data import Arrays, load, sample
from models.eyes.loss import loss
from models.eyes.network import EyeNet
from models.training.loop import Batch, Loop
from models.training.meeting import Meeting
from models.training.patches import PatchFeed, PatchSettings, make_patch_loop, normalise

ARCHITECTURE = "eyes-21"
POOL = 4096
"""Samples kept for reuse: half of each batch comes from them, which saves the time to make new
ones.
"""
HELD_OUT = 2
"""Number of files at the beginning of each folder that are not used for training."""
RAMP = 0.15
_ODDS = np.array([1.0, 1.3, 1.8])
"""Relative frequency of each class in a batch: neither, shut, down."""


def tensors(batch: Arrays) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the network's input (n, 1, HEIGHT, WIDTH) and the labels of a batch of `sample`."""
    picture = torch.from_numpy(batch["patch"])[:, None].float() / 255
    labels = {name: torch.from_numpy(batch[name]) for name in batch if name != "patch"}
    return normalise(picture), labels


@dataclass(frozen=True, kw_only=True)
class Settings(PatchSettings):
    """Settings of one training.

    Attributes:
        held_out: number of files at the beginning of each folder that are not used for training.
        part: (k, n): this run uses part k of n parts of the files.
    """

    batch: int = 96
    rate: float = 3e-3
    held_out: int = HELD_OUT
    part: tuple[int, int] = (0, 1)


class Eyes(PatchFeed):
    """Batches of eyes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.batch, settings.seed)
        self._settings = settings
        self._eyes: Arrays = {}
        self._odds = np.empty(0)
        self._pool: Arrays = {}
        self._pooled = 0

    def _load(self) -> None:
        settings = self._settings
        self._eyes = load(list(settings.data), settings.held_out, part=settings.part)
        odds = _ODDS[self._eyes["kind"]]
        self._odds = np.cumsum(odds / odds.sum())

    def _draw(self, rng: np.random.Generator) -> Batch:
        size = self._size
        picture, labels = tensors(self._samples(rng, size))
        height, width = picture.shape[2:]
        slope = torch.from_numpy(rng.normal(0, RAMP, (2, size, 1, 1, 1))).float()
        ramp = torch.linspace(-1, 1, width)[None, None, None] * slope[0]
        ramp = ramp + torch.linspace(-1, 1, height)[None, None, :, None] * slope[1]
        return {"images": normalise(0.5 + picture + ramp), **labels}

    def _samples(self, rng: np.random.Generator, size: int) -> Arrays:
        """Return new samples; once the pool is full, half of them come from it."""
        fresh = size // 2 if self._pooled >= POOL else size
        index = np.searchsorted(self._odds, rng.random(fresh)).clip(0, len(self._odds) - 1)
        new = sample(self._eyes, index, rng)
        found = new
        if fresh < size:
            again = rng.integers(0, POOL, size - fresh)
            found = {name: np.concatenate([new[name], self._pool[name][again]]) for name in new}
        slots = (self._pooled + np.arange(fresh)) % POOL
        for name, values in new.items():
            if name not in self._pool:
                self._pool[name] = np.repeat(values[:1], POOL, 0)
            self._pool[name][slots] = values
        self._pooled += fresh
        return found

    def facts(self) -> dict[str, Any]:
        """Return the number of eyes that the batches are sampled from."""
        return {"eyes": len(self._odds)}


def make_loop(settings: Settings) -> Loop:
    """Return a training that is ready to start, or to resume from its checkpoint.

    Runs whose checkpoints are in one folder average their weights: see `models.training.meeting`.
    """
    return make_patch_loop(
        ARCHITECTURE, EyeNet, Eyes(settings), loss, settings, Meeting(settings.out)
    )
