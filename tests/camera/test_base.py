import time

import cv2
import numpy as np
import pytest
from landmarkd.camera.base import monotonic_stamp
from landmarkd.camera.jpeg import decode_jpeg, jpeg_scale
from landmarkd.camera.pixels import rotation_option, to_bgr, turned
from landmarkd.errors import SourceFormatError, UsageError
from landmarkd.uri import parse_uri

from tests.camera.clips import picture

NOW = 10_000_000_000_000


def test_stamps_of_the_last_two_seconds_on_the_monotonic_clock_are_believed():
    assert monotonic_stamp(NOW - 5_000_000, NOW) == NOW - 5_000_000


def test_stamps_that_ran_on_while_the_machine_slept_are_moved(monkeypatch):
    asleep = 7_200_000_000_000
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: time.monotonic_ns() + asleep)
    assert monotonic_stamp(NOW - 5_000_000 + asleep, NOW) == pytest.approx(
        NOW - 5_000_000, abs=50_000_000
    )


@pytest.mark.parametrize(
    "stamp", [0, -1, NOW + 3_000_000_000_000, 1_700_000_000_000_000_000, NOW - 3_000_000_000]
)
def test_other_stamps_are_replaced_by_the_time_of_reading(stamp):
    assert monotonic_stamp(stamp, NOW) == NOW


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_usual_pictures_become_bgr(shape, dtype):
    image = np.full(shape, 200 if dtype == np.uint8 else 200 << 8, dtype)
    converted = to_bgr(image, "picture")
    assert converted.shape == (4, 6, 3)
    assert converted.dtype == np.uint8
    assert (converted == 200).all()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 6, 3), np.uint8),
        np.zeros((4, 6, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((4, 6, 3)),
    ],
)
def test_what_no_camera_makes_is_refused(image):
    with pytest.raises(SourceFormatError, match="frame 7"):
        to_bgr(image, "frame 7")


def jpeg(number=3, size=(96, 64)):
    return cv2.imencode(".jpg", picture(number, size))[1].reshape(-1)


def busy_jpeg(*options):
    """A picture in which every byte matters."""
    image = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    return cv2.imencode(".jpg", image, options)[1].reshape(-1)


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_jpeg_pictures_are_decoded_at_a_part_of_their_size(scale):
    image = decode_jpeg(jpeg(size=(99, 65)), scale, "camera")
    assert image.shape == (-(-65 // scale), -(-99 // scale), 3)
    assert abs(int(image[-1, -1, 0]) - 44) < 4


@pytest.mark.parametrize("scale", [1, 2])
def test_damaged_jpeg_pictures_are_refused(scale):
    whole = busy_jpeg()
    half = len(whole) // 2
    damaged = {
        "cut": whole[:half],
        "zeroed": np.concatenate([whole[:half], np.zeros(half, np.uint8)]),
        "lost": np.concatenate([whole[:half], whole[half + 600 :]]),
        "random": np.random.default_rng(1).integers(0, 256, 900, np.uint8),
        "empty": whole[:0],
    }
    for name, data in damaged.items():
        with pytest.raises(SourceFormatError, match="camera delivered a"):
            pytest.fail(f"{name}: {decode_jpeg(data, scale, 'camera').shape}")


def test_bytes_before_a_marker_are_what_many_webcams_send():
    whole = busy_jpeg(cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
    marker = bytes(whole).index(b"\xff\xd1")
    padded = np.concatenate([whole[:marker], np.zeros(3, np.uint8), whole[marker:]])
    assert np.array_equal(decode_jpeg(padded, 1, "camera"), decode_jpeg(whole, 1, "camera"))


@pytest.mark.parametrize(
    ("given", "wanted", "scale"),
    [
        ((640, 480), (640, 480), 1),
        ((1280, 720), (640, 480), 1),
        ((1280, 960), (640, 480), 2),
        ((1920, 1080), (640, 480), 2),
        ((3840, 2160), (640, 480), 4),
        ((320, 240), (640, 480), 1),
    ],
)
def test_the_scale_leaves_what_is_wanted(given, wanted, scale):
    assert jpeg_scale(given, wanted) == scale


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pictures_are_turned_clockwise(rotation):
    uri = parse_uri(f"x:?rotation={rotation}", ["x"])
    image = turned(picture(1), rotation_option(uri))
    # The bright corner starts at the top left and moves clockwise.
    corner = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[rotation]
    assert image[corner].min() == 250
    assert image.shape[:2] == ((64, 96) if rotation % 180 == 0 else (96, 64))


@pytest.mark.parametrize("text", ["45", "-90", "360", "up"])
def test_other_rotations_are_refused(text):
    with pytest.raises(UsageError, match="use 0, 90, 180 or 270"):
        rotation_option(parse_uri(f"x:?rotation={text}", ["x"]))


def test_a_frame_whose_header_claims_a_huge_picture_is_damaged():
    data = jpeg(size=(64, 48)).copy()
    begin = bytes(data).index(b"\xff\xc0")
    data[begin + 5 : begin + 9] = 0x7F
    with pytest.raises(SourceFormatError):
        decode_jpeg(data, 1, "camera")
