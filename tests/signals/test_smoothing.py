import math

import numpy as np
import pytest
from landmarkd.settings.config import SmoothingSettings
from landmarkd.signals.smoothing import MAX_GAP_S, NoFilter, OneEuroFilter

SIZE = 200.0


def one_euro():
    """A filter with the default cutoffs of a configuration."""
    settings = SmoothingSettings()
    return OneEuroFilter(settings.minimum_cutoff_hz, settings.beta)


def play(points_filter, values, fps=30.0, size=SIZE, start_ns=5):
    return np.array(
        [
            points_filter.filter(value, start_ns + round(index / fps * 1e9), size)
            for index, value in enumerate(values)
        ]
    )


def noise(frames=200, points=7, sigma=0.8):
    return (
        np.random.default_rng(3).normal(0.0, sigma, (frames, points, 3)).astype(np.float32) + 100.0
    )


class FilterContract:
    """The contract of every point filter."""

    @pytest.fixture
    def points_filter(self):
        raise NotImplementedError

    def test_first_points_come_back_unchanged(self, points_filter):
        first = noise(1)[0]
        np.testing.assert_array_equal(points_filter.filter(first, 0, SIZE), first)

    def test_a_still_face_stays(self, points_filter):
        still = np.repeat(noise(1), 20, axis=0)
        np.testing.assert_allclose(play(points_filter, still), still, rtol=1e-6)

    def test_shape_and_type_stay(self, points_filter):
        out = play(points_filter, noise(3))
        assert out.shape == (3, 7, 3)
        assert out.dtype == np.float32

    def test_reset_forgets(self, points_filter):
        play(points_filter, noise(10))
        points_filter.reset()
        fresh = noise(1)[0] + 50
        np.testing.assert_array_equal(points_filter.filter(fresh, 400_000_000, SIZE), fresh)

    def test_another_number_of_points_starts_afresh(self, points_filter):
        play(points_filter, noise(10))
        fresh = noise(1, points=9)[0]
        np.testing.assert_array_equal(points_filter.filter(fresh, 400_000_000, SIZE), fresh)

    def test_the_input_is_not_changed(self, points_filter):
        values = noise(5)
        before = values.copy()
        out = play(points_filter, values)
        out += 1
        np.testing.assert_array_equal(values, before)


class TestOneEuro(FilterContract):
    @pytest.fixture
    def points_filter(self):
        return one_euro()

    @pytest.mark.parametrize("gap_s", [MAX_GAP_S + 0.01, 0.0, -0.2])
    def test_a_gap_or_a_clock_that_goes_back_starts_afresh(self, points_filter, gap_s):
        values = noise(11)
        play(points_filter, values[:10])
        last_ns = 5 + round(9 / 30 * 1e9)
        out = points_filter.filter(values[10] + 40, last_ns + round(gap_s * 1e9), SIZE)
        np.testing.assert_array_equal(out, values[10] + 40)

    def test_points_that_are_no_numbers_do_not_stay(self, points_filter):
        values = noise(4)
        points_filter.filter(values[0], 0, SIZE)
        points_filter.filter(np.full_like(values[1], np.nan), 33_000_000, SIZE)
        np.testing.assert_array_equal(points_filter.filter(values[2], 66_000_000, SIZE), values[2])
        assert np.isfinite(points_filter.filter(values[3], 99_000_000, SIZE)).all()

    def test_a_resting_face_gets_calm(self, points_filter):
        values = noise(300)
        out = play(points_filter, values)
        # Expected for these defaults and noise of 0.004 face sizes: a fifth of the jitter.
        jitter = np.diff(out[60:], axis=0).std() / np.diff(values[60:], axis=0).std()
        assert jitter < 0.3

    def test_a_moving_face_is_followed(self, points_filter):
        frames = np.arange(60, dtype=np.float32)[:, None, None] / 30.0
        values = np.ones((60, 4, 3), np.float32) * frames * SIZE  # one face size a second
        out = play(points_filter, values)
        lag_s = float((values[-1] - out[-1]).mean()) / SIZE
        assert 0.0 <= lag_s < 0.02

    def test_near_and_far_faces_are_smoothed_alike(self):
        values = noise(60) + np.linspace(0, 80, 60, dtype=np.float32)[:, None, None]
        near = play(one_euro(), values * 4, size=SIZE * 4)
        far = play(one_euro(), values, size=SIZE)
        np.testing.assert_allclose(near / 4, far, rtol=1e-4)

    def test_is_the_filter_of_the_paper(self):
        """One coordinate against a plain transcription of the paper's algorithm."""
        values = noise(40, points=1)
        values[:, :, 1:] = 0
        x = dx = None
        wanted = []
        for index, value in enumerate(values[:, 0, 0].astype(float)):
            if index == 0:
                x, dx = value, 0.0
            else:
                alpha_d = 1 / (1 + 1 / (2 * math.pi * 1.0) * 30)
                dx += alpha_d * ((value - x) / SIZE * 30 - dx)
                alpha = 1 / (1 + 1 / (2 * math.pi * (1.0 + 20.0 * abs(dx))) * 30)
                x += alpha * (value - x)
            wanted.append(x)
        np.testing.assert_allclose(
            play(OneEuroFilter(1.0, 20.0), values)[:, 0, 0], wanted, rtol=1e-4
        )

    @pytest.mark.parametrize(
        "bad", [{"min_cutoff_hz": 0}, {"beta": -1}, {"derivative_cutoff_hz": -1}]
    )
    def test_refuses_impossible_settings(self, bad):
        with pytest.raises(ValueError, match="positive"):
            OneEuroFilter(**{"min_cutoff_hz": 1.0, "beta": 20.0} | bad)


class TestNone(FilterContract):
    @pytest.fixture
    def points_filter(self):
        return NoFilter()

    def test_changes_nothing(self, points_filter):
        values = noise(10)
        np.testing.assert_array_equal(play(points_filter, values), values)

    def test_the_input_is_not_changed(self, points_filter):
        assert points_filter.filter(points := noise(1)[0], 0, SIZE) is points
