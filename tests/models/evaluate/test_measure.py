import math

import numpy as np
import pytest
from landmarkd.layout import LAYOUTS, canonical_points

from models.evaluate import measure

FULL = LAYOUTS["landmarkd-562"]


def test_nme_is_the_mean_distance_over_the_size_of_the_box_in_per_cent():
    truth = np.zeros((68, 2))
    found = truth + np.array([3.0, 4.0])
    assert measure.nme(measure.point_errors(found, truth), 50.0) == pytest.approx(10.0)


def test_points_that_nobody_labelled_do_not_count():
    truth = np.zeros((68, 2))
    truth[5:] = np.nan
    found = np.zeros((68, 3))
    found[:5, 0], found[5:, 0] = 1.0, 1000.0
    errors = measure.point_errors(found, truth)
    assert measure.nme(errors, 100.0) == pytest.approx(1.0)
    assert math.isnan(measure.nme(errors, 100.0, np.arange(20, 30)))


def test_macro_is_the_mean_of_the_bins_and_not_of_the_faces():
    values = np.array([1.0, 1.0, 1.0, 4.0, 7.0, 10.0])
    yaw = np.array([0.0, -30.0, 29.0, -45.0, 61.0, -90.5])
    table = measure.by_yaw(values, yaw)
    assert table == {
        "all": pytest.approx(4.0),
        "0-30": pytest.approx(1.0),
        "30-60": pytest.approx(4.0),
        "60-90": pytest.approx(7.0),
        "over 90": pytest.approx(10.0),
        "macro": pytest.approx(4.0),
    }


def test_an_empty_bin_is_left_out_of_macro():
    table = measure.by_yaw(np.array([2.0, 6.0]), np.array([5.0, 80.0]))
    assert math.isnan(table["30-60"])
    assert table["macro"] == pytest.approx(4.0)


def test_steady_motion_has_no_jitter_and_trembling_has():
    still = np.random.default_rng(0).normal(size=(1, 68, 2)) * 30
    moving = still + np.arange(20)[:, None, None] * np.array([2.0, -1.0])
    inter_ocular = np.full(20, 50.0)
    assert measure.jitter(moving, inter_ocular) == pytest.approx(0.0, abs=1e-9)
    trembling = moving.copy()
    trembling[::2, :, 0] += 1.0
    assert measure.jitter(trembling, inter_ocular) == pytest.approx(4.0)


def test_jitter_skips_frames_without_a_face():
    track = np.zeros((10, 68, 2))
    track[4] = np.nan
    assert measure.jitter(track, np.full(10, 50.0)) == 0.0


def test_runs_are_found_to_both_ends():
    assert measure.runs_of(np.array([True, True, False, True, False, True])) == [
        (0, 1),
        (3, 3),
        (5, 5),
    ]
    assert measure.runs_of(np.zeros(4, bool)) == []


def test_events_match_within_the_tolerance_only():
    truth = [(10, 13), (50, 52)]
    assert measure.match_events([(15, 16), (30, 31)], truth, 2) == (1, 1)
    assert measure.match_events([(16, 16)], truth, 2) == (0, 1)


def test_true_gaussian_errors_look_calibrated():
    rng = np.random.default_rng(1)
    sigma = rng.uniform(0.5, 3.0, 40_000)
    errors = np.hypot(*(rng.normal(size=(2, 40_000)) * sigma))
    table = measure.calibration(errors, sigma)
    assert table["rms over sqrt 2"] == pytest.approx(1.0, abs=0.02)
    assert table["under 1 sigma, %"] == pytest.approx(100 * (1 - math.exp(-0.5)), abs=1)
    assert table["under 2 sigma, %"] == pytest.approx(100 * (1 - math.exp(-2.0)), abs=1)
    assert measure.calibration(errors, sigma / 2)["rms over sqrt 2"] == pytest.approx(2.0, abs=0.04)


def test_residuals_turn_with_the_face():
    truth = canonical_points(FULL)[FULL.ibug68, :2].astype(np.float64)
    offset = np.array([3.0, -1.0])
    angle = math.radians(40)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    upright = measure.face_frame_residuals(truth + offset, truth, 100.0)
    turned = measure.face_frame_residuals((truth + offset) @ turn.T, truth @ turn.T, 100.0)
    np.testing.assert_allclose(upright, np.tile(offset, (68, 1)), atol=0.05)
    np.testing.assert_allclose(turned, upright, atol=0.05)


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_shutting_the_lids_closes_the_signal(name):
    layout = LAYOUTS[name]
    points = canonical_points(layout).copy()
    wide = measure.lid_openness(points, layout), measure.lid_signal(points, layout)
    if layout.right_lid is None:
        lids = [
            (layout.ibug68[[37, 38]], layout.ibug68[[41, 40]]),
            (layout.ibug68[[43, 44]], layout.ibug68[[47, 46]]),
        ]
    else:
        lids = [(lid[1:8], lid[:8:-1]) for lid in (layout.right_lid, layout.left_lid)]
    for upper, lower in lids:
        points[upper] = points[lower]
    right, left = measure.lid_openness(points, layout)
    assert min(wide[0]) > 0.15
    assert right < 0.05
    assert left < 0.05
    assert measure.lid_signal(points, layout) < 0.2 * wide[1]
