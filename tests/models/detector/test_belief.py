import numpy as np
import pytest

pytest.importorskip("torch")

from models.detector.belief import Evidence, Fit, fit, joined
from models.detector.network import SIDE
from models.detector.scenes import Scene, turned


def made(seed: int, count: int = 4000) -> Evidence:
    """Return evidence that separates faces from others by each of its values."""
    rng = np.random.default_rng(seed)
    faces = rng.random(count) < 0.3
    values = rng.normal(size=(count, 4)).astype(np.float32)
    values[faces] += np.float32([2, 1, -1, 1.5])
    photographs = np.where(faces, -1, rng.integers(0, 500, count))
    return Evidence(values, faces, np.zeros(count, np.float32), photographs, 600)


def believed(found: Fit, evidence: Evidence) -> np.ndarray:
    """Return which of the readings would be believed."""
    weights = np.float32([found.presence, found.score, found.log_sigma, found.near])
    likely = evidence.values @ weights + evidence.log_odds + found.offset >= 0
    return likely & (evidence.values[:, 0] >= 0) & (evidence.values[:, 1] >= np.log(0.15 / 0.85))


def test_the_share_of_faceless_photographs_with_a_face_is_the_one_asked_for():
    evidence = made(3)
    found = fit(evidence, 0.02)
    assert found.presence > found.score > 0 > found.log_sigma
    assert found.near > found.score
    accepted = believed(found, evidence)
    assert len(set(evidence.photographs[accepted & ~evidence.faces])) == 12  # of 600
    assert accepted[evidence.faces].mean() > 0.4


def test_a_value_that_says_nothing_gets_no_weight_of_the_wrong_sign():
    evidence = made(4)
    evidence.values[:, 1] *= -1
    found = fit(evidence, 0.02)
    assert 0 <= found.score < 0.05
    assert found.near > 0.5


def test_gatherings_are_joined_with_their_photographs_apart():
    a, b = made(5, 100), made(6, 100)
    both = joined([a, b])
    assert both.count == 1200
    assert len(both.values) == 200
    assert set(both.photographs[:100]) == set(a.photographs)
    assert set(both.photographs[100:]) == {n + 600 if n >= 0 else -1 for n in b.photographs}


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_labels_of_a_turned_scene_turn_with_its_picture(quarters):
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[30:71, 40:61] = 60
    image[35, 50], image[70, 50] = 200, 120  # eyes and chin
    scene = Scene(image, np.float32([[40, 30, 60, 70, 50, 35, 50, 70]]), np.zeros(1, bool))
    seen = turned(scene, quarters)
    (face,) = seen.faces.astype(int)
    rows, columns = np.nonzero(seen.image[..., 0])
    assert face[:4].tolist() == [columns.min(), rows.min(), columns.max(), rows.max()]
    assert seen.image[face[5], face[4], 0] == 200
    assert seen.image[face[7], face[6], 0] == 120
