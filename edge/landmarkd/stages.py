"""Where the time of a frame goes: a clock with one lap a stage, cheap enough to be always on."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

STAGES = (
    "wait",
    "detect",
    "crop",
    "quantise",
    "inference",
    "decode",
    "eyes",
    "parts",
    "smooth",
    "pose",
    "driver",
    "submit",
)
"""The stages of one frame in the order in which they run; not every frame has all of them."""

HISTORY = 4096
"""How many frames are remembered."""


def percentiles(values: NDArray[np.int64], ranks: Sequence[float]) -> NDArray[np.float64]:
    """Return what np.percentile does without importing numpy.ma, a twentieth of the start's time.

    Args:
        values: (n,), n at least 1.
        ranks: 0 to 100.
    """
    at = np.array(ranks) / 100 * (values.size - 1)
    return np.interp(at, np.arange(values.size), np.sort(values))


class StageClock:
    """Attributes time to stages: each `lap` books the time since the last one.

    One clock belongs to one thread. It keeps the last `HISTORY` frames in an array made at the
    start, so that it allocates nothing while running.
    """

    def __init__(self) -> None:
        self._index = {name: column for column, name in enumerate(STAGES)}
        self._history = np.zeros((HISTORY, len(STAGES)), np.int64)
        self._row = [0] * len(STAGES)
        self._frames = 0
        self._last = time.perf_counter_ns()

    def start(self) -> None:
        """Begin a frame: what happened since the last lap belongs to no stage."""
        self._last = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on `stage`; twice in a frame adds up."""
        now = time.perf_counter_ns()
        self._row[self._index[stage]] += now - self._last
        self._last = now

    def finish(self) -> None:
        """End a frame."""
        self._history[self._frames % HISTORY] = self._row
        self._frames += 1
        for column in range(len(STAGES)):
            self._row[column] = 0

    @property
    def frames(self) -> int:
        """Number of finished frames."""
        return self._frames

    def last(self) -> dict[str, int]:
        """Return the nanoseconds of the last finished frame by stage; empty before the first."""
        if not self._frames:
            return {}
        row = self._history[(self._frames - 1) % HISTORY]
        return {name: int(row[column]) for column, name in enumerate(STAGES)}

    def history(self) -> NDArray[np.int64]:
        """Return nanoseconds of the remembered frames: (frames, stages), oldest first."""
        if self._frames <= HISTORY:
            return self._history[: self._frames].copy()
        return np.roll(self._history, -(self._frames % HISTORY), axis=0)

    def percentiles(self, *ranks: float) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Yield the name and the percentiles, in milliseconds, of each stage that took any time.

        Frames in which a stage did not run do not count for it.
        """
        history = self.history()
        for column, name in enumerate(STAGES):
            spent = history[:, column]
            spent = spent[spent > 0]
            if spent.size:
                yield name, percentiles(spent, ranks) / 1e6
