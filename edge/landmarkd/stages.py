"""The time of each stage of a frame, measured by a clock that is cheap enough to run always."""

import time
from collections.abc import Iterator, Sequence
from struct import Struct

import numpy as np
from numpy.typing import NDArray

STAGES = (
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
)
"""The stages of a frame in their order; not every frame has all of them."""

HISTORY = 4096
"""Number of frames in the history."""
_ROW = Struct(f"={len(STAGES)}q")


def percentiles(values: NDArray[np.int64], ranks: Sequence[float]) -> NDArray[np.float64]:
    """Return the same as np.percentile, without its import of numpy.ma (a twentieth of the start).

    Args:
        values: (n,), n at least 1.
        ranks: 0 to 100.
    """
    at = np.array(ranks) / 100 * (values.size - 1)
    return np.interp(at, np.arange(values.size), np.sort(values))


class StageClock:
    """Assigns time to stages: each `lap` adds the time since the last lap to a stage.

    Use each clock in one thread. It has the last `HISTORY` frames in an array, so that it allocates
    nothing while it runs.
    """

    def __init__(self) -> None:
        self._history = np.zeros((HISTORY, len(STAGES)), np.int64)
        self._spent = dict.fromkeys(STAGES, 0)
        self._frames = 0
        self._last = time.perf_counter_ns()

    def start(self) -> None:
        """Begin a frame: the time since the last lap belongs to no stage."""
        self._last = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to `stage`."""
        now = time.perf_counter_ns()
        self._spent[stage] += now - self._last
        self._last = now

    def finish(self) -> None:
        """End a frame."""
        at = self._frames % HISTORY * _ROW.size
        _ROW.pack_into(self._history.data, at, *self._spent.values())
        self._frames += 1
        self._spent = dict.fromkeys(STAGES, 0)

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
        """Return nanoseconds of the frames in the history: (frames, stages), oldest first."""
        if self._frames <= HISTORY:
            return self._history[: self._frames].copy()
        return np.roll(self._history, -(self._frames % HISTORY), axis=0)

    def percentiles(self, *ranks: float) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Yield name and percentiles in milliseconds of each stage that ran.

        Only frames in which the stage ran count.
        """
        history = self.history()
        for column, name in enumerate(STAGES):
            spent = history[:, column]
            spent = spent[spent > 0]
            if spent.size:
                yield name, percentiles(spent, ranks) / 1e6
