import cv2
import numpy as np
import pytest

from models.train.augment import Jitter, Shake, cut, cut_twice, disturb, grain
from models.train.shards import Crop

STILL = Jitter(scale=(1.0, 1.0), shift=0.0, turn_deg=0.0, upright=0.0, wild=0.0)


def a_crop(rng: np.random.Generator, roll: float = 0.0) -> Crop:
    """Seven bright discs on black where seven of the points are."""
    points = np.zeros((562, 3), np.float32)
    points[:, :2] = 88 + rng.uniform(-50, 50, (562, 2))
    points[:2, :2] = [[38, 38], [138, 138]]
    image = np.zeros((176, 176, 3), np.uint8)
    for x, y in points[552:557, :2]:
        cv2.circle(
            image, (round(x * 16), round(y * 16)), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4
        )
    return Crop(image, points, np.ones(562, bool), True, roll)


def turn_between(before: np.ndarray, after: np.ndarray) -> float:
    return float(
        np.degrees(np.arctan2(before[0] * after[1] - before[1] * after[0], before @ after))
    )


def brightness(image: np.ndarray, xy: np.ndarray) -> float:
    return float(cv2.getRectSubPix(image[..., 0], (3, 3), tuple(map(float, xy))).mean())


@pytest.mark.parametrize("seed", range(12))
def test_points_stay_on_what_they_mark(seed):
    rng = np.random.default_rng(seed)
    crop = a_crop(rng)
    image, points, visible = cut(crop, rng, Jitter(wild=0.5))
    assert image.shape == (128, 128, 3)
    assert visible.shape == (562,)
    # A mirrored crop exchanges the irises, so the marks of the right one are found under the left
    # one's.
    marked = [points[552:557, :2], points[557:562, :2]]
    inside = [p[((p > 3) & (p < 124)).all(1)] for p in marked]
    best = max(np.mean([brightness(image, xy) for xy in p]) if len(p) else 255 for p in inside)
    assert best > 150


def test_a_still_cut_is_the_margin_round_the_box():
    rng = np.random.default_rng(2)
    crop = a_crop(rng)
    _, points, _ = cut(crop, rng, STILL)
    box = np.ptp(points[:520, :2], axis=0)
    assert box.max() == pytest.approx(128 / 1.3, rel=0.02)
    middle = (points[:520, :2].min(0) + points[:520, :2].max(0)) / 2
    np.testing.assert_allclose(middle, 63.5, atol=1.0)


def test_an_upright_cut_takes_out_the_roll():
    rng = np.random.default_rng(4)
    crop = a_crop(rng, roll=30.0)
    turned = Jitter(scale=(1, 1), shift=0, turn_deg=0, upright=1.0, wild=0.0)
    _, points, _ = cut(crop, rng, turned)
    before = crop.points[521, :2] - crop.points[536, :2]
    after = points[521, :2] - points[536, :2]
    angle = turn_between(before, after)
    mirrored = crop.points[537, :2] - crop.points[520, :2]
    other = turn_between(mirrored * [-1, 1], after)
    # Clockwise in the image is positive (y points down): undoing a roll of 30 turns by -30, or +30
    # if mirrored.
    assert min(abs(angle + 30), abs(other - 30)) < 0.5


def test_the_same_seed_gives_the_same_sample():
    crop = a_crop(np.random.default_rng(5))
    made = []
    for _ in range(2):
        rng = np.random.default_rng((1, 2, 3))
        image, points, _ = cut(crop, rng, Jitter())
        made.append((disturb(image, rng), points))
    np.testing.assert_array_equal(made[0][0], made[1][0])
    np.testing.assert_array_equal(made[0][1], made[1][1])


def test_disturbing_keeps_shape_and_type():
    image = np.full((128, 128, 3), 90, np.uint8)
    kinds = {disturb(image, np.random.default_rng(seed)).tobytes() for seed in range(40)}
    assert len(kinds) > 25
    assert all(len(kind) == image.size for kind in kinds)


def test_two_cuts_of_a_crop_lie_on_one_another_when_led_back():
    rng = np.random.default_rng(5)
    images, points, _, back = cut_twice(a_crop(rng), rng, Jitter(), Shake())
    assert len(images) == 2
    assert np.abs(points[0] - points[1]).max() > 0.1
    first, second = (p[:, :2] @ m[:, :2].T + m[:, 2] for p, m in zip(points, back, strict=True))
    np.testing.assert_allclose(first, points[0, :, :2], atol=1e-4)
    np.testing.assert_allclose(second, points[0, :, :2], atol=1e-2)


def test_grain_differs_from_picture_to_picture_and_is_decided_by_the_generator():
    image = np.full((128, 128, 3), 120, np.uint8)
    made = [grain(image, np.random.default_rng(seed)).tobytes() for seed in range(12)]
    assert len(set(made)) > 4
    assert made == [grain(image, np.random.default_rng(seed)).tobytes() for seed in range(12)]
