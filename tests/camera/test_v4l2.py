"""The source v4l2 where there is no camera; with one it is tested in tests/camera/uvc."""

import pytest
from landmarkd.camera import devices, make_source
from landmarkd.errors import SourceError, UsageError

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


@pytest.mark.parametrize(
    ("driver", "caps", "words"),
    [
        (b"unicam", 0x1, "picamera2:"),
        (b"uvcvideo", 0x00A00000, "delivers no pictures"),
        (b"v4l2 loopback", 0x2, "no pictures"),
    ],
)
def test_devices_that_deliver_no_pictures(monkeypatch, driver, caps, words):
    fields = (driver, b"USB Camera", b"usb-1.4", 0x60000, 0x84000000 | 0x1, caps)
    answer = devices._CAPABILITY.pack(*fields)
    monkeypatch.setattr(devices, "query", lambda path: devices.parse_capability(path, answer))
    with pytest.raises(SourceError, match=words):
        make_source(URI).open()


def test_names_from_a_device_are_made_harmless():
    raw = devices._CAPABILITY.pack(b"uvcvideo", b"\x1b[2JEvil\x00rest", b"", 0, 0x80000001, 0x1)
    device = devices.parse_capability("/dev/video0", raw)
    assert device.name == "[2JEvil"
    assert device.is_camera
