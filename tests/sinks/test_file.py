"""Files that sinks write: nothing is lost by a restart, a reload, logrotate or a full disk."""

import itertools
import json
import os
import resource
import stat
from pathlib import Path

import pytest
from landmarkd.errors import SinkSetupError, UsageError
from landmarkd.receive import read_reports
from landmarkd.sinks import file as file_module
from landmarkd.sinks import make_sink
from landmarkd.sinks.base import Sink

from tests.full_disk import full_disk
from tests.sinks.test_contract import until
from tests.wire.builders import report, session

NUMBERS = itertools.count(10)


def sent(uri: str, *numbers: int) -> Sink:
    """Run a sink over these frames, as one run of the daemon does."""
    with make_sink(uri, session()) as sink:
        for number in numbers:
            sink.submit(report(number), wait=True)
    assert sink.statistics.sent == len(numbers)
    return sink


def submitted(sink: Sink) -> bool:
    sink.submit(report(next(NUMBERS)), wait=True)
    return True


def lines(path: Path) -> list[int]:
    return [json.loads(line)["sequence"] for line in path.read_text().splitlines()]


def recorded(path: Path) -> list[int]:
    return [each.sequence for each in read_reports(path)]


class TestLines:
    def test_a_restart_goes_on_behind_what_is_there(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        sent(f"jsonl:{path}", 1, 2)
        sent(f"jsonl:{path}", 3)
        assert lines(path) == [1, 2, 3]
        sent(f"jsonl:{path}?truncate=yes", 4, 5)
        assert lines(path) == [4, 5]

    @pytest.mark.parametrize("umask", [0, 0o077], ids=["open", "as the unit"])
    def test_only_the_owner_may_read_unless_told_otherwise(
        self, tmp_path: Path, umask: int
    ) -> None:
        mine = tmp_path / "mine.jsonl"
        mine.touch()
        mine.chmod(0o604)
        before = os.umask(umask)
        try:
            sent(f"jsonl:{tmp_path}/a.jsonl", 1)
            sent(f"jsonl:{tmp_path}/b.jsonl?mode=640", 1)
            sent(f"jsonl:{tmp_path}/c.jsonl?mode=640&truncate=yes", 1)
            sent(f"jsonl:{mine}?mode=640", 1)
            sent(f"lmk:{tmp_path}/a.lmk", 1)
            sent(f"lmk:{tmp_path}/b.lmk?mode=640", 1)
        finally:
            os.umask(before)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        assert modes.pop("mine.jsonl") == 0o604, "only a new file gets a mode"
        assert {name for name, mode in modes.items() if mode == 0o600} == {"a.jsonl", "a.lmk"}
        assert all(modes[name] == 0o640 for name in ("b.jsonl", "c.jsonl", "b.lmk"))

    def test_an_unfinished_line_of_a_killed_process_is_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        sent(f"jsonl:{path}", 1, 2)
        with path.open("rb+") as file:
            file.truncate(path.stat().st_size - 100)
        sent(f"jsonl:{path}", 3)
        assert lines(path) == [1, 3]

    @pytest.mark.parametrize(
        "content", [b"mine\nnot finished", b"\0\0\0\x20ftypisom", b"LMKREC2\n"]
    )
    def test_a_file_that_is_something_else_is_left_as_it_is(
        self, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "notes.txt"
        path.write_bytes(content)
        sent(f"jsonl:{path}", 1)
        assert path.read_bytes() == content
        assert lines(tmp_path / "notes-2.txt") == [1]

    def test_logrotate_may_move_the_file_away(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr(file_module, "LOOK_S", 0.0)
        path, moved = tmp_path / "a.jsonl", tmp_path / "a.jsonl.1"
        with make_sink(f"jsonl:{path}", session()) as sink:
            sink.submit(report(1), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
            path.rename(moved)
            sink.submit(report(2), wait=True)
            assert until(lambda: sink.statistics.sent == 2)
            sink.submit(report(3), wait=True)
        assert lines(moved) + lines(path) == [1, 2, 3]
        assert lines(path)[-1] == 3
        assert sink.statistics.reconnects == 0

    def test_logrotate_may_copy_and_truncate(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        with make_sink(f"jsonl:{path}", session()) as sink:
            sink.submit(report(1), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
            os.truncate(path, 0)
            sink.submit(report(2), wait=True)
        assert lines(path) == [2]

    @pytest.mark.parametrize("taker", ["link", "folder"])
    def test_what_takes_the_name_meanwhile_is_not_written_into(
        self, tmp_path: Path, monkeypatch, taker: str
    ) -> None:
        monkeypatch.setattr(file_module, "LOOK_S", 0.0)
        path, precious = tmp_path / "a.jsonl", tmp_path / "precious"
        precious.write_text("precious")
        with make_sink(f"jsonl:{path}", session()) as sink:
            sink.submit(report(1), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
            path.unlink()
            path.symlink_to(precious) if taker == "link" else path.mkdir()
            assert until(lambda: (tmp_path / "a-2.jsonl").exists() or not submitted(sink))
        assert precious.read_text() == "precious"
        assert lines(tmp_path / "a-2.jsonl")

    def test_a_file_system_with_small_files_gets_another_file(self, tmp_path: Path) -> None:
        """FAT ends at 4 GiB; a limit of the process does the same."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
        try:
            with make_sink(f"jsonl:{tmp_path}/a.jsonl", session()) as sink:
                assert until(lambda: (tmp_path / "a-2.jsonl").exists() or not submitted(sink))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        numbers = [*lines(tmp_path / "a.jsonl"), *lines(tmp_path / "a-2.jsonl")]
        assert numbers == sorted(set(numbers))

    def test_a_size_limit_begins_another_file(self, tmp_path: Path) -> None:
        uri = f"jsonl:{tmp_path}/a.jsonl?size=40k"
        sent(uri, *range(6))
        first = sorted(tmp_path.iterdir(), key=lambda p: (len(p.name), p.name))
        sent(uri, *range(6, 12))
        names = sorted(tmp_path.iterdir(), key=lambda p: (len(p.name), p.name))
        assert len(names) > len(first) >= 2
        assert [n for path in names for n in lines(path)] == list(range(12))
        # The limit plus a line at most.
        assert all(path.stat().st_size < 40 * 1024 + 64 * 1024 for path in names)

    def test_a_time_limit_begins_another_file(self, tmp_path: Path) -> None:
        with make_sink(f"jsonl:{tmp_path}/a.jsonl?time=1s", session()) as sink:
            number = 0

            def two_files() -> bool:
                nonlocal number
                sink.submit(report(number), wait=True)
                number += 1
                return len(list(tmp_path.iterdir())) == 2

            assert until(two_files)
        assert lines(tmp_path / "a.jsonl") + lines(tmp_path / "a-2.jsonl") == list(range(number))

    def test_the_start_may_be_a_part_of_the_name(self, tmp_path: Path) -> None:
        sent(f"jsonl:{tmp_path}/drive-{{start}}.jsonl", 1)
        (path,) = tmp_path.iterdir()
        assert len(path.stem) == len("drive-20260101T000000Z")

    @pytest.mark.parametrize("option", ["size=0", "size=x", "time=1y", "mode=rw", "size=9" * 20])
    def test_options_are_checked(self, tmp_path: Path, option: str) -> None:
        with pytest.raises(UsageError, match="use"):
            make_sink(f"jsonl:{tmp_path}/a.jsonl?{option}", session())


class TestRecordings:
    def test_each_start_makes_a_file_of_its_own(self, tmp_path: Path) -> None:
        for start in range(3):
            sink = sent(f"lmk:{tmp_path}/a.lmk", start)
        assert [recorded(tmp_path / n) for n in ("a.lmk", "a-2.lmk", "a-3.lmk")] == [[0], [1], [2]]
        assert sink.statistics.note == f"writes {tmp_path}/a-3.lmk"
        sent(f"lmk:{tmp_path}/a.lmk?truncate=yes", 7)
        assert recorded(tmp_path / "a.lmk") == [7]

    def test_each_file_of_a_limited_recording_is_whole(self, tmp_path: Path) -> None:
        sent(f"lmk:{tmp_path}/a.lmk?size=20k", *range(30))
        names = sorted(tmp_path.iterdir(), key=lambda p: (len(p.name), p.name))
        assert len(names) > 2
        assert [n for path in names for n in recorded(path)] == list(range(30))

    def test_a_recording_that_logrotate_empties_begins_again(self, tmp_path: Path) -> None:
        path = tmp_path / "a.lmk"
        with make_sink(f"lmk:{path}", session()) as sink:
            sink.submit(report(1), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
            os.truncate(path, 0)
            sink.submit(report(2), wait=True)
            assert until(lambda: sink.statistics.sent == 2)
            sink.submit(report(3), wait=True)
        assert recorded(path) == [2, 3]

    def test_a_foreign_file_that_takes_the_name_is_left_alone(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(file_module, "LOOK_S", 0.0)
        path = tmp_path / "a.lmk"
        with make_sink(f"lmk:{path}", session()) as sink:
            sink.submit(report(1), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
            path.rename(tmp_path / "kept.lmk")
            path.write_text("precious")
            for number in (2, 3, 4):
                sink.submit(report(number), wait=True)
        assert path.read_text() == "precious"
        assert recorded(tmp_path / "kept.lmk") + recorded(tmp_path / "a-2.lmk") == [1, 2, 3, 4]


class TestMistakes:
    def test_what_waiting_does_not_correct_ends_the_start(self, tmp_path: Path) -> None:
        for uri in (
            f"jsonl:{tmp_path}/missing/a",
            f"lmk:{tmp_path}/missing/a",
            f"jsonl:{tmp_path}",
        ):
            with pytest.raises(SinkSetupError, match="in a folder that exists"):
                make_sink(uri, session()).check()


@pytest.mark.parametrize("scheme", ["jsonl", "lmk"])
def test_a_disk_that_is_full_at_the_start_is_awaited(tmp_path: Path, scheme: str) -> None:
    disk = tmp_path / "disk"
    with full_disk(disk) as filler:
        path = disk / f"a.{scheme}"
        with make_sink(f"{scheme}:{path}", session()) as sink:
            sink.submit(report(0), wait=True)
            assert until(lambda: sink.statistics.dropped == 1)
            assert "No space left" in (sink.statistics.last_error or "")
            filler.unlink()
            number = 1

            def recovers() -> bool:
                nonlocal number
                sink.submit(report(number))
                number += 1
                return sink.statistics.sent >= 3

            assert until(recovers)
        read = lines if scheme == "jsonl" else recorded
        assert len(read(path)) == sink.statistics.sent
        assert [p.name for p in disk.iterdir()] == [path.name]
