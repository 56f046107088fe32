import time
from pathlib import Path

import cv2
import pytest
from landmarkd.camera import devices, make_source
from landmarkd.errors import (
    SourceBusyError,
    SourceError,
    SourceFormatError,
    SourceLostError,
    SourceTimeoutError,
    UsageError,
)

from tests.camera import fake_v4l2

URI = "v4l2:/dev/video7"


class TestErrorsOnThisMachine:
    def test_a_camera_that_is_not_there_lists_those_that_are(self):
        with pytest.raises(SourceError, match=r"/dev/video987 is not there; .*camera"):
            make_source("v4l2:987").open()

    def test_a_device_that_is_no_camera(self):
        with pytest.raises(SourceError, match="/dev/null is not a camera"):
            make_source("v4l2:/dev/null").open()

    def test_a_file_that_is_no_device(self, tmp_path):
        (tmp_path / "clip.mp4").write_bytes(b"123")
        with pytest.raises(SourceError, match="not a camera"):
            make_source(f"v4l2:{tmp_path}/clip.mp4").open()

    @pytest.mark.skipif(devices.cameras() != [], reason="there is a camera here")
    def test_no_camera_at_all(self):
        with pytest.raises(SourceError, match="picamera2:"):
            make_source("v4l2:").open()


@pytest.mark.parametrize(
    "uri", ["v4l2://host/dev", "v4l2:0?fourcc=JPEG2000", "v4l2:0?size=big", "v4l2:0?fps=x"]
)
def test_wrong_uris_are_usage_errors(uri):
    with pytest.raises(UsageError):
        make_source(uri)


def test_it_asks_for_what_was_wanted(monkeypatch):
    captures = fake_v4l2.install(monkeypatch)
    with make_source(f"{URI}?size=64x48&fps=15&fourcc=yuyv") as source:
        assert source.read(1.0).image.shape == (48, 64, 3)
        assert source.period_s == 1 / 15
    assert captures[0].values[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"YUYV")
    assert captures[0].gone


def test_a_size_that_the_camera_lacks_is_named_with_the_nearest(monkeypatch):
    fake_v4l2.install(monkeypatch)
    with pytest.raises(SourceFormatError, match="no pictures of 600x400, the nearest are 640x480"):
        make_source(f"{URI}?size=600x400").open()


def test_without_a_wish_what_the_camera_has_is_taken(monkeypatch):
    fake_v4l2.install(monkeypatch, sizes=((1280, 720),))
    with make_source(URI) as source:
        assert source.read(1.0).image.shape == (720, 1280, 3)


@pytest.mark.parametrize("options", [{"opens": False}, {"streams": False}])
def test_a_camera_that_another_program_holds(monkeypatch, options):
    captures = fake_v4l2.install(monkeypatch, **options)
    with pytest.raises(SourceBusyError, match=r"another program.*fuser -v /dev/video7"):
        make_source(URI).open()
    assert captures[0].gone


def test_the_drivers_time_stamp_is_taken_where_it_is_sane(monkeypatch):
    captures = fake_v4l2.install(monkeypatch)
    with make_source(URI) as source:
        before = time.monotonic_ns()
        frame = source.read(1.0)
        assert frame.captured_ns == pytest.approx(captures[0].stamp_ms * 1e6, abs=1)
        # A driver on the wall clock, or on none, is not believed.
        monkeypatch.setattr(type(captures[0]), "get", lambda self, prop: time.time() * 1e3)
        assert before <= source.read(1.0).captured_ns <= time.monotonic_ns()


def test_a_silent_camera_times_out_in_time(monkeypatch):
    captures = fake_v4l2.install(monkeypatch)
    with make_source(URI) as source:
        captures[0].silent = True
        began = time.monotonic()
        with pytest.raises(SourceTimeoutError):
            source.read(0.1)
        assert 0.09 < time.monotonic() - began < 5


def test_a_camera_that_is_pulled_out_is_lost(monkeypatch):
    captures = fake_v4l2.install(monkeypatch)
    with make_source(URI) as source:
        source.read(1.0)
        captures[0].gone = True
        with pytest.raises(SourceLostError, match="unplugged"):
            source.read(1.0)


def test_reading_nothing_is_a_lost_camera_or_a_broken_frame(monkeypatch):
    captures = fake_v4l2.install(monkeypatch)
    with make_source(URI) as source:
        captures[0].broken = True
        monkeypatch.setattr(Path, "exists", lambda self: True)
        with pytest.raises(SourceFormatError):
            source.read(1.0)
        monkeypatch.setattr(Path, "exists", lambda self: False)
        with pytest.raises(SourceLostError):
            source.read(1.0)


@pytest.mark.parametrize(
    ("driver", "caps", "words"),
    [
        (b"unicam", 0x1, "picamera2:"),
        (b"uvcvideo", 0x00A00000, "delivers no pictures"),
        (b"v4l2 loopback", 0x2, "no pictures"),
    ],
)
def test_devices_that_deliver_no_pictures(monkeypatch, driver, caps, words):
    fake_v4l2.install(monkeypatch, driver=driver, caps=caps)
    with pytest.raises(SourceError, match=words):
        make_source(URI).open()


def test_names_from_a_device_are_made_harmless():
    raw = devices._CAPABILITY.pack(b"uvcvideo", b"\x1b[2JEvil\x00rest", b"", 0, 0x80000001, 0x1)
    device = devices.parse_capability("/dev/video0", raw)
    assert device.name == "[2JEvil"
    assert device.is_camera
