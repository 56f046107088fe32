"""How the daemon is doing: one small record a second, for `landmarkd status`, systemd and metrics alike."""

import os
import resource
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.camera.capture import Capture
from edge.daemon.machine import Machine
from edge.daemon.processor import Processor
from edge.sinks.base import Sink
from edge.types import Report

PERIOD_S = 1.0
"""How often a snapshot is taken."""

WINDOW = 512
"""Frames that latency percentiles look back on."""

_PAGE = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class SinkSnapshot:
    """One sink; the fields are those of `edge.sinks.base.SinkStatistics`."""

    uri: str
    connected: bool
    sent: int
    dropped: int
    bytes: int
    reconnects: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon at one moment.

    Attributes:
        state: "starting", "running", "stalled", "reopening" or "stopped".
        updated_ns: monotonic time.
        uptime_s: since the start of the process' pipeline.
        captured_fps, processed_fps, skipped_fps: over the last period.
        captured, processed, skipped, reopened, corrupt, stale, identical: totals.
        with_face: frames in which a face was tracked.
        face: whether one is tracked now.
        attention: of the driver, or None.
        latency_ms: from capture to result, p50 and p99 of the last frames.
        stages_ms: median of each stage.
        degraded: what runs in a fallback.
        temperature_c, throttled: of the machine, None where it does not tell.
        memory_mb: resident.
    """

    state: str
    updated_ns: int
    uptime_s: float
    pid: int
    device: str
    source: str
    model: str
    runtime: str
    accelerator: str
    captured_fps: float = 0.0
    processed_fps: float = 0.0
    skipped_fps: float = 0.0
    captured: int = 0
    processed: int = 0
    skipped: int = 0
    reopened: int = 0
    corrupt: int = 0
    stale: int = 0
    identical: int = 0
    with_face: int = 0
    face: bool = False
    attention: str | None = None
    latency_ms: tuple[float, float] | None = None
    stages_ms: dict[str, float] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    temperature_c: float | None = None
    throttled: int | None = None
    memory_mb: float = 0.0
    sinks: tuple[SinkSnapshot, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def sentence(self) -> str:
        """Return one line for people."""
        parts = [f"{self.state}, {self.processed_fps:.0f} fps", "face" if self.face else "no face"]
        if self.temperature_c is not None:
            parts.append(f"{self.temperature_c:.0f} °C")
        parts += [f"degraded: {name}" for name in self.degraded]
        parts += [f"{sink.uri}: {sink.last_error}" for sink in self.sinks if not sink.connected and sink.last_error]
        return ", ".join(parts)


class Observer:
    """Counts reports and takes the snapshots.

    Args:
        device: name of this unit.
        capture, processor, sinks: what is observed.
        machine: where temperature and throttling are read.
    """

    def __init__(
        self,
        device: str,
        capture: Capture,
        processor: Processor,
        sinks: tuple[Sink, ...],
        machine: Machine | None = None,
    ) -> None:
        self._device, self._capture, self._processor, self._sinks = device, capture, processor, sinks
        # No program is run in the steady state: what sysfs does not tell is not told.
        self._machine = machine or Machine(commands=False)
        self._latencies_ns: deque[int] = deque(maxlen=WINDOW)
        self._began_ns = self._taken_ns = time.monotonic_ns()
        self._before = (0, 0, 0)
        self.processed = 0
        self.with_face = 0
        self._last: Report | None = None

    def add(self, report: Report, *, fresh: bool) -> None:
        """Take note of a report; `fresh` if it is that of a new frame."""
        self._last = report
        if fresh:
            self.processed += 1
            self.with_face += report.face is not None
            if report.emitted_ns >= report.captured_ns:
                # The frames of a file that is played faster than it was recorded lie in the future.
                self._latencies_ns.append(report.emitted_ns - report.captured_ns)

    def due(self, now_ns: int) -> bool:
        """Return whether it is time for the next snapshot."""
        return now_ns - self._taken_ns >= PERIOD_S * 1e9

    def snapshot(self, now_ns: int, state: str | None = None) -> Snapshot:
        """Return how it goes now."""
        statistics, last = self._capture.statistics, self._last
        totals = (statistics.captured, self.processed, statistics.skipped)
        passed_s = max((now_ns - self._taken_ns) / 1e9, 1e-3)
        rates = [(now - before) / passed_s for now, before in zip(totals, self._before, strict=True)]
        self._before, self._taken_ns = totals, now_ns
        engine = self._processor.model.engine
        latency = None
        if self._latencies_ns:
            p50, p99 = np.percentile(np.array(self._latencies_ns), (50, 99)) / 1e6
            latency = (round(float(p50), 3), round(float(p99), 3))
        return Snapshot(
            state=state or statistics.state,
            updated_ns=now_ns,
            uptime_s=round((now_ns - self._began_ns) / 1e9, 3),
            pid=os.getpid(),
            device=self._device,
            source=last.source if last is not None else "",
            model=self._processor.model.name,
            runtime=engine.runtime,
            accelerator=engine.accelerator,
            captured_fps=round(rates[0], 2),
            processed_fps=round(rates[1], 2),
            skipped_fps=round(rates[2], 2),
            captured=totals[0],
            processed=totals[1],
            skipped=totals[2],
            reopened=statistics.reopened,
            corrupt=statistics.corrupt,
            stale=statistics.stale,
            identical=statistics.identical,
            with_face=self.with_face,
            face=last is not None and last.face is not None,
            attention=last.driver.attention if last is not None and last.driver is not None else None,
            latency_ms=latency,
            stages_ms={name: round(float(value[0]), 4) for name, value in self._processor.clock.percentiles(50)},
            degraded=last.degraded if last is not None else (),
            temperature_c=self._machine.temperature_c(),
            throttled=self._machine.throttled(),
            memory_mb=resident_mb(),
            sinks=tuple(_sink(sink) for sink in self._sinks),
        )


def resident_mb() -> float:
    """Return the resident memory of this process in megabytes, 0 where the kernel does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * _PAGE / 1e6, 2)


def _sink(sink: Sink) -> SinkSnapshot:
    statistics = sink.statistics
    return SinkSnapshot(
        sink.uri,
        statistics.connected,
        statistics.sent,
        statistics.dropped,
        statistics.bytes,
        statistics.reconnects,
        statistics.last_error,
    )
