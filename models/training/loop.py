"""The training loop of all networks."""

import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from models.training.learner import Learner
from models.training.meeting import Meeting
from models.training.processes import Processes
from models.training.schedule import Schedule

Batch = dict[str, Tensor]
"""Tensors by name; "images" (N, …) is among them, and N counts as that many samples."""

Loss = Callable[[nn.Module, Batch], tuple[Tensor, dict[str, Tensor]]]
"""From what computes the outputs and a batch to the loss and its terms for the log."""


class Feed(Protocol):
    """The source of batches."""

    def batches(self) -> Iterator[Batch]:
        """Return batches without end, after those of the runs before (`load_state_dict`)."""

    def facts(self) -> dict[str, Any]:
        """Return values for the log besides the losses."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state of progress as plain values."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a state that `state_dict` returned."""


class Loop:
    """Trains one network, or several on the same batches, to the end of a schedule.

    Each process of several trains on its own batches; the first one writes.

    Args:
        learners: The networks; each writes its checkpoint.
        feed: Of batches.
        loss: Of one network.
        schedule: Length and learning rate.
        log: File of JSON lines; a line every `log_steps` steps holds their means.
        processes: Processes that train together.
        meeting: Averaging with other runs, or None.
        checkpoint_minutes: Between checkpoints.
        about: Of the run, for the log.
    """

    def __init__(
        self,
        learners: Sequence[Learner],
        feed: Feed,
        loss: Loss,
        schedule: Schedule,
        *,
        log: Path,
        processes: Processes | None = None,
        meeting: Meeting | None = None,
        checkpoint_minutes: float = 2.0,
        log_steps: int = 100,
        about: dict[str, Any] | None = None,
    ) -> None:
        self.learners, self.feed, self.loss, self.schedule = learners, feed, loss, schedule
        self.processes = processes or Processes()
        self._log_path, self._meeting, self._about = log, meeting, about or {}
        self._checkpoint_s, self._log_steps = checkpoint_minutes * 60, log_steps
        self.step = self.samples = 0
        self.seconds = 0.0
        self._stopping = False
        self._noted, self._sums = 0, dict[str, float]()
        for learner in learners:
            stored = learner.restore()
            if stored is not None:
                self.step, self.samples = stored["step"], stored["samples"]
                self.seconds = stored["seconds"]
                feed.load_state_dict(stored["feed"])

    @property
    def progress(self) -> float:
        """Share of the schedule that is over; 1 and above at its end."""
        return self.schedule.progress(self.samples, self.seconds)

    def stop(self, *_: object) -> None:
        """End the run after this step, with a checkpoint."""
        self._stopping = True

    def run(self) -> None:
        """Train to the end of the schedule, or to a SIGTERM; either writes a checkpoint."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        before = signal.signal(signal.SIGTERM, self.stop)
        try:
            self._write({"event": "start", "step": self.step, **self._about})
            if self.progress < 1:
                self._train()
            self.save()
        finally:
            signal.signal(signal.SIGTERM, before)

    def _train(self) -> None:
        last = saved = time.monotonic()
        for batch in self.feed.batches():
            self._learn(self.processes.place(batch))
            now = time.monotonic()
            self.seconds += self.processes.agree(now - last)
            last = now
            if self._noted >= self._log_steps:
                self._note()
            if self.progress >= 1 or self.processes.agree(self._stopping):
                return
            if self.processes.agree(now - saved) > self._checkpoint_s:
                self.save()
                saved = now

    def _learn(self, batch: Batch) -> None:
        rate = self.schedule.at(self.step, self.progress)
        for learner in self.learners:
            total, terms = self.loss(learner.forward, batch)
            norm = learner.step(total, rate)
            prefix = f"{learner.architecture} " if len(self.learners) > 1 else ""
            values = {name: float(value) for name, value in terms.items()}
            values |= {"loss": total.item(), "gradient": norm, "rate": rate}
            for name, value in values.items():
                self._sums[prefix + name] = self._sums.get(prefix + name, 0.0) + value
        self.step += 1
        self.samples += len(batch["images"]) * self.processes.world
        self._noted += 1
        if self._meeting and self.step % self._meeting.every == 0:
            for learner in self.learners:
                self._meeting.meet(learner.network)

    def _note(self) -> None:
        state = {"step": self.step, "samples": self.samples, "seconds": round(self.seconds, 1)}
        means = {name: float(f"{total / self._noted:.4g}") for name, total in self._sums.items()}
        self._write({**state, **self.feed.facts(), **means})
        self._noted, self._sums = 0, {}

    def _write(self, line: dict[str, Any]) -> None:
        if self.processes.rank == 0:
            with self._log_path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Write the checkpoints, from which the same command resumes."""
        if self.processes.rank:
            return
        for learner in self.learners:
            learner.save(
                {
                    "step": self.step,
                    "samples": self.samples,
                    "seconds": self.seconds,
                    "feed": self.feed.state_dict(),
                }
            )
