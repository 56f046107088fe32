import numpy as np
import pytest

pytest.importorskip("torch")

from models.detector.belief import fit
from models.detector.network import SIDE
from models.detector.scenes import Scene, turned


def test_the_share_of_false_proposals_that_is_believed_is_the_one_asked_for():
    rng = np.random.default_rng(3)
    faces = rng.random(4000) < 0.3
    evidence = rng.normal(size=(4000, 3)).astype(np.float32)
    evidence[faces] += np.float32([2, 1, -1])
    found = fit(evidence, faces, 0.02)
    assert found.presence > found.score > 0 > found.log_sigma
    values = evidence @ np.float32([found.presence, found.score, found.log_sigma]) + found.offset
    looked_at = ~faces & (evidence[:, 1] >= np.log(0.15 / 0.85))
    assert (values[looked_at] >= 0).mean() == pytest.approx(0.02, abs=0.002)
    assert (values[faces] >= 0).mean() > 0.4


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
