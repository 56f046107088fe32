"""Eyes of the head against measures of people's."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import Eyes, HeadModel

pytestmark = pytest.mark.models

LIDS, IRISES = (520, 536), (552, 557)


def points_mm(head: HeadModel, eyes: Eyes) -> np.ndarray:
    weights = head.weights(head.lid_weights(eyes))
    return head.landmarks(head.evaluate(head.vertices, weights, eyes)) * 10


def test_an_iris_is_wider_than_high(head: HeadModel) -> None:
    points = points_mm(head, Eyes())
    for pupil in IRISES:
        right, top, left, bottom = points[pupil + 1 : pupil + 5]
        assert abs(right - left)[0] == pytest.approx(11.7, abs=0.1)
        assert abs(top - bottom)[1] == pytest.approx(10.7, abs=0.1)


@pytest.mark.parametrize("eyes", [Eyes(0, 30), Eyes(0, -30), Eyes(-30, 0), Eyes(20, 0)])
def test_corners_hardly_go_with_the_gaze_and_lids_do(head: HeadModel, eyes: Eyes) -> None:
    moved = points_mm(head, eyes) - points_mm(head, Eyes())
    for lid in LIDS:
        assert np.linalg.norm(moved[[lid, lid + 8]], axis=1).max() < 0.6
    upper = moved[[LIDS[0] + 4, LIDS[1] + 4], 1]
    assert (np.sign(eyes.pitch) * upper > 1.0).all() or eyes.pitch == 0


def test_expressions_other_than_looks_stay_as_they_were(head: HeadModel) -> None:
    with np.load(head.root / "ict_head.npz") as data:
        offset = data["expression"][head.expression_index["jawOpen"]].astype(np.float32)
    opened = head.evaluate(head.vertices, head.weights({"jawOpen": 1.0}))
    np.testing.assert_allclose(opened - head.vertices, offset, atol=2e-3)
