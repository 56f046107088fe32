"""JSON lines: how much they carry, and how often."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import landmarkd.wire
import pytest
from landmarkd.errors import UsageError
from landmarkd.sinks import make_sink

from tests.wire.builders import driver, event, report, session, stalled

SCHEMA = json.loads((Path(landmarkd.wire.__file__).parent / "report.schema.json").read_text())


def lines(folder: Path, options: str, count: int = 1) -> list[Any]:
    path = folder / "a.jsonl"
    with make_sink(f"jsonl:{path}?truncate=yes&{options}", session()) as sink:
        for i in range(count):
            state = driver(i, *([event()] if i == 17 else []))
            sink.submit(report(i, state=state), wait=True)
    got = [json.loads(line) for line in path.read_text().splitlines()]
    for line in got:
        jsonschema.validate(line, SCHEMA)
    return got


def test_points_are_chosen(tmp_path: Path) -> None:
    (everything,), (few,), (none,) = (lines(tmp_path, f"points={w}") for w in ("all", "68", "none"))
    assert len(everything["face"]["points"]) == 562
    assert few["face"]["points"] is few["face"]["sigma"] is None
    assert few["face"]["ibug68"] == everything["face"]["ibug68"]
    assert none["face"]["points"] is none["face"]["ibug68"] is None
    assert none["face"]["pose"] == everything["face"]["pose"]
    with pytest.raises(UsageError, match="none, 68, all"):
        make_sink(f"jsonl:{tmp_path}/a?points=eyes", session())


def test_lines_come_at_their_rate_and_no_event_is_left_out(tmp_path: Path) -> None:
    got = lines(tmp_path, "points=none&hz=2", 58)
    assert [line["sequence"] for line in got] == pytest.approx([0, 15, 17, 30, 45], abs=1)
    assert sum(len(line["driver"]["events"]) for line in got) == 1


def test_lines_go_on_at_their_rate_while_no_frames_come(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with make_sink(f"jsonl:{path}?points=none&hz=1", session()) as sink:
        for each in (report(0), *stalled(report(0), 10.0)):
            sink.submit(each, wait=True)
    got = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(got) == pytest.approx(11, abs=1)
    assert {line["captured_ns"] for line in got} == {report(0).captured_ns}
