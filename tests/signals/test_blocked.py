import numpy as np
import pytest
from landmarkd.signals.blocked import is_blocked


def grey(level, noise):
    rng = np.random.default_rng(2)
    return np.clip(rng.normal(level, noise, (480, 640, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("level", "noise"), [(0, 0), (4, 6), (90, 12), (255, 0)])
def test_an_even_picture_is_blocked_however_noisy(level, noise):
    assert is_blocked(grey(level, noise))


def test_a_dim_scene_is_not():
    scene = grey(10, 3)
    scene[100:400, 200:450] += 25
    assert not is_blocked(scene)


def test_a_picture_too_small_to_tell_is_not():
    assert not is_blocked(np.zeros((16, 16, 3), np.uint8))
