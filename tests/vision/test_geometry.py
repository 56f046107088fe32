import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.layout import LAYOUTS, canonical_points
from landmarkd.types import RegionOfInterest
from landmarkd.vision import geometry

coordinate = st.floats(-2000, 2000)
rois = st.builds(RegionOfInterest, coordinate, coordinate, st.floats(1, 3000), st.floats(-180, 180))


def to_unit(points: np.ndarray, roi: RegionOfInterest) -> np.ndarray:
    """Map (n, 3) points from image pixels to crop units, the inverse of `to_image`."""
    affine = geometry.image_from_crop(roi, 1) @ [[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]
    level = (points[:, :2] - affine[:, 2]) @ np.linalg.inv(affine[:, :2]).T
    return np.column_stack([level, points[:, 2] / roi.side]).astype(np.float32)


@given(rois, st.integers(0, 2**32 - 1))
def test_image_and_crop_units_round_trip(roi: RegionOfInterest, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-0.5, 1.5, (20, 3)).astype(np.float32)
    back = to_unit(geometry.to_image(points, roi), roi)
    # float32 pixels of a far crop carry this much of a small region's side.
    assert np.allclose(
        back, points, atol=2e-6 * max(1, (abs(roi.x) + abs(roi.y) + roi.side) / roi.side)
    )


def test_crop_unit_of_a_whole_picture_is_its_edges() -> None:
    roi = RegionOfInterest(x=49.5, y=49.5, side=100)
    corners = geometry.to_image(np.array([[0, 0, 0.1], [1, 1, 0]], np.float32), roi)
    assert corners == pytest.approx(np.array([[-0.5, -0.5, 10], [99.5, 99.5, 0]]), abs=1e-4)


@pytest.mark.parametrize("angle", [0, 30, -120])
@pytest.mark.parametrize("side", [60, 128, 200])
def test_a_dot_in_the_image_appears_in_the_crop_where_the_geometry_says(
    angle: float, side: float
) -> None:
    picture = np.zeros((300, 400), np.float32)
    dot = np.array([210.0, 140.0])
    y, x = np.mgrid[0:300, 0:400]
    picture += np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / (2 * 3.0**2))
    roi = RegionOfInterest(205, 150, side, angle)
    size = 128
    crop = cv2.warpAffine(
        picture,
        geometry.image_from_crop(roi, size),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    cy, cx = np.mgrid[0:size, 0:size]
    seen = np.array([(crop * cx).sum(), (crop * cy).sum()]) / crop.sum()
    expected = to_unit(np.array([[*dot, 0]], np.float32), roi)[0, :2] * size - 0.5
    assert seen == pytest.approx(expected, abs=0.05)


def test_overlap_of_boxes() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    assert geometry.box_overlap(box, box) == 1
    assert geometry.box_overlap(box, (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert geometry.box_overlap(box, (10, 0, 20, 10)) == 0


@pytest.mark.parametrize("roll", [-60, -10, 0, 25, 90])
def test_roll_of_a_turned_head_is_its_turn(roll: float) -> None:
    layout = LAYOUTS["landmarkd-562"]
    turn = np.deg2rad(roll)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = canonical_points(layout).copy()
    points[:, :2] = points[:, :2] @ rotation.T
    # The mean head's chin lies a little beside its middle.
    assert geometry.extent_of(points, layout.ibug68).roll == pytest.approx(roll, abs=1.5)


@pytest.mark.parametrize("yaw", [-90, -60, 60, 90])
def test_roll_of_an_upright_profile_is_small(yaw: float) -> None:
    layout = LAYOUTS["landmarkd-562"]
    turn = np.deg2rad(yaw)
    about_y = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    points = (canonical_points(layout) @ about_y.T).astype(np.float32)
    assert abs(geometry.extent_of(points, layout.ibug68).roll) < 8


@given(st.floats(-180, 180), st.floats(1.0, 2.0))
def test_the_region_of_an_extent_holds_all_points(angle: float, margin: float) -> None:
    layout, turn = LAYOUTS["dense-520"], np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = canonical_points(layout) * 2 + np.float32([300, 200, 0])
    points[:, :2] = points[:, :2] @ rotation
    extent = geometry.extent_of(points, layout.ibug68)
    roi = RegionOfInterest(extent.x, extent.y, margin * extent.side, extent.roll)
    units = to_unit(points, roi)[:, :2]
    assert units.min() >= -1e-4
    assert units.max() <= 1 + 1e-4
    assert np.ptp(units, axis=0).max() == pytest.approx(1 / margin, rel=1e-3)


def test_the_first_region_is_moved_up_along_the_face() -> None:
    upright = geometry.roi_from_box((100, 100, 200, 180), 1.5, 0.1)
    assert (upright.x, upright.y, upright.side) == pytest.approx((150, 140 - 15, 150))
    lying = geometry.roi_from_box((100, 100, 200, 180), 1.5, 0.1, angle=90)
    assert (lying.x, lying.y) == pytest.approx((165, 140))


@pytest.mark.parametrize(
    "bad", [(0, 0, 0, 0), (float("nan"), 0, 1, 0), (0, 0, -5, 0), (0, 0, float("inf"), 0)]
)
def test_impossible_regions_are_refused(bad: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="region of interest"):
        RegionOfInterest(*bad)


@pytest.mark.parametrize(
    ("x", "side", "angle", "share"),
    [
        (102.0, 200.0, 10.0, 0.1 + 0.25),
        (100.0, 200.0 * math.exp(0.03), 10.0, 0.1 + 0.5),
        (100.0, 200.0, 373.0, 0.1 + 0.75),
        (108.0, 200.0, 10.0, 1.0),
        (100.0, 215.0, 10.0, 1.0),
        (100.0, 187.0, 10.0, 1.0),
        (100.0, 200.0, 14.0, 1.0),
        (100.0, 200.0, -355.0, 1.0),
    ],
)
def test_a_region_follows_the_more_the_farther_off_it_is(
    x: float, side: float, angle: float, share: float
) -> None:
    before, wanted = (
        RegionOfInterest(100.0, 80.0, 200.0, 10.0),
        RegionOfInterest(x, 80.0, side, angle),
    )
    region = geometry.eased(before, wanted)
    assert region.x == pytest.approx(100 + share * (x - 100))
    assert math.log(region.side / 200) == pytest.approx(share * math.log(side / 200))
    turned = (angle - 10 + 180) % 360 - 180
    assert (region.angle - 10 + 180) % 360 - 180 == pytest.approx(share * turned)


def test_a_region_comes_to_rest_where_it_belongs() -> None:
    region, wanted = (
        RegionOfInterest(100.0, 80.0, 200.0, 179.0),
        RegionOfInterest(101.0, 79.0, 203.0, -179.0),
    )
    for _ in range(200):
        region = geometry.eased(region, wanted)
    assert (region.x, region.y, region.side) == pytest.approx((101, 79, 203))
    assert math.cos(math.radians(region.angle + 179)) == pytest.approx(1)


@pytest.mark.parametrize(("sigma", "share"), [(0.0, 1.0), (4.0, 0.8), (8.0, 0.5), (80.0, 1 / 101)])
def test_a_region_follows_its_points_as_far_as_they_are_sure(sigma: float, share: float) -> None:
    held, wanted = (
        RegionOfInterest(100.0, 80.0, 200.0, 170.0),
        RegionOfInterest(110.0, 60.0, 220.0, -170.0),
    )
    region = geometry.trusted(held, wanted, sigma)
    assert (region.x, region.y) == pytest.approx((100 + 10 * share, 80 - 20 * share))
    assert region.side == pytest.approx(200 * 1.1**share)
    assert region.angle == pytest.approx(170 + 20 * share)
