import numpy as np
import pytest
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.blinks import BlinkDetector
from landmarkd.signals.timing import EventBook

S = DriverSettings()


def play(openness, fps=30.0, start_ns=0):
    """Return the blinks in a function of time, or in a list of values for each frame."""
    detector = BlinkDetector(S, EventBook())
    values = [openness(t) for t in np.arange(0.0, 4.0, 1 / fps)] if callable(openness) else openness
    return [
        event
        for index, value in enumerate(values)
        for event in detector.update(value, start_ns + round(index / fps * 1e9))
    ]


def dip(depth, down=0.08, shut=0.06, up=0.15, at=1.0):
    """An openness that falls to `depth` and comes back."""
    times = np.cumsum([at, down, shut, up])
    return lambda t: float(np.interp(t, times, [1.0, depth, depth, 1.0]))


@pytest.mark.parametrize("fps", [10.0, 15.0, 30.0, 60.0, 120.0])
def test_a_blink_is_found_and_measured_at_any_rate(fps):
    (blink,) = play(dip(0.05), fps)
    down, up = (level - 0.05 for level in (S.blink_openness, S.blink_end_openness))
    wanted = 0.08 * down / 0.95 + 0.06 + 0.15 * up / 0.95
    assert blink.evidence["duration_s"] == pytest.approx(wanted, abs=0.6 / fps)
    assert blink.kind == "blink"
    assert blink.level == 0
    parts = blink.evidence["closing_s"] + blink.evidence["opening_s"]
    assert parts == pytest.approx(blink.evidence["duration_s"])


def test_a_smile_is_none_and_a_slow_camera_is_forgiven():
    assert play(dip(0.42, shut=0.1)) == []
    assert len(play(dip(0.42, shut=0.1), fps=10.0)) == 1


def test_a_long_closure_is_none():
    assert play(dip(0.0, shut=S.blink_max_s + 0.1)) == []


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


def test_a_face_that_left_and_came_back_did_not_blink():
    away = [1.0] * 10 + [None] * 12 + [0.2, 0.3] + [1.0] * 10
    assert play(away) == []
    assert play([1.0] * 10 + [0.2] + [None] * 12 + [1.0] * 10) == []
