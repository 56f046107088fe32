"""Trains the detector on scenes composed while it trains; the same command again goes on where it stopped."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from models.detector.network import DetectorNet
from models.detector.scenes import MOST_FACES, Composer, Cuttings, Scene
from models.detector.targets import assign, losses

WEIGHTS = {"score": 1.0, "box": 1.5, "marks": 0.5}
EMA_SAMPLES = 12_000
"""The averaged weights remember about so many samples."""

WARM_UP = 4_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one training.

    Attributes:
        data: folders of shards of rendered crops.
        out: folder of the checkpoint and the log.
        samples: scenes to see in all.
        minutes: end the schedule after so much time even if fewer were seen; the time of all starts counts.
        batch: scenes at once.
        rate: highest learning rate.
        workers: processes that compose scenes.
        threads: of torch.
        seed: of weights and scenes.
        checkpoint_s: seconds between checkpoints.
        initial: checkpoint or bare weights to begin a new training with.
    """

    data: tuple[Path, ...]
    out: Path
    samples: int = 300_000
    minutes: float = math.inf
    batch: int = 32
    rate: float = 3e-3
    workers: int = 1
    threads: int = 1
    seed: int = 1
    checkpoint_s: float = 90.0
    initial: Path | None = None


class SceneStream(IterableDataset[tuple[Tensor, ...]]):
    """Scenes without end, other ones for each start and each worker."""

    def __init__(self, folders: tuple[Path, ...], seed: int, start: int) -> None:
        self._folders, self._seed, self._start = folders, seed, start

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        info = get_worker_info()
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self._seed, self._start, info.id if info else 0])
        while True:
            # Shards that appeared meanwhile join in.
            composer = Composer(Cuttings(self._folders))
            for _, scene in zip(range(20_000), composer.scenes(rng), strict=False):
                yield tensors(scene)


def tensors(scene: Scene) -> tuple[Tensor, ...]:
    """Return image (3, 160, 160) uint8, faces (most, 8), valid (most,) and ignored (most,) of a scene."""
    faces, valid, ignored = (
        np.zeros((MOST_FACES, 8), np.float32),
        np.zeros(MOST_FACES, bool),
        np.zeros(MOST_FACES, bool),
    )
    count = len(scene.faces)
    faces[:count], valid[:count], ignored[:count] = scene.faces, True, scene.ignored
    image = torch.from_numpy(scene.image).permute(2, 0, 1)
    return image, torch.from_numpy(faces), torch.from_numpy(valid), torch.from_numpy(ignored)


class Trainer:
    """One training with everything that has to survive an interruption."""

    def __init__(self, settings: Settings) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.network = DetectorNet().to(memory_format=torch.channels_last)
        if settings.initial is not None:
            self.network.load_state_dict(load(settings.initial).state_dict())
        self.average = DetectorNet()
        self.average.load_state_dict(self.network.state_dict())
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}], lr=settings.rate
        )
        self.seen, self.spent_s, self.starts = 0, 0.0, 0
        self.path = settings.out / "checkpoint.pt"
        if self.path.is_file():
            self._resume()
        self.starts += 1

    @property
    def progress(self) -> float:
        """Share of the schedule that is over, 0 to 1."""
        return min(1.0, max(self.seen / self.settings.samples, self.spent_s / 60 / self.settings.minutes))

    def run(self) -> None:
        """Train to the end of the schedule."""
        settings = self.settings
        settings.out.mkdir(parents=True, exist_ok=True)
        stream = SceneStream(settings.data, settings.seed, self.starts)
        loader = DataLoader(stream, settings.batch, num_workers=settings.workers, prefetch_factor=4)
        began = saved = time.monotonic()
        before, sums, steps = self.spent_s, dict.fromkeys(WEIGHTS, 0.0), 0
        for batch in loader:
            for name, value in self.step(*batch).items():
                sums[name] += value
            steps += 1
            now = time.monotonic()
            self.spent_s = before + now - began
            if now - saved > settings.checkpoint_s or self.progress >= 1:
                self._log({name: value / steps for name, value in sums.items()})
                self.save()
                saved, sums, steps = now, dict.fromkeys(WEIGHTS, 0.0), 0
            if self.progress >= 1:
                break

    def step(self, images: Tensor, faces: Tensor, valid: Tensor, ignored: Tensor) -> dict[str, float]:
        """Take one step and return the losses of the batch."""
        rate = self.settings.rate * min(1.0, (self.seen + 1) / WARM_UP) * (0.01 + 0.99 * _cosine(self.progress))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        x = (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        parts = losses(self.network(x), assign(faces, valid, ignored))
        total = sum(WEIGHTS[name] * value for name, value in parts.items())
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.seen += len(images)
        self._follow(len(images))
        return {name: float(value.detach()) for name, value in parts.items()}

    def save(self) -> None:
        """Write the checkpoint so that an interruption leaves the old or the new one."""
        state = {
            "architecture": "detector-160",
            "model": self.network.state_dict(),
            "ema": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "seen": self.seen,
            "spent_s": self.spent_s,
            "starts": self.starts,
        }
        temporary = self.path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self.path)

    def _resume(self) -> None:
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["model"])
        self.average.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seen, self.spent_s, self.starts = state["seen"], state["spent_s"], state["starts"]

    @torch.no_grad()
    def _follow(self, count: int) -> None:
        """Move the averaged weights; quickly at first, when the early ones are worth little."""
        share = max(count / EMA_SAMPLES, 1 / (1 + self.seen / count / 10))
        for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if value.is_floating_point():
                mean.lerp_(value, share)
            else:
                mean.copy_(value)

    def _log(self, parts: dict[str, float]) -> None:
        entry = {
            "seen": self.seen,
            "minutes": round(self.spent_s / 60, 2),
            "progress": round(self.progress, 4),
            **parts,
        }
        with (self.settings.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def load(path: Path) -> DetectorNet:
    """Return the averaged weights of a checkpoint, or bare ones, as a network in evaluation mode."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = DetectorNet()
    network.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in state.get("ema", state).items()}
    )
    return network.eval()


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))
