"""Train the eye model on drawn eyes: `python -m models.eyes train --data FOLDER… --out FILE`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.eyes.data import Arrays, load, sample
from models.eyes.loss import loss
from models.eyes.network import EyeNet
from models.training import checkpoint
from models.training.learner import Learner
from models.training.loop import Batch, Loop
from models.training.meeting import Meeting
from models.training.optimiser import between_features
from models.training.schedule import Schedule

ARCHITECTURE = "eyes-21"
POOL = 4096
"""Samples that half of each batch is drawn from again: a second look at a sample costs no drawing.
"""
RELOAD_S = 240.0
"""How often new files of a rendering that still goes on are taken in."""
HELD_OUT = 2
"""Files at the beginning of each folder that are not trained on."""
RAMP = 0.15
_ODDS = np.array([1.0, 1.3, 1.8])
"""How often eyes of each kind are shown: neither, shut, down."""


def normalise(picture: torch.Tensor) -> torch.Tensor:
    """Return patches with mean 0 and deviation 0.4, clipped to ±1; what the runtime does too.

    Args:
        picture: (n, 1, HEIGHT, WIDTH), 0 to 1.
    """
    mean, deviation = (
        picture.mean((2, 3), keepdim=True),
        picture.std((2, 3), keepdim=True, correction=0),
    )
    return (0.4 * (picture - mean) / (deviation + 0.01)).clamp(-1, 1)


def tensors(batch: Arrays) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the network's input (n, 1, HEIGHT, WIDTH) and the labels of a batch of `sample`."""
    picture = torch.from_numpy(batch["patch"])[:, None].float() / 255
    labels = {name: torch.from_numpy(batch[name]) for name in batch if name != "patch"}
    return normalise(picture), labels


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of one training.

    Attributes:
        data: folders of `models.eyes render`.
        out: the checkpoint; the log lies beside it.
        minutes: of training, when to end.
        samples: when to end, if that is earlier.
        batch: eyes at once.
        seed: of weights, order and augmentation.
        threads: of torch.
        initial: weights to begin with.
        rate: of learning, at its highest.
        held_out: files at the beginning of each folder that are not trained on.
        part: which of how many parts of the files this run sees.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float
    samples: int = 100_000_000
    batch: int = 96
    seed: int = 1
    threads: int = 1
    initial: Path | None = None
    rate: float = 3e-3
    held_out: int = HELD_OUT
    part: tuple[int, int] = (0, 1)


class Eyes:
    """Batches from all files that there are by then.

    In the process that trains: on a busy machine a thread or process of its own would wait for the
    scheduler at every turn.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._drawn = settings, 0
        self._loaded = -np.inf
        self._eyes: Arrays = {}
        self._odds = np.empty(0)
        self._pool: Arrays = {}
        self._pooled = 0

    def batches(self) -> Iterator[Batch]:
        """Return batches without end."""
        rng = np.random.default_rng(self._settings.seed + self._drawn)
        while True:
            if time.monotonic() - self._loaded > RELOAD_S:
                self._load()
            self._drawn += self._settings.batch
            yield self._draw(rng)

    def _load(self) -> None:
        settings = self._settings
        self._eyes = load(list(settings.data), settings.held_out, part=settings.part)
        odds = _ODDS[self._eyes["kind"]]
        self._odds, self._loaded = np.cumsum(odds / odds.sum()), time.monotonic()

    def _draw(self, rng: np.random.Generator) -> Batch:
        size = self._settings.batch
        picture, labels = tensors(self._samples(rng, size))
        height, width = picture.shape[2:]
        slope = torch.from_numpy(rng.normal(0, RAMP, (2, size, 1, 1, 1))).float()
        ramp = torch.linspace(-1, 1, width)[None, None, None] * slope[0]
        ramp = ramp + torch.linspace(-1, 1, height)[None, None, :, None] * slope[1]
        return {"images": normalise(0.5 + picture + ramp), **labels}

    def _samples(self, rng: np.random.Generator, size: int) -> Arrays:
        """Return new samples, or half of them from the pool once that is full."""
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
        """Return how many eyes batches are drawn from."""
        return {"eyes": len(self._odds)}

    def state_dict(self) -> dict[str, Any]:
        """Return how many eyes were drawn."""
        return {"drawn": self._drawn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._drawn = state["drawn"]


def patch_loss(forward: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a batch and its terms."""
    images = batch["images"]
    with torch.autocast(images.device.type, torch.bfloat16):  # half as fast again on a processor
        found = forward(images)
    parts = loss(found.float(), batch)
    return parts["loss"], {name: value.detach() for name, value in parts.items()}


def make_loop(settings: Settings) -> Loop:
    """Return a training that is ready to begin, or to go on from its checkpoint.

    Runs whose checkpoints lie in one folder meet: see `models.training.meeting`.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    network = EyeNet()
    if settings.initial is not None:
        network.load_state_dict(checkpoint.weights(settings.initial))
    network.train()
    learner = Learner(
        ARCHITECTURE,
        network,
        settings.out,
        matrices=between_features(network),
        weight_decay=1e-4,
        clip=20.0,
    )
    schedule = Schedule(
        rate=settings.rate, samples=settings.samples, minutes=settings.minutes, final=0.0
    )
    return Loop(
        [learner],
        Eyes(settings),
        patch_loss,
        schedule,
        log=settings.out.with_suffix(".jsonl"),
        meeting=Meeting(settings.out),
    )
