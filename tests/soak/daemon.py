"""The process of the soak: the service of `landmarkd run` with the fast camera and statistics.

Each frame takes `--period` seconds of the process's own time, see `tests.soak.clock`. Every
`--every` frames it prints one line of JSON: frames, seconds, hours of that time, memory,
descriptors, threads, latency, CPU time.
"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path

import numpy as np
from landmarkd.cli.logs import set_up_logging
from landmarkd.daemon.limits import Limits
from landmarkd.daemon.service import Service
from landmarkd.daemon.statusfile import StatusFile, runtime_folder
from landmarkd.machine import Machine
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import validated
from landmarkd.sinks import make_sink
from landmarkd.types import Report

from tests.soak.clock import FrameClock
from tests.soak.source import SoakSource, Stage


class Log:
    """Counts reports and, at intervals, prints the state of the process."""

    def __init__(self, stage: Stage, every: int) -> None:
        self.service: Service | None = None
        self._stage, self._every = stage, every
        self._latencies = np.zeros(every, np.int64)
        self._frames = self._faces = 0
        self._began, self._day = time.perf_counter(), time.monotonic()
        self._cpu = time.process_time()

    def add(self, report: Report) -> None:
        """Count a report and let the camera show the next frame."""
        if "camera_stalled" in report.degraded:
            return
        self._latencies[self._frames % self._every] = report.emitted_ns - report.captured_ns
        self._frames += 1
        self._faces += report.face is not None
        if self._frames % self._every == 0:
            self._tell()
        self._stage.taken()

    def _tell(self) -> None:
        assert self.service is not None
        cpu, before = time.process_time(), self._cpu
        self._cpu = cpu
        p50, p99 = np.percentile(self._latencies, (50, 99)) / 1e6
        line = {
            "frames": self._frames,
            "seconds": round(time.perf_counter() - self._began, 1),
            "hours": round((time.monotonic() - self._day) / 3600, 4),
            "rss_mb": round(Machine().resident_mb(), 2),
            "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
            "threads": threading.active_count(),
            "p50_ms": round(float(p50), 3),
            "p99_ms": round(float(p99), 3),
            "cpu_ms": round((cpu - before) * 1e3 / self._every, 4),
            "with_face": self._faces,
            "reopened": self.service.capture.statistics.reopened,
            "sinks": [
                [sink.statistics.sent, sink.statistics.reconnects] for sink in self.service.sinks
            ],
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Run until this many frames are done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--every", type=int, default=10_000)
    parser.add_argument("--faults", type=int, required=True)
    parser.add_argument("--period", type=float, required=True)
    parser.add_argument("sinks", nargs="+")
    options = parser.parse_args()
    set_up_logging()
    clock = FrameClock(options.period)
    clock.install()
    configuration = validated({"source": {"uri": "demo:"}, "sinks": options.sinks}, "the soak")
    pipeline = Pipeline(configuration)
    session = pipeline.session()
    stage = Stage(clock, options.faults)
    log = Log(stage, options.every)
    log.service = Service(
        SoakSource(stage),
        pipeline,
        [make_sink(uri, session) for uri in options.sinks],
        Limits(frames=options.frames),
        publishers=[StatusFile(Path(runtime_folder()))],
        on_report=log.add,
    )
    log.service.requests.obey()
    log.service.run()


if __name__ == "__main__":
    main()
