"""Landmarks moved to where annotators place them."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import HeadModel, Layout
from models.head.__main__ import CANONICAL, canonical_landmarks

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def moved(head: HeadModel) -> np.ndarray:
    """How far each landmark of the mean head was moved, (562, 3) centimetres."""
    registered = Layout.read(head.root / "landmarks.json")
    return head.landmarks(head.vertices) - registered.of(head.vertices)


def test_brows_and_nose_come_down(head: HeadModel, moved: np.ndarray) -> None:
    ibug = head.layout.ibug68
    assert (moved[ibug[17:27], 1] < -0.3).all()
    assert (moved[ibug[27:31], 1] < -0.1).all()


def test_what_has_edges_of_its_own_stays(head: HeadModel, moved: np.ndarray) -> None:
    ibug = head.layout.ibug68
    still = np.concatenate([ibug[:17], ibug[31:49], ibug[[54, 60, 64]], np.arange(520, 552)])
    np.testing.assert_array_equal(moved[still], 0)


def test_nothing_moves_farther_than_a_brow(moved: np.ndarray) -> None:
    assert np.linalg.norm(moved, axis=1).max() < 1.2


def test_left_mirrors_right(head: HeadModel) -> None:
    points = head.landmarks(head.vertices)[head.layout.ibug68]
    right, left = (
        points[[17, 18, 19, 20, 21, 49, 50, 58, 59, 61, 67]],
        points[[26, 25, 24, 23, 22, 53, 52, 56, 55, 63, 65]],
    )
    np.testing.assert_allclose(right * [-1, 1, 1], left, atol=0.35)


def test_the_runtime_has_this_head(head: HeadModel) -> None:
    with np.load(CANONICAL) as stored:
        np.testing.assert_allclose(stored["points"], canonical_landmarks(head), atol=1e-3)
