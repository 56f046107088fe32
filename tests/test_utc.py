"""The offset to UTC: read once a second, with what the system says of its clock."""

from pathlib import Path

import pytest
from landmarkd.enums import ClockQuality
from landmarkd.utc import UtcReader, clock_quality


class Clocks:
    """Two clocks that are set by hand."""

    def __init__(self) -> None:
        self.wall_ns, self.monotonic_ns = 1_790_000_000_000_000_000, 5_000_000_000
        self.quality, self.asked = ClockQuality.SYNCHRONISED, 0

    def ask(self) -> ClockQuality:
        self.asked += 1
        return self.quality

    def reader(self) -> UtcReader:
        return UtcReader(lambda: self.wall_ns, lambda: self.monotonic_ns, self.ask)


def test_the_clocks_are_read_once_a_second() -> None:
    clocks = Clocks()
    reader = clocks.reader()
    offset = reader.read()
    assert offset.offset_ns == clocks.wall_ns - clocks.monotonic_ns
    clocks.monotonic_ns += 999_999_999
    clocks.wall_ns += 7_200_000_000_000
    assert reader.read() is offset
    clocks.monotonic_ns += 1
    assert reader.read().offset_ns == clocks.wall_ns - clocks.monotonic_ns
    assert clocks.asked == 2


@pytest.mark.parametrize("quality", list(ClockQuality))
def test_a_time_is_told_only_of_a_clock_that_is_kept(quality: ClockQuality) -> None:
    clocks = Clocks()
    clocks.quality = quality
    reader = clocks.reader()
    kept = quality is ClockQuality.SYNCHRONISED
    assert reader.seconds() == (1_790_000_000 if kept else 0)
    clocks.monotonic_ns += 900_000_000
    assert reader.seconds() == (1_790_000_000 if kept else 0)


def test_the_system_is_asked_and_changes_nothing(tmp_path: Path) -> None:
    assert clock_quality(tmp_path / "none") in set(ClockQuality)


def test_where_the_kernel_may_not_be_asked_the_mark_of_timesyncd_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: object) -> object:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", refuse)
    mark = tmp_path / "synchronized"
    assert clock_quality(mark) is ClockQuality.UNKNOWN
    mark.touch()
    assert clock_quality(mark) is ClockQuality.SYNCHRONISED
