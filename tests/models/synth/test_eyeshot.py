"""Drawn eyes: labels that follow what is drawn."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from landmarkd.vision.eye_patch import HEIGHT, WIDTH

pytest.importorskip("numba")

from models.head import Eyes
from models.head.model import IRIS_TRAVEL, eye_directions, eye_rotations
from models.synth.eye_file import DETAIL, DOWN, MARGIN, SHUT, STORED
from models.synth.eye_labels import iris_share
from models.synth.eyeshot import EyeStudio, shots

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def drawn():
    return shots(3, 0, 40, EyeStudio())


def test_eyes_of_the_mesh_turn_by_so_much_less_that_irises_go_as_far_as_peoples():
    for eyes in (Eyes(10, 20, 3), Eyes(-30, -5, 0)):
        for looked, turn in zip(eye_directions(eyes), eye_rotations(eyes), strict=True):
            np.testing.assert_allclose(turn[:2, 2], IRIS_TRAVEL * looked[:2], atol=1e-6)
    assert eye_rotations(Eyes())[0] == pytest.approx(np.eye(3))


def test_every_pair_has_two_patches_of_the_same_size(drawn):
    assert drawn.patch.shape == (80, *STORED)
    assert drawn.points.shape == (80, 21, 2)
    assert np.isfinite(drawn.points).all()
    middle = drawn.points[:, :16].mean((0, 1))
    assert middle == pytest.approx([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], abs=3)


def test_the_iris_goes_where_the_gaze_is(drawn):
    """Both the patch of the left eye and the mirrored one of the right."""
    from_corners = drawn.points[:, 16:].mean(1) - drawn.points[:, [0, 8]].mean(1)
    near = (np.abs(drawn.pose[:, :2]) < 15).all(1)
    for axis in (0, 1):
        for side in (0, 1):
            chosen = np.flatnonzero(near)[np.flatnonzero(near) % 2 == side]
            assert np.corrcoef(from_corners[chosen, axis], drawn.gaze[chosen, axis])[0, 1] > 0.7


def test_lids_and_shares_say_what_is_open(drawn):
    gap = (drawn.points[:, 9:16][:, ::-1] - drawn.points[:, 1:8])[..., 1].mean(1)
    wide = drawn.openness > 0.25
    assert gap[drawn.kind == SHUT].mean() < 0.2 * gap[wide].mean()
    assert drawn.share[wide].mean() > 0.5
    assert (drawn.share[drawn.kind == DOWN] < 0.4).all()
    assert drawn.share[drawn.kind == SHUT].mean() < 0.2


def test_the_share_of_an_iris_is_that_between_the_lids():
    points = np.zeros((21, 2), np.float32)
    angle = np.linspace(0, -2 * np.pi, 16, endpoint=False)
    points[:16] = np.stack([32 + 20 * np.cos(angle), 20 + 15 * np.sin(angle)], 1)
    points[16:] = [32, 20]
    points[17:] += [[6, 0], [0, -6], [-6, 0], [0, 6]]
    assert iris_share(points) == pytest.approx(1.0)
    points[1:8, 1] = 20  # the upper lid halves it
    assert iris_share(points) == pytest.approx(0.5, abs=0.08)
    points[9:16, 1] = 20
    assert iris_share(points) < 0.15


def test_a_pupil_is_drawn_where_its_label_is(drawn):
    """Wide open eyes are dark at the label of the pupil."""
    wide = np.flatnonzero((drawn.openness > 0.3) & (drawn.tags == 0) & (drawn.share > 0.6))
    if not len(wide):
        pytest.skip("no wide open eye among these few")
    for k in wide:
        x, y = np.rint((drawn.points[k, 16] + 0.5) * DETAIL - 0.5 + MARGIN).astype(int)
        at = drawn.patch[k, y - 2 : y + 3, x - 2 : x + 3].min()
        lids = drawn.patch[k, y - 30 : y + 30, x - 40 : x + 40]
        assert at < np.quantile(lids, 0.25)
