"""Tables: the columns that scripts for OpenFace read, and reports with unknown values."""

import csv
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landmarkd.enums import ClockQuality
from landmarkd.errors import UsageError
from landmarkd.rotation import matrix_from_angles
from landmarkd.sinks import make_sink
from landmarkd.sinks.table import COLUMNS, columns
from landmarkd.types import Gaze, Report, UtcOffset

from tests.process import landmarkd
from tests.sinks.test_contract import Contract, until
from tests.wire.builders import driver, event, report, session, stalled

OPENFACE = [
    "frame", "face_id", "timestamp", "confidence", "success", "gaze_angle_x", "gaze_angle_y",
    "pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz",
]  # fmt: skip
"""Columns of OpenFace 2 that mean one face or its pose, in its order."""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def table(folder: Path, *reports: Report, options: str = "") -> list[dict[str, str]]:
    path = folder / "a.csv"
    with make_sink(f"csv:{path}{options}", session()) as sink:
        for each in reports:
            sink.submit(each, wait=True)
    assert sink.statistics.last_error is None
    return rows(path)


class TestContract(Contract):
    def open_end(self) -> None:
        self.path = self.folder / "out.csv"

    def close_end(self) -> None:
        pass

    def uri(self) -> str:
        return f"csv:{self.path}?points=68"

    def frames(self) -> list[int]:
        return [int(each["frame"]) for each in rows(self.path)] if self.path.exists() else []


def test_a_file_that_logrotate_empties_begins_with_its_columns_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with make_sink(f"csv:{path}", session()) as sink:
        sink.submit(report(1), wait=True)
        assert until(lambda: sink.statistics.sent == 1)
        os.truncate(path, 0)
        sink.submit(report(2), wait=True)
        assert until(lambda: sink.statistics.sent == 2)
        sink.submit(report(3), wait=True)
    assert [each["frame"] for each in rows(path)] == ["2", "3"]
    with make_sink(f"csv:{path}", session()) as sink:
        sink.submit(report(4), wait=True)
    assert [each["frame"] for each in rows(path)] == ["2", "3", "4"]


