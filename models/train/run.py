"""Training of one landmark network on shards; new ones may still appear."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.train.architectures import build
from models.train.config import TrainingConfig
from models.train.data import Samples, batches
from models.train.loss import LandmarkLoss, restlessness
from models.train.network import LandmarkNet, round_as_int8, trained_outputs
from models.train.shards import count_rows, list_shards
from models.training import checkpoint
from models.training.learner import Learner
from models.training.loop import Batch, Loop
from models.training.optimiser import between_features
from models.training.processes import Processes


class Forward(nn.Module):
    """A network in training as a module, so that several processes can share its gradients."""

    def __init__(self, network: LandmarkNet, levels: int) -> None:
        super().__init__()
        self.network, self.levels = network, levels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """See `trained_outputs`."""
        return trained_outputs(self.network, images, self.levels)


class Passes:
    """Batches from the shards, pass by pass; each pass lists the shards again.

    Batches depend only on the seed, the pass and the place in it, so a stopped run resumes exactly.
    """

    def __init__(self, config: TrainingConfig, processes: Processes) -> None:
        self._config, self._processes = config, processes
        self.epoch = self.position = 0
        self.shards: list[str] = []

    def batches(self) -> Iterator[Batch]:
        """Return this process's batches without end.

        Raises:
            FileNotFoundError: There is no shard in the folders.
        """
        rank, world = self._processes.rank, self._processes.world
        while True:
            data = self.begin_pass()
            numbers = range(self.position + rank, len(data) - len(data) % world, world)
            for batch in batches(data, list(numbers), self._config.workers):
                self.position += world
                yield batch
            self.epoch, self.position, self.shards = self.epoch + 1, 0, []

    def begin_pass(self) -> Samples:
        """Choose this pass's shards, or use those of the interrupted pass."""
        config = self._config
        if not self.shards:
            there = list_shards(list(config.data))
            if not there:
                raise FileNotFoundError(
                    f"no shard-*.npz in {', '.join(map(str, config.data))}: render some first"
                )
            generator = torch.Generator().manual_seed(config.seed * 7919 + self.epoch)
            chosen = torch.randperm(len(there), generator=generator)[: config.pass_shards]
            shards = [str(there[i]) for i in sorted(chosen.tolist())]
            self.shards = self._processes.agree_on_names(shards)
        paths = [Path(shard) for shard in self.shards]
        rows = [count_rows(path) for path in paths]
        shake = config.shake if config.calm else None
        return Samples(
            paths,
            rows,
            config.seed,
            self.epoch,
            config.batch,
            config.jitter,
            shake,
            config.disturbed,
        )

    def facts(self) -> dict[str, Any]:
        """Return the number of the pass and of its shards."""
        return {"pass": self.epoch, "shards": len(self.shards)}

    def state_dict(self) -> dict[str, Any]:
        """Return the place in the pass."""
        return {"epoch": self.epoch, "position": self.position, "shards": self.shards}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state that `state_dict` returned."""
        self.epoch, self.position = state["epoch"], state["position"]
        self.shards = list(state["shards"])


def make_loop(config: TrainingConfig) -> Loop:
    """Return a run that is ready to start, or to resume from its checkpoint `last.pt`."""
    if config.threads:
        torch.set_num_threads(config.threads)
    processes = Processes()
    checkpoint.seed_everything(config.seed)
    network = build(config.architecture)
    if config.initial:
        network.load_state_dict(checkpoint.weights(config.initial))
    processes.place_network(network)
    round_as_int8(network, config.levels)
    network.train()
    for part in network.parts()[: config.frozen]:
        # Evaluation mode also freezes its batch statistics.
        part.requires_grad_(requires_grad=False).eval()
    points = LandmarkLoss(config.weights, config.jitter.side).to(processes.device)

    def loss(forward: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        images = (batch["images"].permute(0, 3, 1, 2).float() - 128) / 127.5
        outputs = forward(images.contiguous(memory_format=torch.channels_last))
        total, terms = points(outputs, batch)
        if not config.calm:
            return total, terms
        calm = restlessness(outputs, batch, points.per_point, points.side)
        return total + config.calm * calm, {**terms, "calm": calm.detach()}

    learner = Learner(
        config.architecture,
        network,
        config.out / "last.pt",
        forward=processes.share(Forward(network, config.levels)),
        matrices=between_features(network),
        weight_decay=config.weight_decay,
        clip=config.clip,
        decay=config.average,
    )
    return Loop(
        [learner],
        Passes(config, processes),
        loss,
        config.schedule,
        log=config.out / "log.jsonl",
        processes=processes,
        checkpoint_minutes=config.checkpoint_minutes,
        log_steps=config.log_steps,
        about={"config": config.as_json(), "world": processes.world},
    )
