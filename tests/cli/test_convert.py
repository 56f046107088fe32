"""`landmarkd convert`, as a user starts it."""

import csv
import json
from pathlib import Path

import pytest
from landmarkd.cli.convert import convert
from landmarkd.errors import ExitCode, SourceFormatError, UsageError
from landmarkd.sinks import make_sink
from landmarkd.wire import Encoder
from landmarkd.wire.codec import decode_packet, encode_packet
from landmarkd.wire.recording import records_of
from pyarrow import parquet

from tests.process import landmarkd
from tests.wire.builders import report, session

FRAMES = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("convert")
    for uri in (
        f"lmk:{path}/all.lmk",
        f"lmk:{path}/68.lmk?points=68",
        f"csv:{path}/direct.csv?points=68",
    ):
        with make_sink(uri, session()) as sink:
            for i in range(FRAMES):
                sink.submit(report(i, with_face=i % 4 > 0), wait=True)
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("recording", ["all", "68"])
def test_csv_is_what_the_sink_would_have_written(folder: Path, recording: str) -> None:
    target = folder / f"{recording}.csv"
    done = landmarkd("convert", folder / f"{recording}.lmk", target, "--points", "68")
    assert done.returncode == 0, done.stderr
    direct, converted = table(folder / "direct.csv"), table(target)
    assert len(converted) == FRAMES
    for a, b in zip(direct, converted, strict=True):
        assert a.keys() == b.keys()
        # The wire does not carry everything, and it carries values in steps.
        for name, step in (("yaw_deg", 0.01), ("pose_Tz", 0.5), ("x_30", 0.04), ("z_67", 0.04)):
            assert bool(a[name]) == bool(b[name])
            if a[name]:
                assert float(b[name]) == pytest.approx(float(a[name]), abs=step)
        assert a["attention"] == b["attention"]


def test_json_lines_and_parquet(folder: Path) -> None:
    for name in ("a.jsonl", "a.parquet"):
        done = landmarkd("convert", folder / "all.lmk", folder / name)
        assert (folder / name).stat().st_mode & 0o777 == 0o600
        assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    columns = parquet.read_table(folder / "a.parquet")
    assert columns["frame"].to_pylist() == [line["sequence"] for line in lines]
    yaws = [line["face"] and line["face"]["pose"]["yaw"] for line in lines]
    assert columns["yaw_deg"].to_pylist() == pytest.approx(yaws, abs=0.01)
    assert sum(name.startswith("x_") for name in columns.column_names) == 562


@pytest.mark.parametrize(
    ("recording", "points", "kept"),
    [("all", "all", {"points", "ibug68"}), ("all", "68", {"ibug68"}), ("all", "none", set()),
     ("68", "68", {"ibug68"}), ("68", "none", set())],
)  # fmt: skip
def test_a_choice_of_points_only_empties_their_keys(
    folder: Path, tmp_path: Path, recording: str, points: str, kept: set[str]
) -> None:
    source, whole, target = folder / f"{recording}.lmk", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    convert(source, whole)
    convert(source, target, points)
    expected = [json.loads(line) for line in whole.read_text().splitlines()]
    for line in expected:
        if line["face"]:
            assert all(line["face"][name] for name in kept)
            line["face"] |= dict.fromkeys({"points", "ibug68"} - kept)
    assert [json.loads(line) for line in target.read_text().splitlines()] == expected


def test_points_of_a_later_version_are_no_bug(tmp_path: Path) -> None:
    first, *others = Encoder(session()).encode(report(0))
    hello = decode_packet(first)
    later = encode_packet(hello._replace(message=hello.message._replace(selection=9)))
    recording = tmp_path / "later.lmk"
    recording.write_bytes(records_of([later, *others], 0))
    for name, points in (("a.csv", None), ("a.csv", "68"), ("a.jsonl", "68")):
        with pytest.raises(SourceFormatError, match="does not know; upgrade it"):
            convert(recording, tmp_path / name, points)
    convert(recording, tmp_path / "a.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "later.lmk"]


def test_mistakes_leave_nothing_behind(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.csv").write_text("mine")
    (tmp_path / "bad.lmk").write_bytes(b"RIFF")
    for recording, target, code, reason in (
        (folder / "all.lmk", tmp_path / "a.xls", ExitCode.USAGE, "must end with one of"),
        (folder / "all.lmk", tmp_path / "taken.csv", ExitCode.USAGE, "--force"),
        (folder / "all.lmk", tmp_path / "none" / "a.csv", ExitCode.IO, "folder that exists"),
        (folder / "none.lmk", tmp_path / "a.csv", ExitCode.NO_INPUT, "none.lmk"),
        (tmp_path / "bad.lmk", tmp_path / "a.csv", ExitCode.DATA, "not a recording"),
    ):
        done = landmarkd("convert", recording, target)
        assert (done.returncode, reason in done.stderr) == (code, True), done.stderr
    done = landmarkd("convert", folder / "68.lmk", tmp_path / "a.csv", "--points", "all")
    assert done.returncode == ExitCode.USAGE
    assert "'68'" in done.stderr
    with pytest.raises(UsageError, match="'68'"):
        convert(folder / "68.lmk", tmp_path / "a.jsonl", "all")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.lmk", "taken.csv"]
    assert (tmp_path / "taken.csv").read_text() == "mine"
    done = landmarkd("convert", folder / "all.lmk", tmp_path / "taken.csv", "--force")
    assert done.returncode == 0
    assert len(table(tmp_path / "taken.csv")) == FRAMES
