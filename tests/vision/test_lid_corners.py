import numpy as np
import pytest
from landmarkd.layout import DENSE, LAYOUTS
from landmarkd.vision.lid_corners import follow_lids

from tests.signals.faces import head, seen

FULL = LAYOUTS["landmarkd-562"]
LIDS = np.arange(520, 552)
EYES = FULL.ibug68[36:48]


def moved(yaw: float, seen_share: tuple[float, float], sigma: np.ndarray | None = None):
    """Points before and after all lids went 5 px down."""
    before = seen(head(), yaw=yaw).astype(np.float32)
    after = before.copy()
    follow_lids(after, None if sigma is None else sigma.copy(), seen_share)
    still = after.copy()
    after = before.copy()
    after[LIDS, 1] += 5.0
    follow_lids(after, sigma, seen_share)
    return still, after


def test_points_of_the_eyes_go_with_the_lids():
    before, after = moved(0.0, (1.0, 1.0))
    np.testing.assert_allclose(after[EYES, 1] - before[EYES, 1], 5.0, atol=0.01)
    far = np.abs(before[:DENSE, 1] - before[EYES, 1].mean()) > 80
    assert far.any()
    np.testing.assert_array_equal(after[:DENSE][far], before[:DENSE][far])


def test_an_eye_that_is_not_there_keeps_its_points():
    before, after = moved(0.0, (0.0, 1.0))
    np.testing.assert_allclose(after[EYES[:6], 1], before[EYES[:6], 1], atol=0.01)
    np.testing.assert_allclose(after[EYES[6:], 1] - before[EYES[6:], 1], 5.0, atol=0.01)


@pytest.mark.parametrize(("yaw", "share"), [(20.0, 1.0), (55.0, 0.0), (-55.0, 0.0)])
def test_turned_heads_keep_their_points_and_nothing_jumps(yaw, share):
    before, after = moved(yaw, (1.0, 1.0))
    np.testing.assert_allclose(after[EYES, 1] - before[EYES, 1], 5.0 * share, atol=0.01)
    steps = [
        float((np.subtract(*moved(yaw_, (1.0, 1.0))[::-1])[EYES, 1]).mean())
        for yaw_ in np.arange(0.0, 60.0, 1.0)
    ]
    assert np.abs(np.diff(steps)).max() < 0.5


def test_the_surer_model_has_the_larger_share():
    sigma = np.full(562, 2.0, np.float32)
    sigma[LIDS] = 20.0
    before, after = moved(0.0, (1.0, 1.0), sigma)
    assert np.abs(after[EYES, 1] - before[EYES, 1]).max() < 0.5
    assert (sigma[EYES] >= 2.0).all()