def test_each_reader_of_a_pipe_gets_the_columns_first(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    os.mkfifo(path)
    for _ in range(2):
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(reader, newline="") as pipe:
            with make_sink(f"csv:{path}", session()) as sink:
                for number in (1, 2):
                    sink.submit(report(number), wait=True)
            assert [each["frame"] for each in csv.DictReader(pipe)] == ["1", "2"]


def axis_rotation(axis: int, angle: float) -> np.ndarray:
    """Return the right-handed rotation about x, y or z by an angle in radians."""
    c, s = math.cos(angle), math.sin(angle)
    a, b = [i for i in range(3) if i != axis]
    matrix = np.eye(3)
    sign = -1 if axis == 1 else 1
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -sign * s, sign * s
    return matrix


def test_columns_of_openface_have_its_names_order_and_units(tmp_path: Path) -> None:
    assert list(COLUMNS)[: len(OPENFACE)] == OPENFACE
    sent = report(5)
    assert sent.face is not None
    angles = (0.3, -0.5, 0.2)
    rotation = np.eye(3)
    for axis, angle in enumerate(angles):
        rotation = rotation @ axis_rotation(axis, angle)
    pose = replace(sent.face.pose, rotation=rotation.astype(np.float32))
    (row,) = table(
        tmp_path, replace(sent, face=replace(sent.face, pose=pose)), options="?points=68"
    )
    got = [float(row[f"pose_R{axis}"]) for axis in "xyz"]
    assert got == pytest.approx(angles, abs=1e-4)
    assert [float(row[f"pose_T{axis}"]) for axis in "xyz"] == pytest.approx([12.4, -30.6, 612.2])
    assert (row["frame"], row["success"], row["confidence"]) == ("5", "1", "0.97")
    assert float(row["timestamp"]) == pytest.approx(sent.captured_ns / 1e9, abs=1e-5)
    names = list(row)
    assert names.index("x_0") == len(COLUMNS)
    assert names[len(COLUMNS) :] == [f"{axis}_{i}" for axis in "xyz" for i in range(68)]


@pytest.mark.parametrize(
    ("yaw", "pitch", "x", "y"),
    [(0, 0, 0, 0), (-20, 0, 20, 0), (20, 0, -20, 0), (0, 15, 0, -15), (0, -15, 0, 15)],
)
def test_gaze_angles_have_openfaces_signs(tmp_path, yaw, pitch, x, y) -> None:
    """x > 0 to image right, y > 0 down; ours are yaw > 0 to image left, pitch > 0 up."""
    sent = report(0)
    (row,) = table(tmp_path, replace(sent, face=replace(sent.face, gaze=Gaze(yaw, pitch, "road"))))
    got = [math.degrees(float(row[f"gaze_angle_{axis}"])) for axis in "xy"]
    assert got == pytest.approx([x, y], abs=1e-3)
    assert matrix_from_angles(yaw, pitch, 0).shape == (3, 3)


def test_what_is_not_known_is_an_empty_field(tmp_path: Path) -> None:
    sent = report(1)
    lost = replace(sent, face=replace(sent.face, pose=replace(sent.face.pose, yaw=math.nan)))
    nothing = replace(report(2, with_face=False), driver=None)
    first, second = table(tmp_path, lost, nothing, options="?points=all")
    assert first["yaw_deg"] == ""
    assert first["pitch_deg"] == "-5.25"
    given = {"frame", "timestamp", "success", "degraded"}
    assert {name for name, value in second.items() if value} == given
    assert second["success"] == "0"
    assert len(second) == len(columns(562))


def test_events_are_rows_whatever_the_rate(tmp_path: Path) -> None:
    reports = [report(i, state=driver(i, *([event()] if i == 17 else []))) for i in range(58)]
    got = table(tmp_path, *reports, options="?hz=2")
    assert [int(row["frame"]) for row in got] == pytest.approx([0, 15, 17, 30, 45], abs=1)
    assert [row["events"] for row in got if row["events"]] == ["microsleep:begin:2"]


def test_utc_is_told_only_where_it_is_known(tmp_path: Path) -> None:
    def at(quality: ClockQuality) -> Report:
        offset = 1_767_225_600_000_000_000 - report(0).captured_ns
        return replace(report(0), utc=UtcOffset(offset, quality))

    got = table(tmp_path, at(ClockQuality.SYNCHRONISED), at(ClockQuality.UNSYNCHRONISED), report(1))
    assert [row["utc"] for row in got] == ["2026-01-01T00:00:00.000000+00:00", "", ""]


def test_a_file_with_other_columns_is_not_mixed(tmp_path: Path) -> None:
    table(tmp_path, report(0))
    table(tmp_path, report(1))
    table(tmp_path, report(2), options="?points=68")
    assert [row["frame"] for row in rows(tmp_path / "a.csv")] == ["0", "1"]
    assert [row["frame"] for row in rows(tmp_path / "a-2.csv")] == ["2"]


def test_unsmoothed_values_are_those_of_the_frame(tmp_path: Path) -> None:
    sent = report(3)
    raw = replace(sent.face.pose, yaw=77.0)
    sent = replace(sent, face=replace(sent.face, raw_pose=raw))
    (row,) = table(tmp_path, sent, options="?points=all&smoothing=none")
    assert float(row["yaw_deg"]) == 77.0
    assert float(row["x_7"]) == pytest.approx(sent.face.observation.points[7, 0], abs=0.006)
    with pytest.raises(UsageError, match="smoothing is"):
        make_sink(f"csv:{tmp_path}/b.csv?smoothing=some", session())


def test_the_pipeline_hands_on_both_kinds(tmp_path: Path) -> None:
    """One run with two tables: unsmoothed values vary more from frame to frame."""
    done = landmarkd(
        "run", "--source", "demo:", "--fast", "--frames", "60",
        "--sink", f"csv:{tmp_path}/smooth.csv?points=68",
        "--sink", f"csv:{tmp_path}/raw.csv?points=68&smoothing=none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    roughness = {}
    for name in ("smooth", "raw"):
        table = rows(tmp_path / f"{name}.csv")
        values = [[float(row[c]) for c in ("yaw_deg", "x_30")] for row in table if row["x_30"]]
        assert len(values) > 30
        roughness[name] = np.abs(np.diff(values, n=2, axis=0)).mean(axis=0)
    assert (roughness["raw"] > roughness["smooth"]).all(), roughness


def test_rows_go_on_at_their_rate_while_no_frames_come(tmp_path: Path) -> None:
    got = table(tmp_path, report(0), *stalled(report(0), 10.0), options="?hz=1")
    assert len(got) == pytest.approx(11, abs=1)
    assert got[-1]["degraded"] == "camera_stalled"
