"""The fit in plain floats against a fit by singular value decomposition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.signals.similarity import fit_similarity


def umeyama(head, place, weights):
    """Return s, R, t of place = s (R head + t) by singular value decomposition (Umeyama, PAMI
    1991)."""
    weights = weights / weights.sum()
    head_mean, place_mean = weights @ head, weights @ place
    covariance = (place - place_mean).T @ ((head - head_mean) * weights[:, None])
    u, singular, vt = np.linalg.svd(covariance)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (singular * sign).sum() / (weights @ np.square(head - head_mean).sum(1))
    return scale, rotation, place_mean / scale - rotation @ head_mean


def sums(head, place, weights):
    rows = np.column_stack([head, np.square(head).sum(1), np.ones(len(head)), place])
    return ((rows[:, 4:] * weights[:, None]).T @ rows).tolist()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 2.0), st.booleans(), st.sampled_from([1e-4, 1.0, 1e3]))
def test_it_is_the_fit_by_singular_values(seed, noise, mirrored, size):
    rng = np.random.default_rng(seed)
    head = rng.normal(size=(20, 3)) * (60, 80, 30)
    weights = rng.uniform(0.1, 3.0, 20)
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if (np.linalg.det(turned) < 0) != mirrored:
        turned[:, 2] = -turned[:, 2]
    place = (
        head @ turned.T + rng.normal(size=3) * 200 + rng.normal(size=head.shape) * 30 * noise
    ) * size
    scale, rotation, translation = umeyama(head, place, weights)
    found = fit_similarity(sums(head, place, weights))
    if found is None:
        assert scale < 1e-5
        return
    np.testing.assert_allclose(found[0], rotation, atol=1e-5)
    np.testing.assert_allclose(found[1], translation, rtol=1e-4, atol=1e-2)
    left = (place / scale - head @ rotation.T - translation) ** 2
    rms = np.sqrt(weights @ left.sum(1) / weights.sum())
    assert found[2] == pytest.approx(rms, rel=1e-4, abs=1e-3)


def test_scales_of_x_and_y_apply_to_the_places():
    rng = np.random.default_rng(3)
    head, weights = rng.normal(size=(9, 3)), np.ones(9)
    place = head * 2.0 + (1.0, 2.0, 3.0)
    plain = fit_similarity(sums(head, place, weights))
    scaled = fit_similarity(sums(head, place * (4.0, 0.5, 1.0), weights), 0.25, 2.0)
    np.testing.assert_allclose(plain[0], np.eye(3), atol=1e-9)
    np.testing.assert_allclose(scaled[0], plain[0], atol=1e-9)
    np.testing.assert_allclose(scaled[1], plain[1], atol=1e-9)


@pytest.mark.parametrize("place", [np.zeros((9, 3)), np.full((9, 3), np.nan)])
def test_points_without_an_extent_have_no_fit(place):
    head = np.random.default_rng(0).normal(size=(9, 3))
    assert fit_similarity(sums(head, place, np.ones(9))) is None


def test_points_on_a_line_have_no_rotation():
    head = np.random.default_rng(0).normal(size=(9, 3))
    place = np.outer(head[:, 0], (1.0, 2.0, 3.0))
    assert fit_similarity(sums(head, place, np.ones(9))) is None
