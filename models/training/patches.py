"""Trainings on patches in memory: the eyes' and those of the parts of a face."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.training import checkpoint
from models.training.learner import Learner
from models.training.loop import Batch, Loop
from models.training.meeting import Meeting
from models.training.optimiser import between_features
from models.training.precision import half_precision
from models.training.schedule import Schedule

RELOAD_S = 240.0
"""How often new files of a running rendering are read."""


def normalise(picture: Tensor) -> Tensor:
    """Return patches with mean 0 and deviation 0.4, clipped to ±1; what the runtime does too.

    One mean and deviation for all colours of a patch.

    Args:
        picture: (n, channels, height, width), 0 to 1.
    """
    mean = picture.mean((1, 2, 3), keepdim=True)
    deviation = picture.std((1, 2, 3), keepdim=True, correction=0)
    return (0.4 * (picture - mean) / (deviation + 0.01)).clamp(-1, 1)


@dataclass(frozen=True, kw_only=True)
class PatchSettings:
    """Of one training.

    Attributes:
        data: folders of drawn pictures.
        out: the checkpoint; the log lies beside it.
        minutes: of training, when to end.
        samples: when to end, if that is earlier.
        batch: patches at once.
        seed: of weights, order and augmentation.
        threads: of torch.
        initial: weights to begin with.
        rate: of learning, at its highest.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float
    samples: int = 100_000_000
    batch: int = 64
    seed: int = 1
    threads: int = 1
    initial: Path | None = None
    rate: float = 4e-3


class PatchFeed(ABC):
    """Batches from all files that exist by then.

    They are made in the process that trains: on a busy machine a separate thread or process would
        wait for the scheduler each time.
    """

    def __init__(self, batch: int, seed: int) -> None:
        self._size, self._seed, self._drawn = batch, seed, 0
        self._loaded = -np.inf

    def batches(self) -> Iterator[Batch]:
        """Return batches without end."""
        rng = np.random.default_rng(self._seed + self._drawn)
        while True:
            if time.monotonic() - self._loaded > RELOAD_S:
                self._load()
                self._loaded = time.monotonic()
            self._drawn += self._size
            yield self._draw(rng)

    @abstractmethod
    def _load(self) -> None:
        """Read the files."""

    @abstractmethod
    def _draw(self, rng: np.random.Generator) -> Batch:
        """Return a batch."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return how many patches batches are drawn from."""

    def state_dict(self) -> dict[str, Any]:
        """Return how many patches were drawn."""
        return {"drawn": self._drawn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state that `state_dict` returned."""
        self._drawn = state["drawn"]


def make_patch_loop(
    name: str,
    build: Callable[[], nn.Module],
    feed: PatchFeed,
    loss: Callable[[Tensor, Batch], dict[str, Tensor]],
    settings: PatchSettings,
    meeting: Meeting | None = None,
) -> Loop:
    """Return a training that is ready to start, or to resume from its checkpoint.

    Args:
        name: of the architecture.
        build: makes the network.
        feed: of batches.
        loss: from outputs and a batch to the terms, "loss" among them.
        settings: of the training.
        meeting: with other runs, or None.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    network = build()
    if settings.initial is not None:
        network.load_state_dict(checkpoint.weights(settings.initial))
    network.train()

    def of_batch(forward: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        images = batch["images"]
        with half_precision(images.device):
            found = forward(images)
        parts = loss(found.float(), batch)
        return parts["loss"], {term: value.detach() for term, value in parts.items()}

    learner = Learner(
        name,
        network,
        settings.out,
        matrices=between_features(network),
        weight_decay=1e-4,
        clip=20.0,
    )
    schedule = Schedule(
        rate=settings.rate, samples=settings.samples, minutes=settings.minutes, final=0.0
    )
    log = settings.out.with_suffix(".jsonl")
    return Loop([learner], feed, of_batch, schedule, log=log, meeting=meeting)
