import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.vision.sums import Sums

seeds = st.integers(0, 2**32 - 1)


def sparse(rng: np.random.Generator) -> np.ndarray:
    weights = rng.normal(size=(rng.integers(1, 9), rng.integers(1, 30))).astype(np.float32)
    weights[rng.random(weights.shape) < 0.7] = 0
    return weights


@given(seeds)
def test_sums_are_the_product_of_the_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = sparse(rng)
    points = rng.normal(size=(weights.shape[1], 3)).astype(np.float32)
    np.testing.assert_allclose(Sums(weights, 3).of(points), weights @ points, atol=1e-5)


@given(seeds)
def test_terms_are_rounded_and_added_one_after_another(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = sparse(rng)
    points = rng.normal(size=(weights.shape[1], 2)).astype(np.float32)
    expected = np.zeros((len(weights), 2), np.float32)
    for row, column in np.argwhere(weights):
        expected[row] += weights[row, column] * points[column]
    assert np.array_equal(Sums(weights, 2).of(points), expected)
