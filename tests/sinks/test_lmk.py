"""Recordings are read back, also from a file that was cut off or altered."""

import io
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landmarkd.errors import SourceFormatError
from landmarkd.receive import FrameStream, make_link, read_reports
from landmarkd.sinks import make_sink
from landmarkd.types import Intrinsics
from landmarkd.wire import Decoder
from landmarkd.wire.recording import MAGIC, RecordingReader
from landmarkd.wire.schema import Bye

from tests.process import landmarkd
from tests.sinks.test_contract import Contract
from tests.wire.builders import driver, event, report, session

FRAMES = 600


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lmk") / "drive.lmk"
    with make_sink(f"lmk:{path}?points=68&hz=5", session()) as sink:
        for i in range(FRAMES):
            state = driver(i, *([event()] if i == 50 else []), active=("microsleep",) * (i >= 50))
            sink.submit(report(i, with_face=i % 10 > 0, state=state), wait=True)
    return path


class TestContract(Contract):
    def open_end(self) -> None:
        self.path = self.folder / "out.lmk"

    def close_end(self) -> None:
        pass

    def uri(self) -> str:
        return f"lmk:{self.path}"

    def frames(self) -> list[int]:
        return (
            [r.sequence for r in read_reports(self.path)]
            if self.path.exists() and self.path.stat().st_size
            else []
        )


def test_a_report_comes_back_to_the_steps_of_the_wire(tmp_path: Path) -> None:
    sent = [
        report(i, with_face=i > 0, state=driver(i, *([event()] if i == 2 else [])))
        for i in range(4)
    ]
    with make_sink(f"lmk:{tmp_path}/a.lmk", session()) as sink:
        for r in sent:
            sink.submit(r, wait=True)
    got = list(read_reports(tmp_path / "a.lmk"))
    assert len(got) == len(sent)
    assert got[0].face is None
    for a, b in zip(sent[1:], got[1:], strict=True):
        assert (a.sequence, a.captured_ns) == (b.sequence, b.captured_ns)
        assert a.face is not None
        assert b.face is not None
        assert np.abs(a.face.points - b.face.points).max() <= 1 / 32
        assert b.face.pose.yaw == pytest.approx(a.face.pose.yaw, abs=0.005)
        assert b.face.left.closed == a.face.left.closed
        assert b.face.gaze is not None
        assert b.face.gaze.zone == "road"
        assert a.driver is not None
        assert b.driver is not None
        assert b.driver.attention == "attentive"
        assert b.driver.events == a.driver.events
        assert b.degraded == ("delegate",)


def messages_of(data: bytes) -> tuple[list[bytes], RecordingReader]:
    reader = RecordingReader(io.BytesIO(data))
    return list(reader), reader


def test_a_recording_knows_its_end(recording: Path) -> None:
    _, reader = messages_of(recording.read_bytes())
    assert (reader.complete, reader.gaps, reader.skipped) == (True, 0, 0)


def test_one_damaged_byte_costs_one_message(recording: Path) -> None:
    """Wherever it is: in a length, in a header, in a point, in a checksum."""
    data = recording.read_bytes()
    whole, _ = messages_of(data)
    rng = random.Random(3)
    for at in [
        len(MAGIC),
        len(MAGIC) + 1,
        *(rng.randrange(len(MAGIC), len(data) - 10) for _ in range(20)),
    ]:
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        messages, reader = messages_of(bytes(damaged))
        assert len(messages) == len(whole) - 1
        assert set(messages) < set(whole)
        assert (reader.gaps, reader.complete) == (1, True)
        assert 0 < reader.skipped < 1500


def test_a_hole_of_any_size_is_passed_over_and_said(recording: Path, tmp_path: Path) -> None:
    data = recording.read_bytes()
    middle = len(data) // 2
    for hole in (b"\xff" * 70_000, bytes(200_000), MAGIC, data[:5000]):
        messages, reader = messages_of(data[:middle] + hole + data[middle + 900 :])
        assert reader.gaps >= 1
        assert reader.complete
        assert len(messages) > len(messages_of(data)[0]) - 30
    path = tmp_path / "hole.lmk"
    path.write_bytes(data[:middle] + data[middle + 900 :])
    done = landmarkd("listen", path, "--jsonl", tmp_path / "out.jsonl")
    assert "damaged in 1 place" in done.stderr
    assert done.returncode == 0


