"""The pacer, on a clock that the test moves."""

import pytest
from landmarkd.pace import LATE_S, Pacer, sleep_until


class Clock:
    """Stands in for the module `time`: sleeping moves it, and nothing waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("landmarkd.pace.time", clock)
    return clock


def test_frames_keep_their_distance_and_gaps_are_cut(clock: Clock) -> None:
    pacer = Pacer(2.0)
    for captured_s in (5.0, 5.1, 5.3, 60.0, 59.0):
        pacer.wait(round(captured_s * 1e9))
    assert clock.slept == [0.1, 0.2, 2.0]


def test_a_late_player_catches_up_for_a_second_at_most(clock: Clock) -> None:
    pacer = Pacer(5.0)
    pacer.wait(0)
    clock.now += 10.0
    for index in range(1, 60):
        pacer.wait(index * 100_000_000)
    assert len(clock.slept) == 59 - (round(LATE_S / 0.1) + 1)


def test_a_wait_ends_with_its_timeout(clock: Clock) -> None:
    assert sleep_until(100.5, 2.0) == 0.0
    assert sleep_until(103.5, 2.0) == 1.0
    assert sleep_until(1.0) == 0.0
    assert clock.slept == [0.5, 2.0]
