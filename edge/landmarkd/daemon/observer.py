"""Counts the frames of the pipeline, and takes a snapshot once a second."""

import os
import time
from collections import deque

import numpy as np

from landmarkd import __version__
from landmarkd.camera.capture import Capture
from landmarkd.daemon.snapshot import SinkSnapshot, Snapshot
from landmarkd.machine import Machine
from landmarkd.pipeline import Pipeline
from landmarkd.sinks.base import Sink
from landmarkd.stages import percentiles
from landmarkd.types import Report

PERIOD_S = 1.0
"""Period of the snapshots."""

WINDOW = 512
"""Frames of the latency percentiles."""

_COUNTED = ("captured", "processed", "skipped", "corrupt", "stale", "identical")


class Observer:
    """Counts reports and takes the snapshots.

    Attributes:
        processed, with_face: frames, in all and with a face.
        refused: reason of the last refused reload, or None.
        failure: error that ends the daemon, or None.
        saving: folder for saved frames, or None.
    """

    def __init__(
        self,
        device: str,
        capture: Capture,
        pipeline: Pipeline,
        sinks: tuple[Sink, ...],
    ) -> None:
        self._device, self._capture = device, capture
        self._pipeline, self._sinks = pipeline, sinks
        # The daemon starts no programs: only values of sysfs are reported.
        self._machine = Machine(commands=False)
        self._latencies_ns: deque[int] = deque(maxlen=WINDOW)
        self._began_ns = self._taken_ns = time.monotonic_ns()
        self._before = dict.fromkeys(_COUNTED, 0)
        self._dropped_before: dict[str, int] = {}
        self.refused: str | None = None
        self.failure: str | None = None
        self.saving: str | None = None
        self.processed = 0
        self.with_face = 0
        self._last: Report | None = None

    def add(self, report: Report, *, fresh: bool) -> None:
        """Count a report; `fresh` if it is the report of a new frame."""
        self._last = report
        if fresh:
            self.processed += 1
            self.with_face += report.face is not None
            if report.emitted_ns >= report.captured_ns:
                # A file that is played faster than recorded has frames in the future.
                self._latencies_ns.append(report.emitted_ns - report.captured_ns)

    def due(self, now_ns: int) -> bool:
        """Return whether the next snapshot is due."""
        return now_ns - self._taken_ns >= PERIOD_S * 1e9

    def snapshot(self, now_ns: int, state: str | None = None) -> Snapshot:
        """Return the present snapshot."""
        statistics, last = self._capture.statistics, self._last
        totals = {name: getattr(statistics, name) for name in _COUNTED if name != "processed"}
        totals["processed"] = self.processed
        passed_s = max((now_ns - self._taken_ns) / 1e9, 1e-3)
        rates = {
            name: round((total - self._before[name]) / passed_s, 2)
            for name, total in totals.items()
        }
        self._before, self._taken_ns = totals, now_ns
        engine = self._pipeline.model.engine
        latency = None
        if self._latencies_ns:
            p50, p99 = percentiles(np.array(self._latencies_ns), (50, 99)) / 1e6
            latency = (round(float(p50), 3), round(float(p99), 3))
        return Snapshot(
            state=state or statistics.state,
            updated_ns=now_ns,
            uptime_s=round((now_ns - self._began_ns) / 1e9, 3),
            pid=os.getpid(),
            device=self._device,
            source=last.source if last is not None else "",
            model=self._pipeline.model.name,
            runtime=engine.runtime,
            accelerator=engine.accelerator,
            **totals,
            **{f"{name}_fps": rate for name, rate in rates.items()},
            reopened=statistics.reopened,
            with_face=self.with_face,
            face=last is not None and last.face is not None,
            attention=last.driver.attention
            if last is not None and last.driver is not None
            else None,
            latency_ms=latency,
            stages_ms={
                name: round(float(value[0]), 4)
                for name, value in self._pipeline.clock.percentiles(50)
            },
            degraded=last.degraded if last is not None else (),
            temperature_c=self._machine.temperature_c(),
            throttled=self._machine.throttled(),
            memory_mb=round(self._machine.resident_mb(), 2),
            sinks=tuple(self._sink(sink, passed_s) for sink in self._sinks),
            camera_trouble=statistics.trouble,
            refused=self.refused,
            failure=self.failure,
            saving=self.saving,
            version=__version__,
        )

    def _sink(self, sink: Sink, passed_s: float) -> SinkSnapshot:
        statistics = sink.statistics
        dropped = statistics.dropped
        before = self._dropped_before.get(sink.uri, 0)
        self._dropped_before[sink.uri] = dropped
        return SinkSnapshot(
            sink.uri,
            statistics.connected,
            statistics.sent,
            dropped,
            statistics.bytes,
            statistics.reconnects,
            statistics.last_error,
            statistics.note,
            round((dropped - before) / passed_s, 2),
        )
