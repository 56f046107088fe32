"""Trains the detector on scenes composed meanwhile; the same command resumes a stopped run."""

import json
import math
import shutil
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from models.detector.cuttings import Cuttings
from models.detector.hardest import Hardest
from models.detector.network import SIDE, DetectorNet
from models.detector.placing import MOST_FACES
from models.detector.scenes import Composer, Scene
from models.detector.targets import assign, losses
from models.photographs import album

WEIGHTS = {"score": 1.0, "box": 1.5, "marks": 0.5}
EMA_SAMPLES = 12_000
"""The averaged weights remember about so many samples."""

WARM_UP, WARM_UP_BATCHES = 4_000, 60
"""Samples, and at least so many batches, in which the learning rate rises."""

PREFETCHED = 4
BETWEEN = 24
"""Batches between a scene and its mirror image."""

SHOWN_AGAIN = 1 / 8
"""As many scenes more in a batch are faceless ones that were hard before."""

SCENE_BYTES = SIDE * SIDE * 3
SHARED = Path("/dev/shm")  # noqa: S108 - only asked how large it is
"""Where scenes pass from the processes that compose them to the one that trains."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one training.

    Attributes:
        data: folders of shards of rendered crops.
        out: folder of the checkpoint and the log.
        samples: scenes to see in all.
        minutes: end the schedule after so much time even if fewer were seen; the time of all starts
            counts.
        batch: scenes at once.
        rate: highest learning rate.
        twice: each scene is seen in a mirror as well.
        bfloat16: multiply in bfloat16, for processors that do so in half the time.
        workers: processes that compose scenes.
        threads: of torch.
        seed: of weights and scenes.
        checkpoint_s: seconds between checkpoints.
        initial: checkpoint or bare weights to begin a new training with.
        photographs: folder of photographs that `models.photographs` gathered, or none.
        device: where the network is trained: "cpu", "cuda".
        replayed: faceless scenes to keep of those that were taken for faces.
    """

    data: tuple[Path, ...]
    out: Path
    samples: int = 300_000
    minutes: float = math.inf
    batch: int = 64
    rate: float = 4e-3
    twice: bool = True
    bfloat16: bool = True
    workers: int = 1
    threads: int = 1
    seed: int = 1
    checkpoint_s: float = 90.0
    initial: Path | None = None
    photographs: Path | None = None
    device: str = "cpu"
    replayed: int = 1024


class SceneStream(IterableDataset[tuple[Tensor, ...]]):
    """Parts of batches, without end, other ones for each start and each worker."""

    def __init__(self, settings: Settings, start: int, part: int) -> None:
        self._settings, self._start, self._part = settings, start, part

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        info, settings = get_worker_info(), self._settings
        cv2.setNumThreads(1)
        rng = np.random.default_rng([settings.seed, self._start, info.id if info else 0])
        photographs = album(settings.photographs) if settings.photographs else None
        scenes = Composer(Cuttings(settings.data, rng), rng, photographs).scenes(rng)
        while True:
            yield tensors(list(islice(scenes, self._part)))


def part_of(batch: int, workers: int, shared_bytes: float) -> int:
    """Return how many scenes to pass at once so that the queue fits half of shared memory."""
    part = batch
    while part % 2 == 0 and part * SCENE_BYTES * PREFETCHED * workers > shared_bytes / 2:
        part //= 2
    return part


def batches(
    parts: Iterator[tuple[Tensor, ...]], count: int, device: torch.device
) -> Iterator[tuple[Tensor, ...]]:
    """Yield batches, on a device, of `count` parts each."""
    while True:
        waiting = [
            tuple(tensor.to(device, non_blocking=True) for tensor in part)
            for part in islice(parts, count)
        ]
        yield (
            waiting[0]
            if count == 1
            else tuple(torch.cat(tensors) for tensors in zip(*waiting, strict=True))
        )


def tensors(scenes: Sequence[Scene]) -> tuple[Tensor, ...]:
    """Return images (N, 160, 160, 3) uint8, faces (N, most, 8), valid and ignored (N, most)."""
    faces = np.zeros((len(scenes), MOST_FACES, 8), np.float32)
    valid, ignored = np.zeros((2, len(scenes), MOST_FACES), bool)
    for n, scene in enumerate(scenes):
        count = len(scene.faces)
        faces[n, :count], valid[n, :count], ignored[n, :count] = scene.faces, True, scene.ignored
    images = np.stack([scene.image for scene in scenes])
    return tuple(torch.from_numpy(part) for part in (images, faces, valid, ignored))


def mirrored(images: Tensor, faces: Tensor, valid: Tensor, ignored: Tensor) -> tuple[Tensor, ...]:
    """Return a batch as a mirror shows it."""
    x, y = SIDE - 1 - faces[..., [2, 0, 4, 6]], faces[..., 1::2]
    return images.flip(2), torch.stack([x, y], -1).flatten(-2), valid, ignored


