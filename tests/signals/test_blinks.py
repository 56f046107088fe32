import numpy as np
import pytest
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.blinks import BlinkDetector
from landmarkd.signals.timing import EventBook

S = DriverSettings()


def play(openness, fps=30.0, start_ns=0, closed=None, least_shut=None):
    """Return the blinks in a function of time, or in a list of values for each frame."""
    detector = BlinkDetector(S, EventBook())
    values = [openness(t) for t in np.arange(0.0, 4.0, 1 / fps)] if callable(openness) else openness
    return [
        event
        for index, value in enumerate(values)
        for event in detector.update(
            value,
            start_ns + round(index / fps * 1e9),
            closed=closed,
            least_shut=None if least_shut is None else least_shut[index],
        )
    ]


def dip(depth, down=0.08, shut=0.06, up=0.15, at=1.0):
    """An openness that falls to `depth` and returns."""
    times = np.cumsum([at, down, shut, up])
    return lambda t: float(np.interp(t, times, [1.0, depth, depth, 1.0]))


@pytest.mark.parametrize("fps", [10.0, 15.0, 30.0, 60.0, 120.0])
def test_a_blink_is_found_and_measured_at_any_rate(fps):
    (blink,) = play(dip(0.05), fps)
    wanted = 0.08 / 2 + 0.06 + 0.15 / 2  # at half of the amplitude
    assert blink.evidence["duration_s"] == pytest.approx(wanted, abs=0.6 / fps)
    assert blink.kind == "blink"
    assert blink.level == 0
    parts = blink.evidence["closing_s"] + blink.evidence["opening_s"]
    assert parts == pytest.approx(blink.evidence["duration_s"])


def test_a_smile_is_none_and_a_slow_camera_is_forgiven():
    assert play(dip(0.42, shut=0.1)) == []
    assert len(play(dip(0.42, shut=0.1), fps=10.0)) == 1


@pytest.mark.parametrize("fps", [5.0, 10.0, 15.0, 30.0, 60.0])
def test_half_a_second_to_a_second_is_a_long_closure(fps):
    closures = play(dip(0.0, shut=0.7), fps, closed=True)
    assert [event.kind for event in closures] == ["long_closure"]
    assert closures[0].evidence["duration_s"] == pytest.approx(0.815, abs=0.6 / fps)


def test_what_is_longer_or_not_shut_is_neither_blink_nor_long_closure():
    assert play(dip(0.0, shut=1.2), closed=True) == []
    assert play(dip(0.0, shut=0.7), closed=False) == []


def test_one_eye_that_dips_alone_is_no_blink():
    values = [1.0] * 10 + [0.5] * 3 + [1.0] * 10
    other = [1.0] * 10 + [0.9] * 3 + [1.0] * 10
    assert play(values, least_shut=other) == []


def test_a_slow_camera_leaves_gaps_of_its_own():
    assert len(play([1.0] * 8 + [0.2] + [1.0] * 8, fps=3.5)) == 1


def test_tired_lids_are_slow_for_their_way():
    (quick,), (slow,) = play(dip(0.0, down=0.06)), play(dip(0.0, down=0.2))
    assert slow.evidence["amp_velocity_s"] > 2 * quick.evidence["amp_velocity_s"]


def test_noise_about_the_threshold_is_no_row_of_blinks():
    rng = np.random.default_rng(0)
    values = list(np.clip(S.blink_openness + 0.02 + rng.normal(0, 0.03, 600), 0, 1))
    assert play(values) == []


def test_a_blink_that_is_seen_only_in_part_is_none():
    shut_then_hidden = [1.0] * 10 + [0.1] * 3 + [None] * 60 + [1.0] * 10
    assert play(shut_then_hidden) == []
    opens_only = [None] * 5 + [0.1] * 3 + [1.0] * 10
    assert play(opens_only) == []


def test_one_lost_frame_does_not_hide_a_blink():
    assert len(play([1.0] * 10 + [0.1, None, 0.1] + [1.0] * 10)) == 1


def test_frames_of_a_slow_camera_come_when_they_can():
    """Every fourth frame a second comes 0.1 s after another one, and the next one 0.4 s later."""
    detector, events = BlinkDetector(S, EventBook()), []
    times = [0.5 * pair + late for pair in range(24) for late in (0.0, 0.1)]
    for time in times:
        shut = 5.4 < time < 6.2 or 8.05 < time < 8.2
        events += detector.update(0.1 if shut else 1.0, round(time * 1e9), closed=shut)
    assert [event.kind for event in events] == ["long_closure", "blink"]


def test_a_face_that_left_and_came_back_did_not_blink():
    away = [1.0] * 10 + [None] * 12 + [0.2, 0.3] + [1.0] * 10
    assert play(away) == []
    assert play([1.0] * 10 + [0.2] + [None] * 12 + [1.0] * 10) == []
