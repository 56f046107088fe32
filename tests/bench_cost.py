"""The cost of a frame, in counts that do not depend on other work, and in processor time.

    python -m tests.bench_cost counts             multiply-adds, calls, bytecodes, bytes of a frame
    python -m tests.bench_cost sizes              cameras of 640x480, 1280x720 and 1920x1080
    python -m tests.bench_cost sinks              none, one and three sinks
    python -m tests.bench_cost long [FRAMES]      cost and memory along a long run
    python -m tests.bench_cost memory             where the memory is, with and without the decoder
    python -m tests.bench_cost start              import times, first result, --help and status

Prints; asserts nothing. Processor time of all threads, the median of interleaved rounds.
"""

import argparse
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import numpy as np
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.sinks import make_sink
from landmarkd.types import Frame, Report
from landmarkd.vision.zoo import open_zoo

from tests import clip
from tests.wire.builders import session

ROUNDS = 5
SIZES = ((640, 480), (1280, 720), (1920, 1080))
BOARDS = {"Pi Zero 2 W": (2.0, 491.0), "Pi 4": (6.7, 1478.0), "Pi 5": (12.4, 2737.0)}
"""Giga multiply-adds of int8 convolutions and events of sysbench, both a second and on one core;
docs/performance.md has the sources."""
EVENTS_HERE = 4330.0
"""Sysbench's events per second of processor time on the machine of docs/performance.md."""


def face_frames(count: int) -> list[Frame]:
    """Return the first frames of the bundled clip; all have a face."""
    return list(clip.frames()[:count])


def spend(frames: Iterable[Frame], pipeline: Pipeline) -> float:
    """Return the milliseconds of processor time of one frame."""
    began, count = time.process_time(), 0
    for count, frame in enumerate(frames, 1):  # noqa: B007 - the count is used
        pipeline.process(frame)
    return (time.process_time() - began) / max(1, count) * 1e3