class Trainer:
    """One training with everything that has to survive an interruption."""

    def __init__(self, settings: Settings) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.device = torch.device(settings.device)
        torch.backends.cudnn.benchmark = True
        self.network = DetectorNet().to(self.device, memory_format=torch.channels_last)
        if settings.initial is not None:
            self.network.load_state_dict(load(settings.initial).state_dict())
        self.hardest = Hardest(settings.replayed)
        self.average = DetectorNet().to(self.device)
        self.average.load_state_dict(self.network.state_dict())
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}],
            lr=settings.rate,
            fused=self.device.type == "cuda",
        )
        self.seen, self.spent_s, self.starts = 0, 0.0, 0
        self.path = settings.out / "checkpoint.pt"
        if self.path.is_file():
            self._resume()
        self.starts += 1

    @property
    def progress(self) -> float:
        """Share of the schedule that is over, 0 to 1."""
        return min(
            1.0, max(self.seen / self.settings.samples, self.spent_s / 60 / self.settings.minutes)
        )

    def run(self) -> None:
        """Train to the end of the schedule."""
        settings = self.settings
        settings.out.mkdir(parents=True, exist_ok=True)
        shared_bytes = shutil.disk_usage(SHARED).free if SHARED.is_dir() else math.inf
        part = part_of(settings.batch, settings.workers, shared_bytes)
        loader = DataLoader(
            SceneStream(settings, self.starts, part),
            None,
            num_workers=settings.workers,
            prefetch_factor=PREFETCHED,
            pin_memory=self.device.type == "cuda",
        )
        # Workers are to die of the signal that stops the training with a checkpoint: they start
        # before it is caught.
        scenes, stopped = batches(iter(loader), settings.batch // part, self.device), list[int]()
        previous = signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
        began = saved = time.monotonic()
        before, sums, steps = self.spent_s, dict.fromkeys(WEIGHTS, 0.0), 0
        for batch in twice(scenes) if settings.twice else scenes:
            for name, value in self.step(*batch).items():
                sums[name] += value
            steps += 1
            now = time.monotonic()
            self.spent_s = before + now - began
            over = bool(stopped) or self.progress >= 1
            if over or now - saved > settings.checkpoint_s:
                self._log({name: value / steps for name, value in sums.items()})
                self.save()
                saved, sums, steps = now, dict.fromkeys(WEIGHTS, 0.0), 0
            if over:
                break
        signal.signal(signal.SIGTERM, previous)

    def step(
        self, images: Tensor, faces: Tensor, valid: Tensor, ignored: Tensor
    ) -> dict[str, float]:
        """Take one step and return the losses of the batch."""
        warm = min(1.0, (self.seen + 1) / max(WARM_UP, WARM_UP_BATCHES * self.settings.batch))
        rate = self.settings.rate * warm * (0.01 + 0.99 * _cosine(self.progress))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        count = len(images)
        again = self.hardest.draw(int(SHOWN_AGAIN * count))
        if again is not None:
            images = torch.cat([images, again])
            # What is not there is no face: the rest of the labels is nothing.
            faces, valid, ignored = (
                torch.cat([part, part.new_zeros(len(again), *part.shape[1:])])
                for part in (faces, valid, ignored)
            )
        x = images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.settings.bfloat16):
            outputs = self.network(x)
        parts = losses(outputs, assign(faces, valid, ignored))
        faceless = ~valid.any(1)
        self.hardest.keep(images[faceless], outputs["scores"].detach()[faceless].amax(1).sigmoid())
        total = sum(WEIGHTS[name] * value for name, value in parts.items())
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.seen += count
        self._follow(count)
        return {name: float(value.detach()) for name, value in parts.items()}

    def save(self) -> None:
        """Write the checkpoint so that an interruption leaves the old or the new one."""
        state = {
            "architecture": "detector-160-dense",
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
        means, values = (
            list(self.average.state_dict().values()),
            list(self.network.state_dict().values()),
        )
        floats = [n for n, value in enumerate(values) if value.is_floating_point()]
        torch._foreach_lerp_([means[n] for n in floats], [values[n] for n in floats], share)
        for mean, value in zip(means, values, strict=True):
            if not value.is_floating_point():
                mean.copy_(value)

    def _log(self, parts: dict[str, float]) -> None:
        entry = {
            "seen": self.seen,
            "minutes": round(self.spent_s / 60, 2),
            "progress": round(self.progress, 4),
            "hard": len(self.hardest),
            **parts,
        }
        with (self.settings.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def twice(batches: Iterator[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, ...]]:
    """Yield each batch and, with others between, what a mirror makes of it: to compose is dear."""
    kept: deque[tuple[Tensor, ...]] = deque()
    for batch in batches:
        yield batch
        kept.append(batch)
        if len(kept) > BETWEEN:
            yield mirrored(*kept.popleft())


def load(path: Path) -> DetectorNet:
    """Return a checkpoint's averaged weights, or plain weights, as a network in evaluation mode."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = DetectorNet()
    network.load_state_dict(
        {
            name: value.float() if value.is_floating_point() else value
            for name, value in state.get("ema", state).items()
        }
    )
    return network.eval()


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))
