"""Trains several networks on the same batches of one device, as fast as it can, for a given time.

For a machine with a GPU that is available for minutes only: crops are rendered beside it, decoded
once into its memory, and cut and augmented there. Each batch holds two views of every crop, whose
points are also compared with one another, and weights and activations are rounded as int8 will
round them.

    python -m models.train fleet --data runs/synth/train --out runs/train/fleet --minutes 8 \
        --networks landmarks-562=models/train/landmarks-562.pt landmarks-562-large
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.train.architectures import build
from models.train.config import CommonConfig
from models.train.loss import LandmarkLoss, restlessness
from models.train.network import round_as_int8
from models.train.pool import Pool
from models.train.run import Forward
from models.train.views import Views
from models.training import checkpoint
from models.training.learner import Learner
from models.training.loop import Batch, Loop
from models.training.optimiser import between_features
from models.training.processes import Processes
from models.training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class FleetConfig(CommonConfig):
    """What a run of several networks does; its folders may still be growing.

    Attributes:
        networks: Architectures, each with the weights to begin with or None.
        minutes: Length of the schedule.
        crops: In a batch; each gives two views.
        capacity: Maximum number of crops in memory.
        least: Number of crops to wait for before the first step.
    """

    networks: dict[str, Path | None]
    minutes: float
    crops: int = 512
    capacity: int = 400_000
    learning_rate: float = 3e-3
    final_rate: float = 0.003
    clip: float = 100.0
    average: float = 0.999
    calm: float = 4.0
    levels: int = 255
    least: int = 2000
    checkpoint_minutes: float = 1.0
    log_steps: int = 20

    @property
    def schedule(self) -> Schedule:
        """Of the learning rate."""
        return Schedule(rate=self.learning_rate, minutes=self.minutes, final=self.final_rate)


class Draws:
    """Batches of two views of crops in the device's memory."""

    def __init__(self, config: FleetConfig, device: torch.device) -> None:
        self._config, self._device, self._crops, self._starts = config, device, 0, 0

    def batches(self) -> Iterator[Batch]:
        """Return batches without end, once enough crops are there."""
        config = self._config
        self._starts += 1
        views = Views(config.jitter, config.shake, self._device, config.seed + self._starts - 1)
        pool = Pool(list(config.data), config.capacity, self._device)
        try:
            while pool.count < config.least:
                pool.refresh(wait=True)
            while True:
                pool.refresh()
                self._crops = pool.count
                yield views.make(**pool.draw(config.crops, views.generator))
        finally:
            pool.close()

    def facts(self) -> dict[str, Any]:
        """Return how many crops are in memory."""
        return {"pool": self._crops}

    def state_dict(self) -> dict[str, Any]:
        """Return the number of starts: each start draws different crops."""
        return {"starts": self._starts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state that `state_dict` returned."""
        self._starts = state["starts"]


def make_loop(config: FleetConfig) -> Loop:
    """Return a run that is ready to start, or to resume; it writes `NAME.pt` of each network.

    Raises:
        KeyError: There is no such architecture.
    """
    processes = Processes()
    checkpoint.seed_everything(config.seed)
    points = LandmarkLoss(config.weights, config.jitter.side).to(processes.device)

    def loss(forward: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        outputs = forward(batch["images"])
        total, terms = points(outputs, batch)
        calm = restlessness(outputs, batch, points.per_point, points.side)
        return total + config.calm * calm, {**terms, "calm": calm.detach()}

    def learner(name: str, initial: Path | None) -> Learner:
        network = build(name)
        if initial:
            network.load_state_dict(checkpoint.weights(initial))
        processes.place_network(network)
        round_as_int8(network, config.levels)
        return Learner(
            name,
            network,
            config.out / f"{name}.pt",
            forward=Forward(network, config.levels),
            matrices=between_features(network),
            weight_decay=config.weight_decay,
            clip=config.clip,
            decay=config.average,
        )

    return Loop(
        [learner(name, initial) for name, initial in config.networks.items()],
        Draws(config, processes.device),
        loss,
        config.schedule,
        log=config.out / "log.jsonl",
        processes=processes,
        checkpoint_minutes=config.checkpoint_minutes,
        log_steps=config.log_steps,
    )
