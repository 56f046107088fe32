"""Where the time goes on the bundled clip: `make bench`. Prints; asserts nothing.

In the daemon, encoding and sending happen on the sinks' own threads. Here they are timed one after
the other with the rest, so that the sum is the total cost of a frame.
"""

import argparse
import json
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from landmarkd.camera import make_source
from landmarkd.errors import EndOfStreamError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.stages import STAGES
from landmarkd.wire.encoder import Encoder
from rich.console import Console
from rich.table import Table

FIRST_RESULT = (
    "import sys; from landmarkd.cli.main import main; sys.argv[1:] = {arguments!r}; main()"
)


def measure(source_uri: str) -> dict[str, object]:
    """Return percentiles of every stage in milliseconds and the CPU time of a frame."""
    pipeline = Pipeline(Configuration())
    session = pipeline.session()
    encoder = Encoder(session)
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    spent: dict[str, list[float]] = {"capture": [], "encode": [], "send": []}
    faces = frames = 0
    with make_source(source_uri, fast=True) as source:
        cpu = time.process_time()
        while True:
            began = time.perf_counter()
            try:
                frame = source.read(1.0)
            except EndOfStreamError:
                break
            captured = time.perf_counter()
            report = pipeline.process(frame)
            processed = time.perf_counter()
            messages = encoder.encode(report)
            encoded = time.perf_counter()
            for message in messages:
                link.sendto(message, sink.getsockname())
            sent = time.perf_counter()
            spent["capture"].append(captured - began)
            spent["encode"].append(encoded - processed)
            spent["send"].append(sent - encoded)
            faces += report.face is not None
            frames += 1
        cpu = time.process_time() - cpu
    stages = {name: np.percentile(values, (50, 99)) * 1e3 for name, values in spent.items()}
    stages |= dict(pipeline.clock.percentiles(50, 99))
    history = pipeline.clock.history() / 1e6
    rest = history[
        :,
        [column for column, name in enumerate(STAGES) if name not in ("detect", "inference")],
    ].sum(1)
    return {
        "model": pipeline.model.name,
        "runtime": pipeline.model.engine.runtime,
        "accelerator": pipeline.model.engine.accelerator,
        "frames": frames,
        "faces": faces,
        "stages": {name: [float(value) for value in values] for name, values in stages.items()},
        "rest_ms": float(np.median(rest)) + float(stages["encode"][0]) + float(stages["send"][0]),
        "cpu_ms": cpu / frames * 1e3,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def first_result_s(source_uri: str) -> float:
    """Return the seconds from the start of the process to its first line of JSON."""
    arguments = ["run", "--source", source_uri, "--sink", "jsonl:-", "--frames", "1"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", FIRST_RESULT.format(arguments=arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    passed = time.perf_counter() - began
    process.wait()
    json.loads(line)
    return passed


def show(result: dict[str, object], first_s: float) -> None:
    """Print a table."""
    table = Table(
        title=f"{result['model']} on {result['runtime']} ({result['accelerator']}), one thread"
    )
    table.add_column("stage")
    table.add_column("median ms", justify="right")
    table.add_column("p99 ms", justify="right")
    stages = result["stages"]
    assert isinstance(stages, dict)
    for name, (median, worst) in stages.items():
        table.add_row(name, f"{median:.3f}", f"{worst:.3f}")
    table.add_section()
    table.add_row("all but capture, detection and inference", f"{result['rest_ms']:.3f}", "")
    table.add_row("CPU a frame, all included", f"{result['cpu_ms']:.3f}", "")
    table.add_row("peak memory", f"{result['peak_mb']:.0f} MB", "")
    table.add_row("start to first result", f"{first_s:.2f} s", "")
    console = Console()
    console.print(table)
    console.print(f"{result['frames']} frames, {result['faces']} with a face")


def main() -> None:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="demo:")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options.source)
    first_s = min(first_result_s(options.source) for _ in range(3))
    show(result, first_s)
    if options.json:
        options.json.write_text(json.dumps({**result, "first_result_s": first_s}, indent=2))


if __name__ == "__main__":
    main()
