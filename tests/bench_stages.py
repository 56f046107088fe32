"""Processor time of a frame by stage, in this tree and another one, interleaved. Asserts nothing.

    git worktree add /tmp/before COMMIT
    python -m tests.bench_stages --before /tmp/before [--rounds 8] [--source demo:]

Each tree runs in a process of its own, on the same frames, decoded beforehand, and both take turns.
For each frame and stage the minimum over the rounds counts, and the table has the means over the
frames: this removes most of the influence of other work on the machine. With `--evict 48` all
caches of the processor are cold at each frame, as on a board with small ones. The calls and
bytecodes are of frames with a tracked face and no look of the detector; no other work changes them,
so they show a regression on any machine. Without `--before` the table is of this tree alone.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parents[1]

CHILD = """
import json, sys, time
from collections import Counter
import cv2
import numpy as np
from landmarkd.camera import make_source
from landmarkd.errors import EndOfStreamError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.stages import STAGES
from landmarkd.vision.runtime import Engine

frames = []
with make_source(sys.argv[1], fast=True) as source:
    while len(frames) < int(sys.argv[2]):
        try:
            frames.append(source.read(5.0))
        except EndOfStreamError:
            break
KNOWN = {
    "numpy": "functions and methods of numpy, without operators and ufuncs",
    "cv2": "functions of OpenCV",
    "ai_edge_litert": "functions of the TFLite runtime",
}
OPENCV = set(map(id, vars(cv2).values()))
pipeline = Pipeline(Configuration())
evicting = np.zeros(int(sys.argv[3]) << 17)
spent_ns = 0
invoke = Engine.invoke


def timed(engine):
    global spent_ns
    began = time.perf_counter_ns()
    invoke(engine)
    spent_ns += time.perf_counter_ns() - began


Engine.invoke = timed


def play():
    pipeline.reset()
    rows = []
    for frame in frames:
        evicting[:] += 1
        networks, cpu = spent_ns, time.process_time_ns()
        report = pipeline.process(frame)
        cpu = time.process_time_ns() - cpu
        stages = pipeline.clock.last()
        rows.append([
            *(stages.get(name, 0) for name in STAGES),
            spent_ns - networks, cpu, report.face is not None,
        ])
    return {"names": [*STAGES, "networks", "cpu", "face"], "rows": rows}




def count():
    calls, total, seen = Counter(), Counter(), 0

    def profiled(_, event, function):
        if event == "call":
            calls["functions in Python"] += 1
        elif event == "c_call":
            owner = getattr(function, "__self__", None)
            module = function.__module__ or type(owner).__module__
            name = "cv2" if id(function) in OPENCV else module.partition(".")[0]
            calls[KNOWN.get(name, "other built-in functions")] += 1

    def traced(frame, event, _):
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        calls["bytecodes"] += event == "opcode"
        return traced

    for start in (sys.setprofile, sys.settrace):
        pipeline.reset()
        seen = 0
        for frame in frames[:60]:
            calls.clear()
            start(profiled if start is sys.setprofile else traced)
            report = pipeline.process(frame)
            start(None)
            if report.face is not None and not pipeline.clock.last()["detect"]:
                total.update(calls)
                seen += 1
    return {name: number / seen for name, number in total.items()}


play()
for line in sys.stdin:
    print(json.dumps(count() if line.strip() == "count" else play()), flush=True)
"""


class Tree:
    """A source tree of landmarkd in a process that plays the frames when it is asked to.

    Args:
        folder: that holds `edge`.
        source: of the frames.
        frames: most of them.
        evict_mb: memory that is written before each frame.
    """

    def __init__(self, folder: Path, source: str, frames: int, evict_mb: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, source, str(frames), str(evict_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder / "edge")},
        )
        self.least: NDArray[np.int64] | None = None
        self.names: list[str] = []

    def _ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def play(self) -> None:
        """Play the frames once more and keep the minimum of each frame and stage."""
        said = self._ask("play")
        rows = np.array(said["rows"], np.int64)
        self.names = said["names"]
        self.least = rows if self.least is None else np.minimum(self.least, rows)

    def count(self) -> dict[str, float]:
        """Return calls and bytecodes of a frame."""
        counted: dict[str, float] = self._ask("count")
        return counted

    def stages(self) -> dict[str, float]:
        """Return milliseconds a frame by stage, and the sums of the table's last rows."""
        assert self.least is not None
        column = dict(zip(self.names, self.least.T / 1e6, strict=True))
        face = column.pop("face") > 0
        steady = face & (column["detect"] == 0)
        networks, cpu = column.pop("networks"), column.pop("cpu")
        found = {name: float(values.mean()) for name, values in column.items() if values.any()}
        return found | {
            "a frame's processor time": float(cpu.mean()),
            "the same, face tracked and no look of the detector": float(cpu[steady].mean()),
            "of these frames the networks": float(networks[steady].mean()),
            "of these frames all else": float((cpu - networks)[steady].mean()),
        }

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def show(columns: dict[str, dict[str, float]], digits: int) -> None:
    """Print a row for each name, with a column for each tree and the ratio of the last two."""
    ratio = ["ratio"] * (len(columns) > 1)
    print(
        "| | "
        + " | ".join([*columns, *ratio])
        + " |\n|---"
        + "|---" * len([*columns, *ratio])
        + "|"
    )
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        values = [column.get(name, 0.0) for column in columns.values()]
        cells = [f"{value:.{digits}f}" if value else "" for value in values]
        if ratio:
            cells.append(f"{values[-1] / values[0]:.2f}" if values[0] else "")
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    """Measure in turns and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", type=Path, help="Another source tree of landmarkd.")
    parser.add_argument("--source", default="demo:")
    parser.add_argument("--frames", type=int, default=300, help="Most frames of it.")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument(
        "--evict",
        type=int,
        default=0,
        metavar="MB",
        help="Write this much memory before each frame, more than the last cache has, such as 48.",
    )
    options = parser.parse_args()
    folders = {"now": HERE}
    if options.before is not None:
        folders = {"before": options.before.resolve(), "now": HERE}
    trees = {
        name: Tree(folder, options.source, options.frames, options.evict)
        for name, folder in folders.items()
    }
    for _ in range(options.rounds):
        for tree in trees.values():
            tree.play()
    show({f"{name} ms": tree.stages() for name, tree in trees.items()}, 3)
    print()
    show({name: tree.count() for name, tree in trees.items()}, 0)
    for tree in trees.values():
        tree.close()


if __name__ == "__main__":
    main()
