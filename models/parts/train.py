"""Train a part's model: `python -m models.parts train mouth --data FOLDER… --out FILE`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from landmarkd.vision.parts import PARTS
from torch import Tensor, nn

from models.parts.data import Arrays, load, normalise, sample
from models.parts.loss import loss
from models.parts.network import PartNet
from models.training import checkpoint
from models.training.learner import Learner
from models.training.loop import Batch, Loop
from models.training.optimiser import between_features
from models.training.schedule import Schedule

RELOAD_S = 300.0
"""How often new files of a rendering that still goes on are taken in."""
HELD_OUT = 1
"""Files at the beginning of each folder that are not trained on."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of one training.

    Attributes:
        name: of the part.
        data: folders of `models.synth write --near`.
        out: the checkpoint; the log lies beside it.
        minutes: of training, when to end.
        batch: patches at once.
        seed: of weights, order and augmentation.
        threads: of torch.
        initial: weights to begin with.
        rate: of learning, at its highest.
    """

    name: str
    data: tuple[Path, ...]
    out: Path
    minutes: float
    batch: int = 64
    seed: int = 1
    threads: int = 1
    initial: Path | None = None
    rate: float = 4e-3


class Patches:
    """Batches from all files that there are by then, in the process that trains."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._part, self._drawn = settings, PARTS[settings.name], 0
        self._loaded, self._count = -np.inf, 0
        self._files: set[tuple[Path, Path]] = set()
        self._stored: Arrays = {}

    def batches(self) -> Iterator[Batch]:
        """Return batches without end."""
        rng = np.random.default_rng(self._settings.seed + self._drawn)
        while True:
            if time.monotonic() - self._loaded > RELOAD_S:
                self._load()
            self._drawn += self._settings.batch
            index = np.searchsorted(self._odds, rng.random(self._settings.batch))
            drawn = sample(self._stored, index.clip(0, self._count - 1), rng, self._part)
            batch = {k: torch.from_numpy(drawn[k]) for k in ("points", "seen", "yaw")}
            yield {
                "images": flipped(batch, normalise(drawn["patch"]), self._settings.name, rng)
            } | batch

    def _load(self) -> None:
        folders = list(self._settings.data)
        self._stored = load(folders, self._part, HELD_OUT)
        self._count = len(self._stored["yaw"])
        odds = 0.06 + self._stored["seen"].mean(1)
        self._odds, self._loaded = np.cumsum(odds / odds.sum()), time.monotonic()

    def facts(self) -> dict[str, Any]:
        """Return how many patches batches are drawn from."""
        return {"patches": self._count}

    def state_dict(self) -> dict[str, Any]:
        """Return how many patches were drawn."""
        return {"drawn": self._drawn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._drawn = state["drawn"]


MIRRORED = torch.tensor([6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 16, 15, 14, 13, 12, 19, 18, 17])
"""Where the points of the mouth are in its mirror image."""


def flipped(batch: Batch, images: Tensor, name: str, rng: np.random.Generator) -> Tensor:
    """Mirror half of the mouths of a batch, its labels in place; brows have one side only."""
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
    """Return a training that is ready to begin, or to go on from its checkpoint."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    part = PARTS[settings.name]
    network = PartNet(settings.name)
    if settings.initial is not None:
        network.load_state_dict(checkpoint.weights(settings.initial))
    network.train()

    def patch_loss(forward: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        images = batch["images"]
        with torch.autocast(images.device.type, torch.bfloat16):
            found = forward(images)
        parts = loss(found.float(), batch, settings.name, part)
        return parts["loss"], {name: value.detach() for name, value in parts.items()}

    learner = Learner(
        settings.name,
        network,
        settings.out,
        matrices=between_features(network),
        weight_decay=1e-4,
        clip=20.0,
    )
    schedule = Schedule(rate=settings.rate, minutes=settings.minutes, final=0.0)
    log = settings.out.with_suffix(".jsonl")
    return Loop([learner], Patches(settings), patch_loss, schedule, log=log)
