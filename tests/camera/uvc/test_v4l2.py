"""The source v4l2 on OpenCV's real V4L2 back end."""

import subprocess
import sys
import time
from contextlib import suppress

import cv2
import numpy as np
import pytest
from landmarkd.camera import controls, make_source
from landmarkd.camera.capture import Capture
from landmarkd.errors import (
    SourceAbsentError,
    SourceBusyError,
    SourceFormatError,
    SourceLostError,
    SourceTimeoutError,
    UsageError,
)

from tests.camera.test_contract import SourceContract


class TestV4l2(SourceContract):
    live = True

    @pytest.fixture
    def uri(self, camera):
        return f"v4l2:{camera.node}"


@pytest.fixture
def opened(camera):
    """Open the camera with these options."""
    sources = []

    def start(options="", mode="ok"):
        camera.does(mode)
        sources.append(make_source(f"v4l2:{camera.node}{options}"))
        sources[-1].open()
        return sources[-1]

    yield start
    for source in sources:
        source.close()


def reads(source, count, timeout_s=1.0):
    """Read this many times; return the frames and the errors."""
    frames, errors = [], []
    for _ in range(count):
        try:
            frames.append(source.read(timeout_s))
        except (SourceFormatError, SourceLostError, SourceTimeoutError) as error:
            errors.append(error)
    return frames, errors


def picture(camera, number):
    return cv2.imread(str(camera.folder / f"{number}.jpg"))


def test_pictures_are_those_of_the_camera(camera, opened):
    source = opened()
    frames, errors = reads(source, 10)
    assert not errors
    assert frames[0].image.shape == (480, 640, 3)
    likeness = [
        min(np.abs(picture(camera, n).astype(int) - frame.image).mean() for n in range(20))
        for frame in frames
    ]
    assert max(likeness) < 1.5


def test_times_are_the_drivers(opened):
    source = opened()
    for _ in range(5):
        before = time.monotonic_ns()
        frame = source.read(1.0)
        # The fake driver sets the time of a frame when it is taken from the queue, during the read.
        assert before <= frame.captured_ns <= time.monotonic_ns()


@pytest.mark.parametrize("mode", ["cut", "zeroed", "lost", "garbage", "empty", "flagged"])
def test_damaged_frames_are_damaged_and_neither_served_nor_a_lost_camera(camera, opened, mode):
    source = opened()
    reads(source, 3)
    camera.does(mode)
    # Buffers that were filled before are complete.
    reads(source, 8)
    frames, errors = reads(source, 10)
    assert not frames
    assert {type(error) for error in errors} == {SourceFormatError}
    assert ("empty" if mode == "empty" else "frame") in str(errors[-1])
    camera.does("ok")
    reads(source, 8)
    frames, errors = reads(source, 5)
    assert len(frames) == 5
    assert not errors


def test_zeros_behind_a_picture_are_padding(camera, opened):
    frames, errors = reads(opened(mode="padded"), 8)
    assert len(frames) == 8
    assert not errors


def test_a_time_on_the_wall_clock_is_not_believed(camera, opened):
    source = opened(mode="wall")
    before = time.monotonic_ns()
    assert before - 1e9 <= source.read(1.0).captured_ns <= time.monotonic_ns()


def test_an_unplugged_camera_is_gone_and_comes_back(camera, opened):
    source = opened()
    reads(source, 3)
    camera.node.unlink()
    _, errors = reads(source, 3)
    assert {type(error) for error in errors} == {SourceLostError}
    assert "unplugged" in str(errors[0])
    source.close()
    with pytest.raises(SourceAbsentError, match="not there"):
        source.open()
    camera.node.touch()
    source.open()
    assert reads(source, 3)[0]


def test_a_camera_that_is_gone_while_its_node_is_still_there(camera, opened):
    source = opened()
    camera.does("gone")
    _, errors = reads(source, 3)
    assert {type(error) for error in errors} == {SourceLostError}


def test_a_silent_camera_times_out_in_time_and_goes_on(camera, opened):
    source = opened()
    camera.does("stall")
    reads(source, 8, timeout_s=0.1)
    began = time.monotonic()
    _, errors = reads(source, 3, timeout_s=0.2)
    assert {type(error) for error in errors} == {SourceTimeoutError}
    assert 0.5 < time.monotonic() - began < 5
    camera.does("ok")
    assert reads(source, 3)[0]


@pytest.mark.parametrize("mode", ["busy", "bandwidth"])
def test_a_camera_that_does_not_start(opened, mode):
    with pytest.raises(SourceBusyError, match="another program"):
        opened(mode=mode)


