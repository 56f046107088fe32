import numpy as np
import pytest
from landmarkd.layout import DENSE, LAYOUTS
from landmarkd.types import FaceObservation, RegionOfInterest
from landmarkd.vision.eyes import EyeModel
from landmarkd.vision.follower import Follower, Group
from landmarkd.vision.lid_corners import EYES, REACH_MM, ring_weights
from landmarkd.vision.refiner import Refiner
from landmarkd.vision.zoo import open_zoo

from tests.clip import frames
from tests.signals.faces import head, seen

FULL = LAYOUTS["landmarkd-562"]
LIDS = np.arange(520, 552)
EYES_562 = FULL.ibug68[EYES]


def moved(seen_share: tuple[float, float], sigma: np.ndarray | None = None):
    """Points before and after all lids went 5 px down; shares of the right and the left eye."""
    before = seen(head()).astype(np.float32)
    follower = Follower(FULL, [Group(EYES, REACH_MM, without_sigma=1.0)])
    found = []
    for down in (0.0, 5.0):
        points = before.copy()
        points[LIDS, 1] += down
        shift = ring_weights() @ points[LIDS, :2] - points[follower.into, :2]
        lids = None if sigma is None else np.full(12, sigma[LIDS[0]], np.float32)
        kept = sigma if down else None if sigma is None else sigma.copy()
        follower.move(points, kept, shift, lids, np.repeat(np.float32(seen_share), 6))
        found.append(points)
    return found


def test_points_of_the_eyes_go_with_the_lids():
    before, after = moved((1.0, 1.0))
    np.testing.assert_allclose(after[EYES_562, 1] - before[EYES_562, 1], 5.0, atol=0.01)
    far = np.abs(before[:DENSE, 1] - before[EYES_562, 1].mean()) > 80
    assert far.any()
    np.testing.assert_array_equal(after[:DENSE][far], before[:DENSE][far])


def test_an_eye_that_is_not_there_keeps_its_points():
    before, after = moved((0.0, 1.0))
    np.testing.assert_allclose(after[EYES_562[:6], 1], before[EYES_562[:6], 1], atol=0.01)
    np.testing.assert_allclose(after[EYES_562[6:], 1] - before[EYES_562[6:], 1], 5.0, atol=0.01)


def test_the_surer_model_has_the_larger_share():
    sigma = np.full(562, 2.0, np.float32)
    sigma[LIDS] = 20.0
    before, after = moved((1.0, 1.0), sigma)
    assert np.abs(after[EYES_562, 1] - before[EYES_562, 1]).max() < 0.5
    assert (sigma[EYES_562] >= 2.0).all()


@pytest.fixture(scope="module")
def refiner():
    eyes = EyeModel(open_zoo())
    yield Refiner(eyes, (), FULL)
    eyes.close()


def went(refiner: Refiner, yaw: float) -> float:
    """How far the points of the eyes moved to the lids in a picture without lids, pixels."""
    points = seen(head(), yaw=yaw).astype(np.float32)
    found = FaceObservation(1.0, RegionOfInterest(320, 240, 300.0), points)
    refined = refiner.refine(frames()[0].image, found)
    return float(np.abs(refined.points[EYES_562] - points[EYES_562]).max())


def test_turned_heads_keep_their_points(refiner):
    assert went(refiner, 0.0) > 0.0
    assert went(refiner, 55.0) == went(refiner, -55.0) == 0.0


def test_nothing_jumps_where_the_lids_begin_to_count(refiner):
    way = [went(refiner, yaw) for yaw in np.arange(37.0, 43.0, 0.25)]
    assert way[0] > 0.3
    assert way[-1] == 0.0
    assert np.abs(np.diff(way)).max() < 0.15
