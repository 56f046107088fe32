"""Metering on the face: steps, bounds, frame time, and the camera's own metering without a face."""

import numpy as np
import pytest
from landmarkd.camera import make_source, uvc_exposure
from landmarkd.camera.metering import LOST_S, MOST_STOPS, PAUSE_S, FaceMeter, wanted_stops
from landmarkd.camera.port_controls import MOST_BIAS, FaceBias
from landmarkd.errors import SourceFormatError, SourceLostError, UsageError

from tests.camera import fake_picamera2
from tests.camera.light import FPS, LOWEST, ROOM, TUNNEL, WINDOW, Device, Light, Scene

NS = 1_000_000_000
PERIOD_NS = NS // FPS
BOX = (20.0, 20.0, 80.0, 80.0)


def flat(value):
    return np.full((100, 100, 3), value, np.uint8)


class Recorder:
    """An exposure control that records its requests."""

    def __init__(self, error=None):
        self.asked, self.error = [], error

    def change(self, stops):
        if self.error:
            raise self.error
        self.asked.append(stops)

    def release(self):
        self.asked.append("release")


def test_a_well_lit_face_is_left_alone_whatever_is_around_it():
    image = flat(255)
    image[20:80, 20:80] = 105
    assert abs(wanted_stops(image, BOX)) < 0.2
    recorder = Recorder()
    meter = FaceMeter(recorder)
    meter.place(BOX, 0)
    meter.step(image, PERIOD_NS)
    assert recorder.asked == []


@pytest.mark.parametrize(("value", "step"), [(0, MOST_STOPS), (60, 0.5), (100, None), (255, -0.5)])
def test_steps_are_bounded_and_paused_by_frame_time(value, step):
    recorder = Recorder()
    meter = FaceMeter(recorder)
    frames = round(3 * PAUSE_S * FPS)
    for number in range(frames):
        meter.place(BOX, number * PERIOD_NS)
        meter.step(flat(value), number * PERIOD_NS)
    assert set(recorder.asked) == ({step} if step else set())
    assert len(recorder.asked) <= 4


def test_nothing_is_changed_before_there_is_a_face():
    recorder = Recorder()
    meter = FaceMeter(recorder)
    for number in range(100):
        meter.step(flat(0), number * PERIOD_NS)
    assert recorder.asked == []


def test_a_lost_face_gives_the_camera_its_metering_back_once():
    recorder = Recorder()
    meter = FaceMeter(recorder)
    meter.place(BOX, 0)
    meter.step(flat(0), 0)
    for number in range(1, 4 * FPS):
        meter.step(flat(110), number * PERIOD_NS)
        if number * PERIOD_NS <= LOST_S * NS:
            assert recorder.asked == [MOST_STOPS], (
                "a face that was missed for a moment is waited for"
            )
    assert recorder.asked == [MOST_STOPS, "release"]


@pytest.mark.parametrize(
    "box", [(-50.0, -50.0, -20.0, -20.0), (200.0, 200.0, 300.0, 300.0), (5.0, 5.0, 5.0, 5.0)]
)
def test_a_face_outside_of_the_picture_says_nothing(box):
    assert wanted_stops(flat(0), box) == 0.0


def test_a_camera_that_refuses_is_left_alone_and_said_once(caplog):
    meter = FaceMeter(Recorder(SourceLostError("x: setting ae_metering failed: Broken pipe.")))
    for number in range(100):
        meter.place(BOX, number * PERIOD_NS)
        meter.step(flat(0), number * PERIOD_NS)
    assert caplog.text.count("Broken pipe. Exposure does not follow the face any more.") == 1


