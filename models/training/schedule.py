"""Length of a run, and its learning rate."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A linear warm-up, then half a cosine.

    Attributes:
        rate: Highest learning rate.
        samples: Length of the run; with `minutes` as well, whichever is over first.
        minutes: Length of the run in training time, the sum over all starts.
        warmup: Steps in which the rate rises.
        final: Share of the highest rate that is left at the end.
    """

    rate: float
    samples: float = math.inf
    minutes: float = math.inf
    warmup: int = 200
    final: float = 0.01

    def __post_init__(self) -> None:
        for name in ("rate", "samples", "minutes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it has to be above 0")
        if self.samples == self.minutes == math.inf:
            raise ValueError("a schedule without samples or minutes never ends: set one of them")

    def progress(self, samples: int, seconds: float) -> float:
        """Return the share of the run that is over; 1 and above at its end."""
        return max(samples / self.samples, seconds / 60 / self.minutes)

    def at(self, step: int, progress: float) -> float:
        """Return the learning rate of a step, counted from 0."""
        warm = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return self.rate * warm * (self.final + (1 - self.final) * cosine)
