import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.camera.intrinsics import FORMAT, PRESETS, intrinsics_for, load_intrinsics, scaled
from landmarkd.errors import ConfigurationError
from landmarkd.types import Intrinsics

GOOD = {
    "format": FORMAT,
    "width": 640,
    "height": 480,
    "fx": 520.0,
    "fy": 521.0,
    "cx": 322.0,
    "cy": 238.0,
    "distortion": [0.1, -0.2, 0.001, 0.002, 0.0],
}


def field_deg(intrinsics):
    return 2 * math.degrees(math.atan(intrinsics.width / 2 / intrinsics.fx))


@pytest.mark.parametrize(
    ("choice", "degrees"), [("guess", 60), ("guess:60deg", 60), ("guess:75.5", 75.5)]
)
def test_a_guess_has_the_field_of_view_it_names(choice, degrees):
    intrinsics = intrinsics_for(640, 480, choice)
    assert field_deg(intrinsics) == pytest.approx(degrees)
    assert intrinsics.origin == f"guess:{degrees:g}deg"
    assert (intrinsics.cx, intrinsics.cy) == (319.5, 239.5)


def test_a_guess_is_across_the_longer_side():
    assert intrinsics_for(480, 640).fx == intrinsics_for(640, 480).fx


# Horizontal fields of view from the Raspberry Pi documentation; those of Module 3 include
# distortion.
@pytest.mark.parametrize(
    ("name", "degrees", "within"),
    [("module-2", 62.2, 0.2), ("module-3", 66, 3), ("module-3-wide", 102, 3.5)],
)
def test_presets_agree_with_the_documented_field_of_view(name, degrees, within):
    preset = PRESETS[name]
    intrinsics = intrinsics_for(preset.width, preset.height, name)
    assert field_deg(intrinsics) == pytest.approx(degrees, abs=within)
    assert intrinsics.origin == f"preset:{name}"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_serves_usual_sizes_and_fits_the_wire(name):
    for width, height in ((640, 480), (1280, 720), (480, 640)):
        intrinsics = intrinsics_for(width, height, f"preset:{name}")
        assert (intrinsics.width, intrinsics.height) == (width, height)
        assert len(intrinsics.origin) <= 24


def test_another_shape_is_cut_from_the_middle():
    # A 16:9 sensor shown as 4:3 loses its sides and keeps its height.
    whole, cut = intrinsics_for(1536, 864, "module-3"), intrinsics_for(640, 480, "module-3")
    assert cut.fy / cut.height == pytest.approx(whole.fy / whole.height)
    assert field_deg(cut) < field_deg(whole)


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("Camera Module 3", "module-3"),
        ("Camera Module 3 Wide", "module-3-wide"),
        ("a typical webcam", "guess:60deg"),
    ],
)
def test_the_page_about_cameras_has_the_sizes_of_faces_that_the_presets_give(name, choice):
    page = Path(__file__).parents[2] / "docs" / "camera-and-light.md"
    row = re.search(
        rf"^\| {name} \| (\d+)° \| (\d+) px \| (\d+) px", page.read_text(), re.MULTILINE
    )
    camera = intrinsics_for(640, 480, choice)
    faces = [150 * camera.fx / distance for distance in (600, 1000)]
    assert [int(number) for number in row.groups()] == [
        round(number) for number in (field_deg(camera), *faces)
    ]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1280, 720)])
def test_a_preset_is_turned_as_the_pictures_are(rotation, size):
    sensor = intrinsics_for(*size, "module-3")
    shown = size if rotation % 180 == 0 else size[::-1]
    turned = intrinsics_for(*shown, "module-3", rotation=rotation)
    assert (turned.width, turned.height) == shown
    assert (turned.fx, turned.fy) == (sensor.fx, sensor.fy)
    assert (turned.cx, turned.cy) == ((shown[0] - 1) / 2, (shown[1] - 1) / 2)


@given(st.floats(-3, 3), st.floats(-2, 2), st.sampled_from([(320, 240), (1280, 960), (1920, 1080)]))
def test_scaling_moves_a_point_as_it_moves_its_picture(x, y, size):
    intrinsics = Intrinsics(520, 521, 322, 238, 640, 480, "calibrated:x")
    other = scaled(intrinsics, *size, quiet=True)
    factor = max(size[0] / 640, size[1] / 480)
    for focal, centre, side, new_focal, new_centre, new_side, at in (
        (intrinsics.fx, intrinsics.cx, 640, other.fx, other.cx, size[0], x),
        (intrinsics.fy, intrinsics.cy, 480, other.fy, other.cy, size[1], y),
    ):
        # From the middle of the picture, edges at half pixels.
        before = focal * at + centre - (side - 1) / 2
        after = new_focal * at + new_centre - (new_side - 1) / 2
        assert after == pytest.approx(before * factor, abs=1e-6)


def test_a_calibration_is_read_back_and_scaled(tmp_path):
    path = tmp_path / "car.json"
    path.write_text(json.dumps(GOOD))
    assert intrinsics_for(640, 480, str(path)) == load_intrinsics(path)
    half = intrinsics_for(320, 240, str(path))
    assert (half.fx, half.origin) == (260.0, "calibrated:car")
    assert half.distortion == tuple(GOOD["distortion"])


def test_a_calibration_of_another_shape_is_warned_of(tmp_path, caplog):
    path = tmp_path / "car.json"
    path.write_text(json.dumps(GOOD))
    intrinsics_for(640, 360, str(path))
    assert "cropped around the centre" in caplog.text
    assert "rotation" not in caplog.text


def test_a_calibration_without_the_rotation_of_the_pictures_is_warned_of(tmp_path, caplog):
    path = tmp_path / "car.json"
    path.write_text(json.dumps(GOOD))
    intrinsics_for(480, 640, str(path), rotation=90)
    assert "calibrate with the same rotation" in caplog.text


def test_a_calibration_of_turned_pictures_is_right_as_it_is(tmp_path, caplog):
    path = tmp_path / "car.json"
    path.write_text(json.dumps(GOOD))
    assert intrinsics_for(640, 480, str(path), rotation=90) == load_intrinsics(path)
    assert not caplog.text


@pytest.mark.parametrize(
    "choice",
    [
        "",
        "guess:0deg",
        "guess:wide",
        "guess:179",
        "module-9",
        "preset:module-9",
        "preset:/tmp/x.json",
    ],
)
def test_a_wrong_choice_says_what_is_allowed(choice):
    with pytest.raises(ConfigurationError, match=r"preset|10 to 150"):
        intrinsics_for(640, 480, choice)


def test_a_missing_calibration_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigurationError, match="landmarkd calibrate camera"):
        intrinsics_for(640, 480, str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"fx": None},
        {"fx": 0},
        {"fx": float("nan")},
        {"fx": 1e9},
        {"width": 0},
        {"distortion": [0.0]},
        {"distortion": 3},
    ],
)
def test_a_wrong_calibration_is_named(tmp_path, change):
    path = tmp_path / "car.json"
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(ConfigurationError, match=r"car\.json is not a camera calibration"):
        load_intrinsics(path)


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_no_content_raises_anything_else(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("calibrations") / "x.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        load_intrinsics(path)