def test_a_sparse_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse.lmk"
    with path.open("wb") as file:
        file.write(MAGIC)
        file.truncate(320_000_000)
    code = f"""
import resource
from pathlib import Path
from landmarkd.receive import read_reports
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert list(read_reports(Path({str(path)!r}))) == []
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000


def test_an_old_recording_is_refused_in_a_sentence(tmp_path: Path) -> None:
    old = tmp_path / "old.lmk"
    old.write_bytes(b"LMKREC1\n" + bytes(100))
    with pytest.raises(SourceFormatError, match="recording of version 1, this landmarkd reads"):
        list(read_reports(old))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("replay", "{}", "--fast", "--sink", "LMK:{}?truncate=yes"),
            "is the file that is being read",
        ),
        (("listen", "{}", "--jsonl", "{}"), "is taken: writes "),
        (("report", "{}", "--out", "{}"), "is the file that is being read"),
    ],
)
def test_no_command_writes_over_the_recording_that_it_reads(
    recording: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = recording.read_bytes()
    done = landmarkd(*(each.replace("{}", str(recording)) for each in arguments))
    assert said in done.stderr
    assert recording.read_bytes() == before


def test_a_hole_of_a_gigabyte_is_passed_over(recording: Path, tmp_path: Path) -> None:
    """As left by a file system that lost data."""
    whole, holed = recording.read_bytes(), tmp_path / "holed.lmk"
    with holed.open("wb") as file:
        file.write(whole)
        file.seek(1 << 30)
        file.write(whole[8:])
    with holed.open("rb") as file:
        reader = RecordingReader(file)
        found = sum(1 for _ in reader)
    assert found == 2 * len(messages_of(whole)[0])
    assert reader.gaps > 0


@pytest.mark.parametrize("lost", [1, 20, 1000])
def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(recording: Path, lost: int) -> None:
    messages, reader = messages_of(recording.read_bytes()[:-lost])
    assert (reader.complete, reader.gaps) == (False, 0)
    whole, _ = messages_of(recording.read_bytes())
    assert messages == whole[: len(messages)]
    assert len(messages) > len(whole) - 30


@given(st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_behind_the_beginning_are_survived(data: bytes) -> None:
    assert sum(map(len, messages_of(MAGIC + data)[0])) <= len(data)


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_survived(recording: Path, data: st.DataObject) -> None:
    whole = bytearray(recording.read_bytes()[:20_000])
    for _ in range(data.draw(st.integers(1, 30))):
        at = data.draw(st.integers(len(MAGIC), len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    good = set(messages_of(recording.read_bytes())[0])
    assert set(messages_of(bytes(whole))[0]) <= good


def test_what_is_no_recording_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.lmk"
    other.write_bytes(b"RIFF....")
    with pytest.raises(SourceFormatError, match=r"other\.lmk is not a recording"):
        list(read_reports(other))
    with pytest.raises(OSError, match="No such file"):
        make_link(str(tmp_path / "missing.lmk")).open()


def test_a_killed_recorder_leaves_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "killed.lmk"
    code = f"""
