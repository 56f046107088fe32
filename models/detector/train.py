"""Trains the detector on scenes composed in parallel; the same command resumes a stopped run."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.detector.hardest import Hardest
from models.detector.network import DetectorNet
from models.detector.stream import SceneStream, composed, joined, part_of, twice
from models.detector.targets import assign, losses
from models.training import checkpoint
from models.training.learner import Learner
from models.training.loop import Batch, Loop
from models.training.precision import half_precision
from models.training.processes import Processes
from models.training.schedule import Schedule

ARCHITECTURE = "detector-160-dense"
WEIGHTS = {"score": 1.0, "box": 1.5, "marks": 0.5}
AVERAGED_SAMPLES = 12_000
"""About how many samples the weights are averaged over."""

WARM_UP, WARM_UP_BATCHES = 4_000, 60
"""Warm-up of the learning rate: samples, and minimum number of batches."""

SHOWN_AGAIN = 1 / 8
"""Hard negatives added to a batch, as a share of its scenes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one training.

    Attributes:
        data: folders of shards of rendered crops.
        out: folder of the checkpoint and the log.
        samples: scenes to see in all.
        minutes: end the schedule after this time even with fewer samples; the time of all starts
            counts.
        batch: scenes at once.
        rate: highest learning rate.
        twice: each scene is seen in a mirror as well.
        workers: processes that compose scenes.
        threads: of torch.
        seed: of weights and scenes.
        initial: checkpoint to begin a new training with.
        photographs: folder of photographs that `models.photographs` gathered, or none.
        device: where the network is trained: "cpu", "cuda".
        replayed: number of scenes without a face to keep of those that were taken for faces.
    """

    data: tuple[Path, ...]
    out: Path
    samples: int = 300_000
    minutes: float = math.inf
    batch: int = 64
    rate: float = 4e-3
    twice: bool = True
    workers: int = 1
    threads: int = 1
    seed: int = 1
    initial: Path | None = None
    photographs: Path | None = None
    device: str = "cpu"
    replayed: int = 1024

    @property
    def schedule(self) -> Schedule:
        """Of the learning rate."""
        warmup = max(math.ceil(WARM_UP / self.batch), WARM_UP_BATCHES)
        return Schedule(rate=self.rate, samples=self.samples, minutes=self.minutes, warmup=warmup)


class Scenes:
    """Composed scenes as batches; different at each start."""

    def __init__(self, settings: Settings, hardest: Hardest) -> None:
        self._settings, self._hardest, self.starts = settings, hardest, 0

    def batches(self) -> Iterator[Batch]:
        """Return batches without end."""
        self.starts += 1
        settings = self._settings
        part = part_of(settings.batch, settings.workers)
        stream = SceneStream(settings.data, settings.photographs, settings.seed, self.starts, part)
        parts = composed(stream, settings.workers, pinned=settings.device != "cpu")
        scenes = joined(parts, settings.batch // part)
        return twice(scenes) if settings.twice else scenes

    def facts(self) -> dict[str, Any]:
        """Return how many hard negatives are kept."""
        return {"hard": len(self._hardest)}

    def state_dict(self) -> dict[str, Any]:
        """Return the number of starts."""
        return {"starts": self.starts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state that `state_dict` returned."""
        self.starts = state["starts"]


class SceneLoss:
    """Loss of a batch with added hard negatives.

    Args:
        hardest: Where those are kept.
    """

    def __init__(self, hardest: Hardest) -> None:
        self._hardest = hardest

    def __call__(self, forward: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its terms."""
        images = batch["images"]
        labels = [batch[name] for name in ("faces", "valid", "ignored")]
        again = self._hardest.draw(int(SHOWN_AGAIN * len(images)))
        if again is not None:
            images = torch.cat([images, again])
            # Scenes without a face have no other labels.
            labels = [
                torch.cat([part, part.new_zeros(len(again), *part.shape[1:])]) for part in labels
            ]
        faces, valid, ignored = labels
        x = images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        x = x.contiguous(memory_format=torch.channels_last)
        with half_precision(images.device):
            outputs = forward(x)
        parts = losses(outputs, assign(faces, valid, ignored))
        faceless = ~valid.any(1)
        scores = outputs["scores"].detach()[faceless].amax(1).sigmoid()
        self._hardest.keep(images[faceless], scores)
        total = torch.stack([WEIGHTS[name] * value for name, value in parts.items()]).sum()
        return total, {name: value.detach() for name, value in parts.items()}


def make_loop(settings: Settings) -> Loop:
    """Return a training that is ready to start, or to resume from its `checkpoint.pt`."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    processes = Processes(settings.device)
    network = DetectorNet()
    if settings.initial is not None:
        network.load_state_dict(checkpoint.weights(settings.initial))
    processes.place_network(network)
    hardest = Hardest(settings.replayed)
    learner = Learner(
        ARCHITECTURE,
        network,
        settings.out / "checkpoint.pt",
        forward=processes.share(network),
        weight_decay=0.02,
        clip=5.0,
        decay=1 - settings.batch / AVERAGED_SAMPLES,
    )
    return Loop(
        [learner],
        Scenes(settings, hardest),
        SceneLoss(hardest),
        settings.schedule,
        log=settings.out / "log.jsonl",
        processes=processes,
    )


def load(path: Path) -> DetectorNet:
    """Return a checkpoint's averaged weights as a network in evaluation mode."""
    network = DetectorNet()
    network.load_state_dict(checkpoint.weights(path))
    return network.eval()
