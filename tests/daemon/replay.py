"""Replays recorded input through the real process, and reduces its output for the comparison.

A recording is a configuration `NAME.toml` beside its expectation `NAME.expected.jsonl`. A file is
reduced to lines: the state of every tenth frame and of each with an event. A scripted camera, whose
    frames arrive at varying times, is reduced to steps: each change of the state on the wire, in
    order.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landmarkd.camera.demo import CLIP
from landmarkd.daemon.statusfile import read_status
from landmarkd.settings.config import load_configuration
from landmarkd.vision.zoo import open_zoo

from tests.process import command

RECORDED = Path(__file__).with_name("recorded")
NAMES = sorted(path.stem for path in RECORDED.glob("*.toml"))
EVERY = 10
"""Frames between two lines of a file."""
LIMIT_S = 180


@dataclass(frozen=True, slots=True)
class Outcome:
    """The output of a recording.

    Attributes:
        header: what the lines depend on.
        lines: lines or steps, see the module.
    """

    header: dict[str, Any]
    lines: list[dict[str, Any]]

    def text(self) -> str:
        """Return the content of an expectation."""
        return "".join(
            json.dumps(line, separators=(", ", ": ")) + "\n" for line in (self.header, *self.lines)
        )


def expected(name: str) -> Outcome:
    """Return the expected output of a recording."""
    header, *lines = (
        json.loads(line) for line in (RECORDED / f"{name}.expected.jsonl").read_text().splitlines()
    )
    return Outcome(header, lines)


def depends_on() -> dict[str, Any]:
    """Return what a clip's output depends on besides the code; scripted cameras show no face."""
    zoo = open_zoo()
    landmarks, card = zoo.landmarks()
    names = {
        kind: zoo.manifest.models[name].sha256
        for kind, name in sorted(zoo.manifest.default.items())
    }
    assert names["landmarks"] == card.sha256
    return {
        "model": landmarks,
        "models": names,
        "clip": hashlib.sha256(CLIP.read_bytes()).hexdigest(),
    }


def replay(name: str, folder: Path) -> Outcome:
    """Play a recording through `landmarkd run` in a process of its own.

    Args:
        name: of the recording.
        folder: scratch.
    """
    for file in RECORDED.glob(f"{name}.*"):
        shutil.copy(file, folder)
    live = load_configuration(folder / f"{name}.toml").source.uri.startswith("scripted:")
    reports = folder / "reports.jsonl"
    arguments = [
        "run",
        "--config",
        f"{name}.toml",
        "--sink",
        f"jsonl:{reports}",
        *([] if live else ["--fast"]),
    ]
    done = subprocess.run(
        command(arguments),
        cwd=folder,
        env={
            **os.environ,
            "RUNTIME_DIRECTORY": str(folder / "run"),
            "STATE_DIRECTORY": str(folder / "state"),
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status = read_status(folder / "run")
    header = {"machine": platform.machine(), "accelerator": status.accelerator}
    records = [json.loads(line) for line in reports.read_text().splitlines()]
    if live:
        return Outcome(
            header,
            [*_steps(records), _totals(status.corrupt, status.stale, status.identical, records)],
        )
    return Outcome(header | depends_on(), list(_lines(records)))


def _lines(records: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    first_ns = records[0]["captured_ns"]
    for record in records:
        events = [
            [event["kind"], event["phase"], event["level"]] for event in record["driver"]["events"]
        ]
        if record["sequence"] % EVERY and not events:
            continue
        yield {
            "frame": record["sequence"],
            "ms": round((record["captured_ns"] - first_ns) / 1e6),
            "face": record["face"] and _face(record["face"]),
            "attention": record["driver"]["attention"],
            "active": record["driver"]["active"],
            "events": events,
            "skipped": record["counters"]["skipped"],
            "degraded": record["degraded"],
        }


def _face(face: dict[str, Any]) -> dict[str, Any]:
    pose = face["pose"]
    return {
        "box": [round(side, 1) for side in face["box"]],
        "angles": [round(pose[name], 1) for name in ("yaw", "pitch", "roll")],
        "mm": [round(value) for value in pose["translation_mm"]],
        "aperture": [round(face["eyes"][side]["aperture"], 2) for side in ("left", "right")],
        "closed": [face["eyes"][side]["closed"] for side in ("left", "right")],
    }


def _steps(records: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    before = None
    for record in records:
        step = {
            "attention": record["driver"]["attention"],
            "degraded": record["degraded"],
            "reopened": record["counters"]["reopened"] > 0,
        }
        if step != before:
            yield step
        before = step


def _totals(
    corrupt: int, stale: int, identical: int, records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    numbers = [record["sequence"] for record in records if not record["degraded"]]
    return {
        "corrupt": corrupt,
        "stale": stale,
        "identical": identical,
        "numbers_grow": numbers == sorted(set(numbers)),
        "face": any(record["face"] for record in records),
    }
