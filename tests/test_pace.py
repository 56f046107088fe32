"""The pacer, on a clock of its own."""

from landmarkd.pace import LATE_S, Pacer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_frames_keep_their_distance_and_gaps_are_cut() -> None:
    clock = Clock()
    pacer = Pacer(2.0, lambda: clock.now, clock.sleep)
    for captured_s in (5.0, 5.1, 5.3, 60.0, 59.0):
        pacer.wait(round(captured_s * 1e9))
    assert clock.slept == [0.1, 0.2, 2.0, 0.0]


def test_a_late_player_catches_up_for_a_second_at_most() -> None:
    clock = Clock()
    pacer = Pacer(5.0, lambda: clock.now, clock.sleep)
    pacer.wait(0)
    clock.now += 10.0
    for index in range(1, 60):
        pacer.wait(index * 100_000_000)
    hurried = sum(pause == 0.0 for pause in clock.slept)
    assert hurried == round(LATE_S / 0.1) + 1
