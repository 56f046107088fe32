"""Samples of the machine during a run: CPU, memory, temperature, clock, throttling."""

import threading
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from landmarkd.machine import THROTTLE_BITS, Machine

PERIOD_S = 1.0
SLOPE_S = 15.0
"""A slope over a shorter time would be that of the warm-up."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The machine at one moment.

    Attributes:
        at_s: since the start.
        cores: busy share of each core since the previous sample, 0 to 1; empty in the first sample.
        memory_mb: resident memory of this process.
        temperature_c, clock_mhz, throttled: None if unknown.
    """

    at_s: float
    cores: tuple[float, ...]
    memory_mb: float
    temperature_c: float | None
    clock_mhz: float | None
    throttled: int | None


class Sampler:
    """Takes a sample every second on its own thread.

    Attributes:
        samples: so far.
        spent_s: CPU time of the thread.
    """

    def __init__(self, machine: Machine | None = None) -> None:
        # The measurement starts no programs, such as vcgencmd.
        self._machine = machine or Machine(commands=False)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._began = time.monotonic()
        self._ticks: list[tuple[int, int]] = []
        self.samples: list[Sample] = []
        self.spent_s = 0.0

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.thread_time()
        while True:
            self.samples.append(self._sample())
            self.spent_s = time.thread_time() - began
            if self._ended.is_set():
                return
            self._ended.wait(PERIOD_S)

    def _sample(self) -> Sample:
        machine = self._machine
        ticks = core_ticks(machine.read("/proc/stat") or "")
        cores = tuple(
            (busy - busy_before) / max(total - total_before, 1)
            for (busy, total), (busy_before, total_before) in zip(ticks, self._ticks, strict=False)
        )
        self._ticks = ticks
        return Sample(
            at_s=time.monotonic() - self._began,
            cores=cores,
            memory_mb=machine.resident_mb(),
            temperature_c=machine.temperature_c(),
            clock_mhz=machine.clock_mhz(),
            throttled=machine.throttled(),
        )

    def summary(self) -> dict[str, Any]:
        """Return means and extremes, for JSON; unknown values are None."""
        temperatures = [
            sample.temperature_c for sample in self.samples if sample.temperature_c is not None
        ]
        clocks = [sample.clock_mhz for sample in self.samples if sample.clock_mhz is not None]
        bits = [sample.throttled for sample in self.samples if sample.throttled is not None]
        # By the time between samples: the last one may be of a single tick.
        cores = [
            (sample.cores, sample.at_s - before.at_s)
            for before, sample in pairwise(self.samples)
            if sample.cores
        ]
        busy, weights = zip(*cores, strict=True) if cores else ((), ())
        shares = np.average(busy, axis=0, weights=weights) if cores else ()
        either = 0
        for each in bits:
            either |= each
        return {
            "cores": [round(float(share), 3) for share in shares],
            "memory_mb": round(max((sample.memory_mb for sample in self.samples), default=0.0), 1),
            "memory_slope_mb_per_minute": self.memory_slope(),
            "temperature_c": round(max(temperatures), 1) if temperatures else None,
            "clock_mhz": [round(min(clocks)), round(max(clocks))] if clocks else None,
            "throttled": either if bits else None,
            "throttling": [text for bit, text in THROTTLE_BITS.items() if either >> bit & 1],
            "samples": [asdict(sample) for sample in self.samples],
        }

    def memory_slope(self) -> float | None:
        """Return the growth of memory in megabytes a minute after the first third.

        None if the time is too short.
        """
        late = self.samples[len(self.samples) // 3 :]
        if not late or late[-1].at_s - late[0].at_s < SLOPE_S:
            return None
        times, sizes = zip(*((sample.at_s, sample.memory_mb) for sample in late), strict=True)
        return round(float(np.polyfit(times, sizes, 1)[0]) * 60, 3)


def core_ticks(stat: str) -> list[tuple[int, int]]:
    """Return (busy, total) clock ticks of each core from the text of /proc/stat."""
    found = []
    for line in stat.splitlines():
        name, *fields = line.split()[:9] or [""]
        if name.startswith("cpu") and name != "cpu" and len(fields) >= 5:
            ticks = [int(field) for field in fields]
            # user nice system idle iowait irq softirq steal
            found.append((sum(ticks) - ticks[3] - ticks[4], sum(ticks)))
    return found