@pytest.mark.parametrize(
    ("formats", "options", "shape"),
    [
        ("MJPG YUYV", "?format=yuyv", (480, 640, 3)),
        ("YUYV", "", (480, 640, 3)),
        ("GREY", "", (480, 640, 3)),
        ("GREY", "?format=grey", (480, 640, 3)),
        ("MJPG", "?size=1280x720", (720, 1280, 3)),
        ("MJPG", "?rotation=90", (640, 480, 3)),
    ],
)
def test_formats_and_sizes(camera, opened, formats, options, shape):
    camera.has("formats", formats)
    frames, errors = reads(opened(options), 3)
    assert not errors
    assert frames[-1].image.shape == shape
    if "GREY" in formats:
        assert np.ptp(frames[-1].image, axis=2).max() == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("?size=800x600", "no pictures of 800x600, the nearest are 640x480"),
        ("?format=grey", "no format GREY at this size, it delivers"),
        ("?exposure=900000us", "exposure is from 300 to 204700 on this camera"),
    ],
)
def test_what_the_camera_cannot_do_is_named(opened, options, words):
    with pytest.raises(SourceFormatError, match=words):
        opened(options)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ("?mode=1920x1080", (540, 960)),
        ("?mode=1920x1080&size=480x270", (270, 480)),
        ("?mode=1920x1080&size=1920x1080", (1080, 1920)),
        ("?size=1920x1080", (1080, 1920)),
        ("?mode=1280x720", (720, 1280)),
    ],
)
def test_large_pictures_are_decoded_no_larger_than_needed(camera, opened, options, shape):
    frame = opened(options).read(1.0)
    assert frame.image.shape[:2] == shape
    whole = [picture(camera, n) for n in range(20, 28)]
    small = [cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA) for image in whole]
    assert min(np.abs(image.astype(int) - frame.image).mean() for image in small) < 3


def test_controls_are_set_once_the_stream_runs(camera, opened):
    opened("?exposure=10000us&gain=100&awb=4500K&af=manual&lens=20&flicker=50")
    assert camera.controls() == [
        (controls.EXPOSURE_AUTO, 1),
        (controls.EXPOSURE, 100),
        (controls.GAIN, 100),
        (controls.AUTO_WHITE_BALANCE, 0),
        (controls.TEMPERATURE, 4500),
        (controls.FOCUS_AUTO, 0),
        (controls.FOCUS, 20),
        (controls.FLICKER, 1),
    ]


def test_without_options_no_control_is_touched(camera, opened):
    opened()
    assert not camera.controls()


def test_a_rate_that_the_camera_lacks_is_said(camera, opened, caplog):
    camera.has("rate", "15")
    source = opened("?fps=30")
    assert source.period_s == pytest.approx(1 / 15)
    assert "30 frames a second were asked for, the camera makes 15" in caplog.text


@pytest.mark.parametrize(
    "options",
    [
        *("exposure=soon", "gain=-1", "awb=warm", "af=yes", "lens=far", "flicker=55"),
        *("af=continuous&lens=3", "format=jpeg", "rotation=45", "mode=1x1"),
    ],
)
def test_options_that_cannot_be_understood(camera, options):
    with pytest.raises(UsageError):
        make_source(f"v4l2:{camera.node}?{options}")


def test_cut_frames_are_counted_and_nothing_else(camera):
    capture = Capture(make_source(f"v4l2:{camera.node}"))
    capture.start()
    for _ in range(5):
        capture.next(2.0)
    camera.does("cut")
    until = time.monotonic() + 10
    while capture.statistics.corrupt < 5 and time.monotonic() < until:
        with suppress(SourceTimeoutError):
            capture.next(0.05)
    assert capture.statistics.corrupt >= 5
    camera.does("ok")
    capture.next(2.0)
    statistics = capture.statistics
    capture.close()
    assert statistics.identical == statistics.stale == statistics.reopened == 0


def test_nothing_of_opencv_or_libjpeg_reaches_the_log(camera, opened, capfd):
    source = opened()
    for mode in ("cut", "lost", "garbage", "empty", "ok"):
        camera.does(mode)
        reads(source, 6)
    source.close()
    camera.node.unlink()
    with pytest.raises(SourceAbsentError):
        source.open()
    assert capfd.readouterr().err == ""


def test_a_program_that_ends_without_closing_the_camera_is_not_aborted(camera):
    program = f"""
import landmarkd

kept = landmarkd.Camera("v4l2:{camera.node}")
for _, frame in zip(range(3), kept):
    pass
raise SystemExit(7)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (7, "")
