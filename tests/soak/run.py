"""Runs the process under test and checks its figures."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.soak.receivers import Receivers
from tests.soak.source import FAULT_EVERY

WARM_UP = 0.1
"""Share of the frames after which memory must be constant."""
MOST_GROWTH_MB = 1.0
MOST_DRIFT = 1.5
PERIOD_S = 0.0864
"""Time of the process that a frame takes: a million of them are a day."""
LEAST_FACES = 0.75
"""Share of the frames in which the process finds a face: 257 of the clip's 300 frames show one to
it at any pace, and 300 of 5,000 frames are of an empty seat."""
FIGURES = {
    "rss_mb": "resident memory, MB",
    "descriptors": "open descriptors",
    "threads": "threads",
    "p50_ms": "latency, median, ms",
    "p99_ms": "latency, 99th percentile, ms",
    "cpu_ms": "processor time a frame, ms",
}


def soak(
    folder: Path,
    frames: int,
    every: int = 10_000,
    faults: int = FAULT_EVERY,
    sink_faults_s: float = 60.0,
    minutes: float | None = None,
    period_s: float = PERIOD_S,
) -> Iterator[dict[str, Any]]:
    """Run this many frames and yield the figures of the process, every `every` frames.

    Args:
        folder: scratch.
        frames: how many.
        every: frames between two lines.
        faults: frames between two faults of the camera.
        sink_faults_s: seconds between two faults of a receiver.
        minutes: end in order at the first line after this time, if the frames are not done by then.
        period_s: time of the process that a frame takes.

    Raises:
        CalledProcessError: it ended with an error.
    """
    receivers = Receivers(folder, sink_faults_s)
    end = None if minutes is None else time.monotonic() + minutes * 60
    arguments = [
        "--frames",
        str(frames),
        "--every",
        str(every),
        "--faults",
        str(faults),
        "--period",
        str(period_s),
        *receivers.sinks,
    ]
    command = [sys.executable, "-m", "tests.soak.daemon", *arguments]
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(folder / "run")}
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield json.loads(line)
                if end is not None and time.monotonic() > end:
                    process.terminate()
            if process.wait():
                raise subprocess.CalledProcessError(process.returncode, command)
    finally:
        receivers.close()


def thirds(lines: Sequence[dict[str, Any]], name: str) -> tuple[float, float]:
    """Return the medians of a figure over the first and the last third after the warm-up."""
    after = lines[int(len(lines) * WARM_UP) :]
    third = max(1, len(after) // 3)
    return median(line[name] for line in after[:third]), median(
        line[name] for line in after[-third:]
    )


def violations(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Return the figures that did not stay constant."""
    found = []
    growth = thirds(lines, "rss_mb")[1] - thirds(lines, "rss_mb")[0]
    if growth > MOST_GROWTH_MB:
        found.append(f"memory grew by {growth:.2f} MB")
    for name in ("descriptors", "threads"):
        early, late = thirds(lines, name)
        if late > early:
            found.append(f"{name} grew from {early:g} to {late:g}")
    share = lines[-1]["with_face"] / lines[-1]["frames"]
    if share < LEAST_FACES:
        found.append(f"a face was found in {share:.0%} of the frames only")
    early, late = thirds(lines, "p50_ms")
    if late > early * MOST_DRIFT:
        found.append(f"the median latency drifted from {early:.2f} to {late:.2f} ms")
    return found


def summary(lines: Sequence[dict[str, Any]]) -> str:
    """Return the figures of a soak as Markdown."""
    last = lines[-1]
    rows = [
        (
            "frames",
            (
                f"{last['frames']:,} in {last['seconds'] / 60:.0f} min, "
                f"{last['hours']:.1f} h by their own time, {last['with_face']:,} with a face"
            ),
        ),
        ("camera opened again", f"{last['reopened']} times"),
        ("sinks connected again", f"{sum(reconnects for _, reconnects in last['sinks'])} times"),
    ]
    for name, text in FIGURES.items():
        early, late = thirds(lines, name)
        rows.append((text, f"{early:.2f} in the first third, {late:.2f} in the last"))
    return "| figure | measured |\n|---|---|\n" + "\n".join(
        f"| {name} | {text} |" for name, text in rows
    )
