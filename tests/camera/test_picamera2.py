import sys
import time

import pytest
from landmarkd.camera import make_source
from landmarkd.camera.capture import Capture
from landmarkd.camera.picamera2 import whole_field
from landmarkd.errors import (
    MissingPackageError,
    SourceAbsentError,
    SourceBusyError,
    SourceFormatError,
    SourceTimeoutError,
    UsageError,
)

from tests.camera import fake_picamera2

URI = "picamera2:?size=64x48&fps=100"


def test_it_asks_for_the_whole_field_in_bgr_at_the_rate_and_turned(monkeypatch):
    opened = fake_picamera2.install(monkeypatch, models=("imx219", "imx708"))
    with make_source("picamera2:?size=640x480&fps=25&camera=1&rotation=180") as source:
        frame = source.read(2.0)
    config = opened[0].config
    assert opened[0].number == 1
    assert (config["main"]["size"], config["main"]["format"]) == ((640, 480), "RGB888")
    assert config["raw"] == {"size": (2304, 1296)}
    assert config["controls"] == {"FrameRate": 25.0, "AfMode": fake_picamera2.Modes.Continuous}
    assert opened[0].tuning is None
    assert (config["transform"].hflip, config["transform"].vflip) == (1, 1)
    # "RGB888" is B, G, R in memory; the fake paints green 20 and red 30.
    assert (frame.image[..., 1:] == (20, 30)).all()
    assert frame.image.shape == (480, 640, 3)


def test_times_are_the_sensors_on_the_monotonic_clock(monkeypatch):
    fake_picamera2.install(monkeypatch)
    with make_source(URI) as source:
        frame = source.read(2.0)
        age_ns = time.monotonic_ns() - frame.captured_ns
    assert age_ns >= 3_900_000


def test_a_late_frame_times_out_and_keeps_no_buffer(monkeypatch):
    opened = fake_picamera2.install(monkeypatch)
    with make_source(URI) as source:
        source.read(2.0)
        opened[0].pausing.set()
        for _ in range(12):
            with pytest.raises(SourceTimeoutError):
                source.read(0.02)
        assert len(opened[0].jobs) <= 1
        opened[0].pausing.clear()
        # More frames than there are buffers: no buffer was kept by an abandoned request.
        assert [source.read(2.0).sequence for _ in range(10)] == list(range(1, 11))


def test_closing_gives_the_camera_back(monkeypatch):
    opened = fake_picamera2.install(monkeypatch)
    capture = Capture(make_source(URI))
    capture.start()
    capture.next(2.0)
    capture.close()
    assert opened[0].closed


@pytest.mark.parametrize(
    ("fake", "uri", "error", "words"),
    [
        ({"models": ()}, URI, SourceAbsentError, "ribbon cable"),
        (
            {"models": ("imx219",)},
            "picamera2:?camera=2",
            SourceAbsentError,
            r"no camera 2.*0 \(imx219\)",
        ),
        ({"shortest_us": 0}, URI, SourceFormatError, "use the source v4l2:"),
        ({"layout": "SBGGR10_CSI2P"}, URI, SourceFormatError, "SBGGR10_CSI2P"),
        ({"old": True}, URI, MissingPackageError, r"needs 0\.3\.20"),
        ({}, URI + "&hdr=single", SourceFormatError, "no HdrMode"),
        ({"busy": True}, URI, SourceBusyError, "another program"),
        ({"align": 32}, "picamera2:?size=650x480", SourceFormatError, "size=640x480"),
    ],
)
def test_what_can_be_wrong_with_a_camera(monkeypatch, fake, uri, error, words):
    fake_picamera2.install(monkeypatch, **fake)
    with pytest.raises(error, match=words):
        make_source(uri).open()


def test_a_quarter_turn_is_made_here(monkeypatch):
    opened = fake_picamera2.install(monkeypatch)
    with make_source(URI + "&rotation=90") as source:
        frame = source.read(2.0)
    assert frame.image.shape == (64, 48, 3)
    assert (frame.image[..., 1:] == (20, 30)).all()
    assert opened[0].config["transform"].hflip == 0


def test_a_camera_that_delivers_red_first_is_converted(monkeypatch):
    fake_picamera2.install(monkeypatch, layout="BGR888")
    with make_source(URI) as source:
        assert (source.read(2.0).image[..., :2] == (30, 20)).all()


def test_controls_are_those_of_the_options(monkeypatch):
    opened = fake_picamera2.install(monkeypatch, controls=("AfMode", "LensPosition", "AwbMode"))
    with make_source(URI + "&lens=2.5&awb=daylight&nightvision=yes"):
        pass
    modes = fake_picamera2.Modes
    assert opened[0].config["controls"] == {
        "FrameRate": 100.0,
        "LensPosition": 2.5,
        "AfMode": modes.Manual,
        "AwbMode": modes.Daylight,
    }
    assert opened[0].tuning == {"file": "imx708_noir.json"}


def test_exposure_and_gain(monkeypatch):
    opened = fake_picamera2.install(monkeypatch, controls=("ExposureTime", "AnalogueGain"))
    with make_source(URI + "&exposure=8000us&gain=2.5"):
        pass
    controls = opened[0].config["controls"]
    assert controls == {"FrameRate": 100.0, "ExposureTime": 8000, "AnalogueGain": 2.5}


def test_a_rate_that_the_sensor_lacks_is_said(monkeypatch, caplog):
    fake_picamera2.install(monkeypatch, shortest_us=20_000)
    with make_source(URI) as source:
        assert source.period_s == 0.02
    assert "100 frames a second were asked for, this sensor mode makes 50 at most" in caplog.text


@pytest.mark.parametrize(
    "options",
    [
        *("af=yes", "lens=near", "lens=99", "af=continuous&lens=2", "exposure=soon", "gain=0"),
        *("awb=warm", "ae_metering=eye", "hdr=1", "flicker=55", "nightvision=maybe"),
        *("rotation=45", "rotation=-90"),
    ],
)
def test_options_that_cannot_be_understood(options):
    with pytest.raises(UsageError):
        make_source(f"picamera2:?{options}")


@pytest.mark.parametrize(
    "uri", ["picamera2:/dev/video0", "picamera2:?size=641x480", "picamera2:?fps=0"]
)
def test_wrong_uris_are_usage_errors(uri):
    with pytest.raises(UsageError):
        make_source(uri)


def without(monkeypatch, missing):
    """Let `import picamera2` fail on a module that it imports itself."""

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "picamera2":
                raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])


@pytest.mark.parametrize(
    ("missing", "package"),
    [
        ("picamera2", "python3-picamera2"),
        ("libcamera", "python3-libcamera"),
        ("pykms", "python3-kms++"),
        ("prctl", "python3-prctl"),
    ],
)
def test_missing_packages_come_with_the_command_that_installs_them(monkeypatch, missing, package):
    without(monkeypatch, missing)
    with pytest.raises(MissingPackageError, match="sudo apt install") as caught:
        make_source(URI).open()
    assert package in str(caught.value)
    assert missing in str(caught.value)


def test_a_numpy_that_does_not_fit_is_explained(monkeypatch):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "picamera2":
                raise ValueError("numpy.dtype size changed, may indicate binary incompatibility")

    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MissingPackageError, match="pip uninstall numpy"):
        make_source(URI).open()


def test_sensor_modes_show_the_whole_field():
    assert whole_field((3280, 2464)) == (1640, 1232)
    assert whole_field((1456, 1088)) == (1456, 1088)
