"""The ruler removes a set's own definition of the points, for people it was not fitted on."""

from dataclasses import replace

import numpy as np
import pytest
from landmarkd.layout import LAYOUTS
from landmarkd.rotation import matrix_from_quaternion, quaternion_from_vector

from models.evaluate.faces import Result
from models.evaluate.records import LabelledFace, tight_box
from models.evaluate.ruler import (
    FOLDS,
    fit_offsets,
    pooled_uncertainty,
    ruled_errors,
    ruler_row,
    shape_table,
    uncertainty_table,
)

IBUG = LAYOUTS["landmarkd-562"].ibug68
COUNT = LAYOUTS["landmarkd-562"].count


def result(rng: np.random.Generator, subject: str, offsets: np.ndarray, flatten: float = 1.0):
    """A face of random pose and size whose labels lie at a constant offset from the points."""
    shape = rng.normal(size=(68, 3)) * 0.02 + mean_face()
    turn = matrix_from_quaternion(quaternion_from_vector(rng.normal(size=3) * 0.12))
    size = rng.uniform(80, 200)
    true = size * ((shape + offsets) @ turn.T)[:, :2]
    seen = mean_face() + flatten * (shape - mean_face())
    points = np.zeros((COUNT, 3), np.float32)
    points[IBUG] = size * seen @ turn.T
    face = LabelledFace("made", subject, np.zeros((2, 2, 3), np.uint8), true, tight_box(true),
                        subject=subject)  # fmt: skip
    errors = np.linalg.norm(points[IBUG, :2] - true, axis=1)
    return Result(face, points, None, 1.0, errors, (0.0, 0.0, 0.0), turn, (0.3, 0.3))


def mean_face() -> np.ndarray:
    """The 68 points of a mean face, in face sizes."""
    rng = np.random.default_rng(1)
    return rng.uniform(-0.5, 0.5, (68, 3)) * (1.0, 1.0, 0.3)


def test_a_constant_offset_is_taken_out_for_people_it_was_not_fitted_on():
    rng = np.random.default_rng(0)
    offsets = rng.normal(size=(68, 3)) * 0.05
    people = [result(rng, f"{n // 3:03d}", offsets) for n in range(300)]
    row = ruler_row(people, IBUG)
    assert row["raw 68"] > 5
    assert row["ruler 68"] < 0.1 * row["raw 68"]


def test_noise_stays():
    rng = np.random.default_rng(0)
    people = [result(rng, f"{n}", rng.normal(size=(68, 3)) * 0.05) for n in range(300)]
    row = ruler_row(people, IBUG)
    assert row["ruler 68"] == pytest.approx(row["raw 68"], rel=0.03)


def test_a_person_never_helps_to_measure_itself():
    rng = np.random.default_rng(0)
    people = [result(rng, f"{n}", np.zeros((68, 3))) for n in range(4 * FOLDS)]
    odd = result(rng, "odd", np.full((68, 3), 0.3))
    alone = ruled_errors([*people, odd], IBUG)[-1]
    assert alone.mean() == pytest.approx((odd.errors / odd.face.size).mean(), rel=0.02)


def test_a_flattened_face_has_a_slope_below_one():
    rng = np.random.default_rng(0)
    people = [result(rng, f"{n}", np.zeros((68, 3)), flatten=0.5) for n in range(400)]
    table = shape_table(people, IBUG)
    assert 0.4 < table["mouth width"]["slope"] < 0.7  # the head's turn changes both alike
    exact = [result(rng, f"{n}", np.zeros((68, 3))) for n in range(50)]
    assert shape_table(exact, IBUG)["mouth width"]["slope"] == pytest.approx(1, abs=1e-6)


def test_points_that_nobody_labelled_have_no_offset():
    residuals = np.full((5, 68, 2), np.nan)
    assert not fit_offsets(residuals, np.tile(np.eye(3)[:2], (5, 1, 1))).any()


def with_sigma(rng: np.random.Generator, subject: str, claimed: float) -> Result:
    """A face with point errors of 0.03 of its size, and a sigma of `claimed` times that."""
    made = result(rng, subject, rng.normal(size=(68, 3)) * 0.03)
    sigma = np.full(COUNT, claimed * 0.03 * made.face.size, np.float32)
    return replace(made, sigma=sigma)


@pytest.mark.parametrize("claimed", [1.0, 0.5])
def test_the_uncertainty_is_right_where_errors_are_as_large_as_it_says(claimed):
    rng = np.random.default_rng(2)
    people = [with_sigma(rng, f"{n}", claimed) for n in range(200)]
    for table in (
        uncertainty_table(people, IBUG, ruler=False),
        pooled_uncertainty([people[:100], people[100:]], IBUG),
    ):
        assert table["mouth"]["faces"] == 200
        assert table["mouth"]["points"] == 200 * 20
        assert table["mouth"]["rms over sqrt 2"] == pytest.approx(1 / claimed, rel=0.05)
        assert 0 < table["mouth"]["±"] < 0.05 / claimed


def test_the_standard_error_of_the_uncertainty_is_that_of_other_people():
    rng = np.random.default_rng(3)
    found = [
        uncertainty_table([with_sigma(rng, f"{n}", 1.0) for n in range(30)], IBUG, ruler=False)
        for _ in range(60)
    ]
    values = np.array([table["brows"]["rms over sqrt 2"] for table in found])
    said = np.mean([table["brows"]["±"] for table in found])
    assert said == pytest.approx(values.std(ddof=1), rel=0.35)
