"""Settings of a training run."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.train.augment import Jitter, Shake
from models.train.loss import LossWeights
from models.training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class CommonConfig:
    """Settings common to all kinds of run.

    Attributes:
        data: Folders of shards.
        out: Folder of the weights and the log.
        final_rate: Share of the highest learning rate that remains at the end.
        clip: Largest norm of the gradient.
        average: Decay of the averaged weights, a step.
        calm: Weight of the difference between two views of a crop (`loss.restlessness`).
        levels: Of rounded weights and activations (`network.round_as_int8`); 0 does not round.
        checkpoint_minutes: Between checkpoints.
    """

    data: tuple[Path, ...]
    out: Path
    learning_rate: float
    final_rate: float
    clip: float
    average: float
    calm: float
    levels: int
    checkpoint_minutes: float
    log_steps: int
    weight_decay: float = 1e-3
    seed: int = 1
    jitter: Jitter = field(default_factory=Jitter)
    shake: Shake = field(default_factory=Shake)
    weights: LossWeights = field(default_factory=LossWeights)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(CommonConfig):
    """All settings of a run of one network.

    The folders are listed again at the beginning of every pass, and of every part of one; without
    `calm` there is one view of a crop.

    Attributes:
        samples: How many crops the schedule is stretched over.
        budget_minutes: Stretch the schedule over this much time of training instead, for a machine
            whose speed is not known beforehand.
        pass_shards: At most this many shards in a pass, so that new shards are soon used.
        workers: Processes that make crops, for each process of training.
        threads: Of each training process; 0 leaves the choice to PyTorch.
        frozen: How many of the network's first parts (the stem and the stages) are not trained.
        disturbed: Share of the crops whose colours, sharpness and noise change.
    """

    architecture: str = "landmarks-562"
    initial: Path | None = None
    samples: int = 2_000_000
    budget_minutes: float | None = None
    batch: int = 64
    learning_rate: float = 2e-3
    final_rate: float = 0.01
    warmup: int = 200
    clip: float = 200.0
    average: float = 0.998
    calm: float = 0.0
    levels: int = 0
    frozen: int = 0
    disturbed: float = 1.0
    pass_shards: int = 24
    workers: int = 1
    threads: int = 0
    checkpoint_minutes: float = 3.0
    log_steps: int = 50

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("data is empty: name a folder of shards")
        for name in (
            "samples",
            "batch",
            "pass_shards",
            "checkpoint_minutes",
            "log_steps",
            "learning_rate",
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it has to be above 0")

    @property
    def schedule(self) -> Schedule:
        """Over samples, or over time where a budget of minutes is given."""
        return Schedule(
            rate=self.learning_rate,
            samples=math.inf if self.budget_minutes else self.samples,
            minutes=self.budget_minutes or math.inf,
            warmup=self.warmup,
            final=self.final_rate,
        )

    def as_json(self) -> dict[str, Any]:
        """For the log and the checkpoint."""
        return {
            key: [str(p) for p in value]
            if key == "data"
            else str(value)
            if isinstance(value, Path)
            else value
            for key, value in asdict(self).items()
        }
