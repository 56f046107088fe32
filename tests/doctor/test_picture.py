"""The doctor's check of the camera's picture, on rotated pictures of the bundled clip."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.camera.demo import CLIP
from landmarkd.doctor.finding import Severity
from landmarkd.doctor.picture import picture
from landmarkd.machine import Machine
from landmarkd.settings.config import Configuration

from tests.machine.layout import only

ROTATIONS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}
"""The fix that the doctor must name => how the picture was changed."""


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    clip = cv2.VideoCapture(str(CLIP))
    read, image = clip.read()
    clip.release()
    assert read
    return image


def looked_at(image: np.ndarray, folder: Path, options: str = ""):
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    uri = f"images:{folder}{options}"
    return only(picture(Machine(), Configuration.model_validate({"source": {"uri": uri}})))


def test_an_upright_face_is_well(face: np.ndarray, tmp_path: Path):
    found = looked_at(face, tmp_path)
    assert found.severity == Severity.OK
    assert "640 x 480" in found.text


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_turned_camera_is_named_with_the_rotation(
    face: np.ndarray, tmp_path: Path, rotation: int
):
    found = looked_at(cv2.rotate(face, ROTATIONS[rotation]), tmp_path)
    assert found.severity == Severity.WARNING
    assert ("upside down" if rotation == 180 else "on its side") in found.text
    assert f"rotation={rotation} " in found.remedy


def test_a_face_upside_down_that_leans_to_both_sides_is_not_upright(
    face: np.ndarray, tmp_path: Path
):
    for number, degrees in enumerate((172, 188)):
        turn = cv2.getRotationMatrix2D((320, 240), degrees, 1.0)
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.warpAffine(face, turn, (640, 480)))
    uri = f"images:{tmp_path}"
    found = only(picture(Machine(), Configuration.model_validate({"source": {"uri": uri}})))
    assert "rotation=180 " in found.remedy


def test_a_rotation_that_is_wrong_is_counted_in(face: np.ndarray, tmp_path: Path):
    found = looked_at(face, tmp_path, "?rotation=180")
    assert "rotation=0 " in found.remedy


def test_a_rotation_that_is_right_is_well(face: np.ndarray, tmp_path: Path):
    found = looked_at(cv2.rotate(face, cv2.ROTATE_180), tmp_path, "?rotation=180")
    assert found.severity == Severity.OK


def test_an_empty_room_is_only_noted(tmp_path: Path):
    found = looked_at(np.full((480, 640, 3), 90, np.uint8), tmp_path)
    assert found.severity == Severity.NOTE
    assert "without a face" in found.text


def test_a_source_that_is_not_there_has_a_remedy(tmp_path: Path):
    uri = f"file:{tmp_path}/none.mp4"
    found = only(picture(Machine(), Configuration.model_validate({"source": {"uri": uri}})))
    assert found.severity == Severity.WARNING
    assert "none.mp4" in found.text


def test_a_camera_in_use_is_only_noted():
    configuration = Configuration.model_validate({"source": {"uri": "v4l2:/dev/video0"}})
    found = only(picture(Machine(), configuration, lambda _: ({"busy": True}, "")))
    assert found.severity == Severity.NOTE


def test_without_a_source_nothing_is_opened():
    assert not list(picture(Machine(), Configuration(), lambda _: pytest.fail("opened")))


@pytest.mark.parametrize(("uri", "looks"), [("demo", 0), ("demo:", 0), ("demonstration.mp4", 1)])
def test_only_the_demo_is_not_looked_at(uri: str, looks: int):
    configuration = Configuration.model_validate({"source": {"uri": uri}})
    assert len(list(picture(Machine(), configuration, lambda _: ({"busy": True}, "")))) == looks
