import time

import numpy as np
import pytest
from landmarkd.camera.base import monotonic_stamp, to_bgr
from landmarkd.errors import SourceFormatError

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