class MeteringContract:
    """What metering on the face promises on each camera; subclasses give `meter`."""

    scene = Scene(scale=1)

    def run(self, device, meter, light: Light, seconds, *, face=True, start=0):
        """Let time pass; return the brightness of the face in each frame."""
        x0, y0, x1, y1 = (int(side) for side in self.scene.box)
        seen = []
        for number in range(start, start + round(seconds * FPS)):
            image = device.frame(light)
            if meter is not None:
                meter.step(image, number * PERIOD_NS)
                if face:
                    meter.place(self.scene.box, number * PERIOD_NS)
            seen.append(float(np.median(image[y0:y1, x0:x1, 1])))
        return seen

    @pytest.fixture
    def device(self):
        device = Device(self.scene)
        self.run(device, None, WINDOW, 3.0)
        return device

    def test_a_face_before_a_window_becomes_bright_and_stays_steady(self, device, meter):
        before = self.run(device, None, WINDOW, 0.1)[-1]
        after = self.run(device, meter, WINDOW, 8.0)
        assert before < 40
        assert 85 < np.median(after[-60:]) < 140
        assert np.ptp(after[-60:]) < 20, "it does not swing"

    def test_into_a_tunnel_and_out_again(self, device, meter):
        self.run(device, meter, WINDOW, 8.0)
        inside = self.run(device, meter, TUNNEL, 8.0, start=8 * FPS)
        outside = self.run(device, meter, WINDOW, 8.0, start=16 * FPS)
        assert all(75 < value < 150 for value in inside[4 * FPS :])
        assert all(75 < value < 150 for value in outside[4 * FPS :])

    def test_without_a_face_the_picture_is_that_of_the_cameras_own_metering(self, device, meter):
        alone = Device(self.scene)
        for light, start in ((WINDOW, 0), (ROOM, 8)):
            self.run(device, meter, light, 8.0, start=start * FPS)
        seen = self.run(device, meter, ROOM, 8.0, face=False, start=16 * FPS)[-30:]
        assert np.median(seen) == pytest.approx(
            np.median(self.run(alone, None, ROOM, 8.0)[-30:]), abs=3
        )


class TestLibcamera(MeteringContract):
    @pytest.fixture
    def meter(self, device):
        return FaceMeter(FaceBias("light", device))

    def test_the_bias_is_bounded(self, device, meter):
        self.run(device, meter, Light(1 / 1000, 1.0), 10.0)
        assert max(value for _, value in device.told) == MOST_BIAS
        assert len(device.told) == 5, "what cannot become brighter is not asked for again"


class TestWebcam(MeteringContract):
    @pytest.fixture
    def meter(self, device, monkeypatch):
        monkeypatch.setattr(uvc_exposure, "reading", device.reading)
        monkeypatch.setattr(uvc_exposure, "apply", device.apply)
        return FaceMeter(uvc_exposure.UvcExposure("", "light", 1 / FPS))

    def test_exposure_never_exceeds_the_time_of_a_frame(self, device, meter):
        self.run(device, meter, Light(1 / 1000, 1 / 1000), 10.0)
        longest = max(value for name, value in device.told if name == "exposure")
        assert longest == 10_000 // FPS

    def test_exposure_ends_at_the_shortest(self, device, meter):
        self.run(device, meter, Light(1000.0, 1000.0), 10.0)
        assert min(value for name, value in device.told if name == "exposure") == LOWEST

    def test_what_a_killed_daemon_left_is_put_right(self, device, monkeypatch):
        device.automatic = False
        monkeypatch.setattr(uvc_exposure, "reading", device.reading)
        monkeypatch.setattr(uvc_exposure, "apply", device.apply)
        uvc_exposure.UvcExposure("", "light", 1 / FPS)
        assert device.automatic


def test_the_source_sets_the_bias_on_the_camera_and_takes_it_back(monkeypatch):
    opened = fake_picamera2.install(monkeypatch, controls=("ExposureValue",))
    with make_source("picamera2:?size=64x48&fps=100&ae_metering=face") as source:
        assert opened[0].config["controls"] == {"FrameRate": 100.0, "ExposureValue": 0.0}
        frame = source.read(2.0)
        first = frame.captured_ns
        # The fake's picture has green 20: dark.
        source.meter((10.0, 10.0, 50.0, 40.0), frame.captured_ns)
        while frame.captured_ns < first + (LOST_S + 1.0) * NS:
            frame = source.read(2.0)
    values = [controls["ExposureValue"] for controls in opened[0].told]
    assert values[0] == MOST_STOPS
    assert values == [*sorted(values[:-1]), 0.0]


def test_a_camera_without_a_bias_is_named(monkeypatch):
    fake_picamera2.install(monkeypatch, controls=())
    with pytest.raises(SourceFormatError, match="no ExposureValue"):
        make_source("picamera2:?ae_metering=face").open()


@pytest.mark.parametrize("source", ["picamera2:?", "v4l2:/dev/video0?"])
@pytest.mark.parametrize("fixed", ["exposure=8000us", "gain=2"])
def test_a_fixed_exposure_is_refused_beside_it(source, fixed):
    with pytest.raises(UsageError, match="leave exposure and gain away"):
        make_source(f"{source}ae_metering=face&{fixed}")
    make_source(f"{source}ae_metering=face&exposure=auto&gain=auto")


def test_other_metering_of_webcams_is_refused():
    with pytest.raises(UsageError, match="use face"):
        make_source("v4l2:/dev/video0?ae_metering=spot")
