"""Trains several networks on the same batches of one device, as fast as it can, for a given time.

For a machine with a GPU that is there for minutes only: crops are rendered beside it, decoded once
into its memory, and cut and disturbed there. Each batch holds two views of every crop, whose points
are also compared with one another, and weights and activations are rounded as int8 will round them.

    python -m models.train fleet --data runs/synth/train --out runs/train/fleet --minutes 8 \
        --networks landmarks-562=models/train/landmarks-562.pt landmarks-562-large
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.train import checkpoint
from models.train.architectures import build
from models.train.config import CommonConfig
from models.train.loss import LandmarkLoss, restlessness
from models.train.network import round_as_int8, trained_outputs
from models.train.pool import Pool
from models.train.views import Views


@dataclass(frozen=True, kw_only=True)
class FleetConfig(CommonConfig):
    """What a run of several networks does; its folders may still be growing.

    Attributes:
        networks: Architectures, each with the weights to begin with or None.
        minutes: Length of the schedule.
        crops: In a batch; each gives two views.
        capacity: Most crops that are held.
        warm: Share of the schedule in which the rate rises.
        least: Crops to wait for before the first step.
    """

    networks: dict[str, Path | None]
    minutes: float
    crops: int = 512
    capacity: int = 400_000
    learning_rate: float = 3e-3
    final_rate: float = 0.003
    warm: float = 0.03
    clip: float = 100.0
    average: float = 0.999
    calm: float = 4.0
    levels: int = 255
    least: int = 2000
    checkpoint_minutes: float = 1.0
    log_steps: int = 20

    def rate(self, progress: float) -> float:
        """Learning rate at this share of the schedule."""
        return self.annealed(progress / self.warm, progress)


class Member:
    """One network with its optimiser."""

    def __init__(
        self, name: str, initial: Path | None, config: FleetConfig, device: torch.device
    ) -> None:
        self.name, self.config = name, config
        self.network = build(name)
        if initial:
            self.network.load_state_dict(checkpoint.weights(initial))
        self.network = self.network.to(device, memory_format=torch.channels_last).train()
        round_as_int8(self.network, config.levels)
        self.average = checkpoint.Average(self.network, config.average)
        self.optimiser = torch.optim.AdamW(
            checkpoint.groups(self.network.parameters(), config.weight_decay), fused=True
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
        self.kind = torch.float16 if device.type == "cuda" else torch.bfloat16

    def train(self, batch: dict[str, Tensor], loss: LandmarkLoss, rate: float) -> dict[str, Tensor]:
        """One step."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        outputs = trained_outputs(self.network, batch["images"], self.kind, self.config.levels)
        total, terms = loss(outputs, batch)
        calm = restlessness(outputs, batch, loss.per_point, loss.side)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(total + self.config.calm * calm).backward()
        self.scaler.unscale_(self.optimiser)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.average.update(self.network)
        return {**terms, "calm": calm.detach(), "loss": total.detach()}

    def save(self, folder: Path, progress: dict[str, Any]) -> None:
        """Write what the export reads, and what another run may begin with."""
        state = {name: value.cpu() for name, value in self.average.state.items()}
        checkpoint.save(
            folder / f"{self.name}.pt", {"architecture": self.name, "ema": state, **progress}
        )


def run(config: FleetConfig) -> None:
    """Train until the time is over; every minute, and at the end, the averaged weights are written.

    Raises:
        KeyError: There is no such architecture.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    checkpoint.seed_everything(config.seed)
    config.out.mkdir(parents=True, exist_ok=True)
    members = [Member(name, initial, config, device) for name, initial in config.networks.items()]
    views = Views(config.jitter, config.shake, device, config.seed)
    loss = LandmarkLoss(config.weights, config.jitter.side).to(device)
    pool = Pool(list(config.data), config.capacity, device)
    while pool.count < config.least:
        pool.refresh(wait=True)

    def save() -> None:
        for member in members:
            member.save(config.out, {"step": step, "samples": step * config.crops * 2})

    begun, saved_at, step = time.monotonic(), 0.0, 0
    sums = {member.name: dict[str, Tensor]() for member in members}
    while (seconds := time.monotonic() - begun) < config.minutes * 60:
        rate = config.rate(seconds / (config.minutes * 60))
        batch = views.make(**pool.draw(config.crops, views.generator))
        for member in members:
            for name, value in member.train(batch, loss, rate).items():
                sums[member.name][name] = sums[member.name].get(name, 0.0) + value
        step += 1
        if step % config.log_steps == 0:
            pool.refresh()
            line: dict[str, Any] = {
                "step": step,
                "seconds": round(seconds, 1),
                "pool": pool.count,
                "rate": rate,
            }
            for name, terms in sums.items():
                line[name] = {
                    key: round(float(value) / config.log_steps, 4) for key, value in terms.items()
                }
                terms.clear()
            with (config.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
        if seconds - saved_at > config.checkpoint_minutes * 60:
            save()
            saved_at = seconds
    save()
    pool.close()