def counts() -> None:
    """Print the operations of a frame with a tracked face, and the estimate for a Raspberry Pi."""
    manifest = json.loads((open_zoo(None).folder / "manifest.json").read_text())["models"]
    pipeline, frames = Pipeline(Configuration()), face_frames(60)
    for frame in frames[:20]:
        pipeline.process(frame)
    calls: Counter[str] = Counter()
    opencv = set(map(id, vars(cv2).values()))
    bytecodes = python_calls = 0

    def profiled(_: FrameType, event: str, function: Any) -> None:
        nonlocal python_calls
        python_calls += event == "call"
        if event == "c_call":
            owner = getattr(function, "__self__", None)
            module = getattr(function, "__module__", None) or type(owner).__module__
            # OpenCV's functions have no attribute with the name of their module.
            calls["cv2" if id(function) in opencv else module.partition(".")[0]] += 1

    def traced(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        nonlocal bytecodes
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        bytecodes += event == "opcode"
        return traced

    sys.setprofile(profiled)
    for frame in frames[20:40]:
        pipeline.process(frame)
    sys.setprofile(None)
    sys.settrace(traced)
    for frame in frames[40:]:
        pipeline.process(frame)
    sys.settrace(None)
    networks = [pipeline.model, *([pipeline.eyes] if pipeline.eyes else []), *pipeline.parts]
    invoked = [
        2 if network is pipeline.eyes and network.engine.inputs[0].shape[0] == 1 else 1
        for network in networks
    ]
    entries = [manifest[Path(network.card.file).stem] for network in networks]
    total = sum(entry["macs"] * times for entry, times in zip(entries, invoked, strict=True))
    tensors = sum(
        int(np.prod(spec.shape)) * np.dtype(spec.dtype).itemsize * times
        for network, times in zip(networks, invoked, strict=True)
        for spec in (*network.engine.inputs, *network.engine.outputs)
    )
    weights = sum(entry["bytes"] for entry in entries)
    rows = {
        "million multiply-adds of the networks": f"{total / 1e6:.1f}",
        "Python bytecodes": f"{bytecodes / 20:.0f}",
        "calls of Python functions": f"{python_calls / 20:.0f}",
        "calls of numpy's functions and methods, operators and ufuncs not counted": (
            f"{calls['numpy'] / 20:.0f}"
        ),
        "calls of OpenCV and of the runtime": (
            f"{(calls['cv2'] + calls['ai_edge_litert']) / 20:.0f}"
        ),
        "bytes of weights read": f"{weights}",
        "bytes of tensors in and out": f"{tensors}",
        "bytes of the frame, read at most once": f"{frames[0].image.nbytes}",
    }
    print("| a frame with a tracked face | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")
    spent = statistics.median(spend(frames[20:], pipeline) for _ in range(ROUNDS))
    networks = statistics.median(_invocations(pipeline) for _ in range(ROUNDS))
    print(f"\nHere: {spent:.2f} ms of processor time, {networks:.2f} ms of them in the networks.")
    print("| estimate | networks ms | the rest ms | frame ms |\n|---|---|---|---|")
    for name, (rate, events) in BOARDS.items():
        network, rest = total / rate / 1e6, (spent - networks) * EVENTS_HERE / events
        print(f"| {name} | {network:.0f} | {rest:.0f} | {network + rest:.0f} |")


def _invocations(pipeline: Pipeline, times: int = 40) -> float:
    """Return the milliseconds of processor time of the networks of one frame."""
    began = time.process_time()
    for _ in range(times):
        pipeline.model.engine.invoke()
        if pipeline.eyes is not None:
            for _ in range(2 if pipeline.eyes.engine.inputs[0].shape[0] == 1 else 1):
                pipeline.eyes.engine.invoke()
        for part in pipeline.parts:
            part.engine.invoke()
    return (time.process_time() - began) / times * 1e3


def sizes() -> None:
    """Print the cost of a frame by the camera's size; the face grows with the picture."""
    small = face_frames(60)
    sets = {
        size: [replace(frame, image=cv2.resize(frame.image, size)) for frame in small]
        for size in SIZES
    }
    pipelines = {size: Pipeline(Configuration()) for size in SIZES}
    runs: dict[tuple[int, int], list[float]] = {size: [] for size in SIZES}
    for number in range(ROUNDS + 1):
        for size in SIZES:
            pipelines[size].reset()
            spent = spend(sets[size], pipelines[size])
            if number:
                runs[size].append(spent)
    base = statistics.median(runs[SIZES[0]])
    print("| camera | ms a frame | ratio |\n|---|---|---|")
    for size, spent_all in runs.items():
        spent = statistics.median(spent_all)
        print(f"| {size[0]}x{size[1]} | {spent:.2f} | {spent / base:.2f} |")


def sinks() -> None:
    """Print the cost of a frame by the number of sinks, with the threads of the sinks."""
    frames = face_frames(200)
    # The port is open: each datagram to a closed port causes an error.
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    held.bind(("127.0.0.1", 0))
    place = "{}:{}".format(*held.getsockname())
    groups = {
        "none": (),
        "udp": (f"udp://{place}",),
        "udp, jsonl, opentrack": (f"udp://{place}", "jsonl:/dev/null", f"opentrack://{place}"),
    }
    pipeline = Pipeline(Configuration())
    runs: dict[str, list[float]] = {name: [] for name in groups}
    for number in range(ROUNDS + 1):
        for name, uris in groups.items():
            opened = [make_sink(uri, session()) for uri in uris]
            for sink in opened:
                sink.start()
            pipeline.reset()
            began = time.process_time()
            for frame in frames:
                report: Report = pipeline.process(frame)
                for sink in opened:
                    sink.submit(report, wait=True)
            for sink in opened:
                sink.close()
            if number:
                runs[name].append((time.process_time() - began) / len(frames) * 1e3)
    held.close()
    base = statistics.median(runs["none"])
    print("| sinks | ms a frame | more than none |\n|---|---|---|")
    for name, spent_all in runs.items():
        spent = statistics.median(spent_all)
        print(f"| {name} | {spent:.2f} | {spent - base:+.2f} |")


def long(total: int) -> None:
    """Print cost and memory along a long run: the clip over and over, as one stream."""
    frames = clip.frames()
    pipeline = Pipeline(Configuration())
    step = frames[1].captured_ns - frames[0].captured_ns

    def stream(first: int, count: int) -> Iterator[Frame]:
        for number in range(first, first + count):
            yield replace(frames[number % len(frames)], sequence=number, captured_ns=number * step)

    print("| frames | ms a frame | resident MB |\n|---|---|---|")
    part = max(1, total // 10)
    for first in range(0, total, part):
        spent = spend(stream(first, part), pipeline)
        print(f"| {first + part} | {spent:.2f} | {_resident_mb():.1f} |", flush=True)


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


MEMORY = """
import sys
from pathlib import Path
from dataclasses import replace
def mb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
said = []
def step(name, last=[0.0]):
    said.append((name, mb() - last[0])); last[0] = mb()
step("Python")
import numpy; step("numpy")
import cv2; step("OpenCV")
import pydantic; from pydantic import BaseModel; step("pydantic")
import ai_edge_litert.interpreter; step("the runtime")
import landmarkd.pipeline, landmarkd.daemon.service; step("landmarkd")
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.types import Frame
pipeline = Pipeline(Configuration()); step("models")
if sys.argv[1] == "decoder":
    from landmarkd.camera import make_source
    source = make_source("demo:", fast=True); source.open()
    for _ in range(100): pipeline.process(source.read(5.0))
else:
    image = numpy.load(sys.argv[2])
    for n in range(100): pipeline.process(Frame("live", n, n * 33_333_333, image.copy()))
step("100 frames" + (", with the video decoder" if sys.argv[1] == "decoder" else ""))
for name, grown in said: print(f"| {name} | {grown:.0f} |")
print(f"| all | {mb():.0f} |")
"""


def memory() -> None:
    """Print the resident memory by what allocated it."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.npy"
        np.save(picture, clip.frames()[0].image)
        for kind, title in (
            ("live", "a live camera: no decoder"),
            ("decoder", "a video file: with the decoder"),
        ):
            print(f"| {title} | MB |\n|---|---|", flush=True)
            subprocess.run([sys.executable, "-c", MEMORY, kind, str(picture)], check=True)
            print()


def start() -> None:
    """Print import times by package, and the processor time of short commands."""
    run = ["run", "--source", "demo:", "--sink", "jsonl:-", "--frames", "1"]
    program = "import sys; from landmarkd.cli.main import main; main()"
    best: dict[str, int] = {}
    for _ in range(ROUNDS):
        said = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", program, *run],
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        rows = [
            line[12:].split("|") for line in said.splitlines() if line.startswith("import time:")
        ]
        for own, _, name in rows[1:]:
            best[name.strip()] = min(int(own), best.get(name.strip(), sys.maxsize))
    packages: Counter[str] = Counter()
    for name, own in best.items():
        packages[name.partition(".")[0]] += own
    print("| imported by the first result | ms |\n|---|---|")
    for name, own in packages.most_common(10):
        print(f"| {name} | {own / 1e3:.0f} |")
    print("\n| command | processor time s | seconds |\n|---|---|---|")
    for title, arguments in (("first result", run), ("--help", ["--help"]), ("status", ["status"])):
        spent = [_command([sys.executable, "-c", program, *arguments]) for _ in range(ROUNDS)]
        print(f"| {title} | {min(cpu for cpu, _ in spent):.2f} | {min(s for _, s in spent):.2f} |")


def _command(command: list[str]) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tables = {"counts": counts, "sizes": sizes, "sinks": sinks, "memory": memory, "start": start}
    parser.add_argument("table", choices=[*tables, "long"])
    parser.add_argument("frames", nargs="?", type=int, default=100_000)
    options = parser.parse_args()
    if options.table == "long":
        long(options.frames)
    else:
        tables[options.table]()


if __name__ == "__main__":
    main()
