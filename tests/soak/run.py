"""Running the soaked process and judging what it told."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.soak.receivers import Receivers
from tests.soak.source import FAULT_EVERY

WARM_UP = 0.1
"""Share of the frames after which memory has to be flat."""


def soak(
    folder: Path, frames: int, every: int = 10_000, faults: int = FAULT_EVERY, sink_faults_s: float = 60.0
) -> Iterator[dict[str, Any]]:
    """Run so many frames and yield what the process tells of itself, every `every` frames.

    Args:
        folder: scratch.
        frames: how many.
        every: frames between two lines.
        faults: frames between two faults of the camera.
        sink_faults_s: seconds between two faults of a receiver.

    Raises:
        CalledProcessError: it did not end well.
    """
    receivers = Receivers(folder, sink_faults_s)
    arguments = ["--frames", str(frames), "--every", str(every), "--faults", str(faults), *receivers.sinks]
    command = [sys.executable, "-m", "tests.soak.daemon", *arguments]
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(folder / "run")}
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield json.loads(line)
            if process.wait():
                raise subprocess.CalledProcessError(process.returncode, command)
    finally:
        receivers.close()


def summary(lines: Sequence[dict[str, Any]]) -> str:
    """Return the figures of a soak as Markdown: after the warm-up against the end."""
    warm, last = lines[int(len(lines) * WARM_UP)], lines[-1]
    after = [line for line in lines if line["frames"] >= warm["frames"]]
    third = max(1, len(after) // 3)
    rows = [
        ("frames", f"{last['frames']:,} in {last['seconds'] / 60:.0f} min, {last['with_face']:,} with a face"),
        ("camera opened again", f"{last['reopened']} times"),
        ("sinks connected again", ", ".join(str(reconnects) for _, reconnects in last["sinks"])),
    ]
    for name, unit in (("rss_mb", "MB"), ("descriptors", ""), ("threads", ""), ("cpu_ms", "ms"), ("p50_ms", "ms")):
        early = sum(line[name] for line in after[:third]) / third
        late = sum(line[name] for line in after[-third:]) / third
        values = [line[name] for line in after]
        rows.append((name, f"{early:.2f} to {late:.2f} {unit} (first and last third; all {min(values)}-{max(values)})"))
    return "\n".join(f"| {name} | {text} |" for name, text in rows)
