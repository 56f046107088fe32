"""The training loop: resumes by itself, finds new shards, runs on a CPU, a GPU or several."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.train import checkpoint
from models.train.architectures import build
from models.train.config import TrainingConfig
from models.train.data import Batch, Samples, batches
from models.train.loss import LandmarkLoss, restlessness
from models.train.network import LandmarkNet, round_as_int8, trained_outputs
from models.train.optimiser import Optimiser
from models.train.shards import count_rows, list_shards


class Learner(nn.Module):
    """A network as it computes in training, so that several processes can share its gradients."""

    def __init__(self, network: LandmarkNet, levels: int) -> None:
        super().__init__()
        self.network, self.levels = network, levels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """See `trained_outputs`."""
        return trained_outputs(self.network, images, torch.bfloat16, self.levels)


class Trainer:
    """One run of training in one process; under torchrun there is one a GPU."""

    def __init__(self, config: TrainingConfig) -> None:
        self.config = config
        self.rank, self.world = (
            int(os.environ.get("RANK", "0")),
            int(os.environ.get("WORLD_SIZE", "1")),
        )
        self.device = self._device()
        if config.threads:
            torch.set_num_threads(config.threads)
        checkpoint.seed_everything(config.seed)
        self.network = build(config.architecture)
        if config.initial:
            self.network.load_state_dict(checkpoint.weights(config.initial))
        self.network = self.network.to(self.device, memory_format=torch.channels_last)
        self.average = checkpoint.Average(self.network, config.average)
        self.loss = LandmarkLoss(config.weights, config.jitter.side).to(self.device)
        self.optimiser = Optimiser(self.network, config.weight_decay)
        self.step = self.samples = self.epoch = self.position = 0
        self.seconds = 0.0
        self.stopping = False
        self.shards: list[str] = []
        self.sums: dict[str, float] = {}
        config.out.mkdir(parents=True, exist_ok=True)
        self.path = config.out / "last.pt"
        if self.path.exists():
            self._restore(checkpoint.load(self.path))
        round_as_int8(self.network, config.levels)
        for part in self.network.parts()[: config.frozen]:
            part.requires_grad_(requires_grad=False)
        self.forward: nn.Module = Learner(self.network, config.levels)
        if self.world > 1:
            self.forward = nn.parallel.DistributedDataParallel(self.forward)

    def _device(self) -> torch.device:
        device = torch.device("cpu")
        if torch.cuda.is_available():
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(device)
        if self.world > 1 and not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return device

    @property
    def progress(self) -> float:
        """How much of the schedule is over, 0 to 1."""
        budget = self.config.budget_minutes
        return self.seconds / (budget * 60) if budget else self.samples / self.config.samples

    def run(self) -> None:
        """Train until the schedule ends, with a checkpoint every few minutes and at the end.

        SIGTERM ends a run early, with a checkpoint.
        """
        signal.signal(signal.SIGTERM, self._stop)
        self._log(
            {
                "event": "start",
                "config": self.config.as_json(),
                "step": self.step,
                "world": self.world,
            }
        )
        saved = time.monotonic()
        while self.progress < 1 and not self.stopping:
            data = self._begin_pass()
            numbers = list(
                range(self.position + self.rank, len(data) - len(data) % self.world, self.world)
            )
            before = time.monotonic()
            for batch in batches(data, numbers, self.config.workers):
                self._train(batch)
                self.position += self.world
                now = time.monotonic()
                self.seconds += self._agree(now - before)
                before = now
                if self._agree(now - saved) > self.config.checkpoint_minutes * 60:
                    self.save()
                    saved = now
                if self.progress >= 1 or self._agree(self.stopping):
                    break
            else:
                self.epoch, self.position, self.shards = self.epoch + 1, 0, []
        self.save()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _agree(self, value: float) -> float:
        """The first process's value, so that all of them stop and save together."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(shared, 0)
        return float(shared)

    def _begin_pass(self) -> Samples:
        """Choose this pass's shards, or take up those of the pass that was interrupted."""
        config = self.config
        if not self.shards:
            there = list_shards(list(config.data))
            if not there:
                raise FileNotFoundError(
                    f"no shard-*.npz in {', '.join(map(str, config.data))}: render some first"
                )
            generator = torch.Generator().manual_seed(config.seed * 7919 + self.epoch)
            chosen = torch.randperm(len(there), generator=generator)[: config.pass_shards]
            self.shards = [str(there[i]) for i in sorted(chosen.tolist())]
            self.shards = self._same_everywhere(self.shards)
        paths = [Path(shard) for shard in self.shards]
        rows = [count_rows(path) for path in paths]
        shake = config.shake if config.calm else None
        return Samples(paths, rows, config.seed, self.epoch, config.batch, config.jitter, shake)

    def _same_everywhere(self, value: list[str]) -> list[str]:
        if self.world == 1:
            return value
        shared = [value]
        torch.distributed.broadcast_object_list(shared, 0)
        return shared[0]

    def _train(self, batch: Batch) -> None:
        rate = self.config.rate(self.step, self.progress)
        self._thaw()
        batch = {name: value.to(self.device, non_blocking=True) for name, value in batch.items()}
        images = (batch["images"].permute(0, 3, 1, 2).float() - 128) / 127.5
        outputs = self.forward(images.contiguous(memory_format=torch.channels_last))
        total, terms = self.loss(outputs, batch)
        if self.config.calm:
            calm = restlessness(outputs, batch, self.loss.per_point, self.loss.side)
            total, terms = total + self.config.calm * calm, {**terms, "calm": calm.detach()}
        self.network.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        if torch.isfinite(norm):
            self.optimiser.step(rate)
        self.average.update(self.network)
        self.step += 1
        self.samples += len(images) * self.world
        self._note({**terms, "loss": float(total.detach()), "gradient": float(norm)}, rate)

    def _thaw(self) -> None:
        """Set all but the frozen parts to training; frozen batch statistics stay unchanged."""
        self.network.train()
        for part in self.network.parts()[: self.config.frozen]:
            part.eval()

    def _note(self, terms: dict[str, float | Tensor], rate: float) -> None:
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)
        if self.step % self.config.log_steps == 0:
            means = {
                name: round(value / self.config.log_steps, 4) for name, value in self.sums.items()
            }
            state = {"step": self.step, "samples": self.samples, "seconds": round(self.seconds, 1)}
            self._log(
                {**state, "pass": self.epoch, "shards": len(self.shards), "rate": rate, **means}
            )
            self.sums = {}

    def _log(self, line: dict[str, Any]) -> None:
        if self.rank == 0:
            with (self.config.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Write `last.pt`, which holds all that `_restore` needs and what the export reads."""
        if self.rank:
            return
        checkpoint.save(
            self.path,
            {
                "architecture": self.config.architecture,
                "model": self.network.state_dict(),
                "ema": self.average.state,
                "average_updates": self.average.updates,
                "optimiser": self.optimiser.state_dict(),
                "random": checkpoint.random_state(),
                "step": self.step,
                "samples": self.samples,
                "seconds": self.seconds,
                "epoch": self.epoch,
                "position": self.position,
                "shards": self.shards,
                "sums": self.sums,
            },
        )

    def _restore(self, stored: dict[str, Any]) -> None:
        self.network.load_state_dict(stored["model"])
        self.average.state = {name: value.to(self.device) for name, value in stored["ema"].items()}
        self.average.updates = stored["average_updates"]
        self.optimiser.load_state_dict(stored["optimiser"])
        torch.set_rng_state(stored["random"]["torch"])
        for name in ("step", "samples", "seconds", "epoch", "position", "shards", "sums"):
            setattr(self, name, stored[name])