import os, signal
from landmarkd.sinks import make_sink
from tests.wire.builders import report, session
sink = make_sink("lmk:{path}", session())
sink.start()
for i in range(200):
    sink.submit(report(i), wait=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    frames = [r.sequence for r in read_reports(path)]
    assert frames == list(range(len(frames)))
    assert len(frames) >= 150


def test_listen_and_replay_give_the_same_lines(recording: Path, tmp_path: Path) -> None:
    first, copy, second = tmp_path / "first.jsonl", tmp_path / "copy.lmk", tmp_path / "second.jsonl"
    landmarkd("listen", recording, "--jsonl", first)
    assert first.stat().st_mode & 0o777 == 0o600
    done = landmarkd("replay", recording, "--sink", f"lmk:{copy}?points=none", "--fast")
    assert f"{FRAMES} sent, 0 dropped" in done.stderr
    landmarkd("listen", f"lmk:{copy}", "--jsonl", second)
    lines = [
        [json.loads(line) for line in path.read_text().splitlines()] for path in (first, second)
    ]
    assert len(lines[0]) == len(lines[1]) == FRAMES
    for a, b in zip(*lines, strict=True):
        for line in (a, b):
            if line["face"]:
                line["face"].pop(
                    "ibug68"
                )  # a replay cannot send 68 points of a layout that has 562
        assert a == b


@pytest.mark.parametrize("points", ["68", "eyes"])
def test_some_of_the_points_are_not_replayed_as_the_help_says(tmp_path: Path, points: str) -> None:
    some, copy = tmp_path / "some.lmk", tmp_path / "copy.lmk"
    with make_sink(f"lmk:{some}?points={points}", session()) as sink:
        sink.submit(report(0), wait=True)
    landmarkd("replay", some, "--sink", f"lmk:{copy}", "--fast")
    for path, present in ((some, True), (copy, False)):
        with FrameStream(path) as stream:
            assert [found.record.points is not None for found in stream] == [present]
    assert f"points={points}" in landmarkd("replay", "--help").stdout


def test_the_camera_of_each_picture_comes_back_and_is_replayed(tmp_path: Path) -> None:
    """Also after the camera came back with pictures of another size."""
    first, copy = tmp_path / "first.lmk", tmp_path / "copy.lmk"
    small = replace(session().intrinsics, distortion=(0.0,) * 5)
    large = Intrinsics(1108.5, 1108.5, 639.5, 359.5, 1280, 720, "preset:module-3")
    sent = [replace(report(0), intrinsics=small)]
    sent += [replace(report(1), width=1280, height=720, intrinsics=large)]
    with make_sink(f"lmk:{first}", session()) as sink:
        for each in sent:
            sink.submit(each, wait=True)
    landmarkd("replay", first, "--sink", f"lmk:{copy}", "--fast")
    for path in (first, copy):
        assert [each.intrinsics for each in read_reports(path)] == [small, large]


def test_a_replay_from_behind_the_end_is_said(recording: Path) -> None:
    done = landmarkd("replay", recording, "--sink", "jsonl:-", "--fast", "--from", "1000")
    assert done.returncode == 65
    assert f"{recording} has no frames from 1000 s on" in done.stderr


def test_a_damaged_hello_costs_no_frames(tmp_path: Path) -> None:
    """Its content is in the next one, which comes two seconds later."""
    whole, damaged = tmp_path / "whole.lmk", tmp_path / "damaged.lmk"
    with make_sink(f"lmk:{whole}?points=68", session()) as sink:
        for i in range(90):
            sink.submit(report(i), wait=True)
    data = whole.read_bytes()
    at = data.index(messages_of(data)[0][2])
    damaged.write_bytes(MAGIC + bytes(at - len(MAGIC)) + data[at:])
    lines = {}
    for path in (whole, damaged):
        for target in (path.with_suffix(".csv"), path.with_suffix(".jsonl")):
            assert landmarkd("convert", path, target).returncode == 0
            lines[target.name] = target.read_text().splitlines()
        done = landmarkd("replay", path, "--sink", "jsonl:/dev/null", "--fast")
        assert f"{len(lines[path.stem + '.jsonl'])} sent" in done.stderr
    for suffix in (".csv", ".jsonl"):
        assert len(lines["whole" + suffix]) - len(lines["damaged" + suffix]) <= 1
        assert lines["damaged" + suffix][-80:] == lines["whole" + suffix][-80:]


def test_a_recording_ends_with_goodbye(recording: Path) -> None:
    with recording.open("rb") as file:
        last = list(RecordingReader(file))[-1]
    assert Decoder().datagram(last)[0].message == Bye(FRAMES, 0, 0)
    assert recording.stat().st_size < 500_000
