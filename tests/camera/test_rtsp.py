"""Cameras that speak RTSP, on GStreamer's own server on the loopback interface."""

import shutil
import subprocess
import threading
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.camera.capture import Capture
from landmarkd.camera.demo import CLIP
from landmarkd.errors import SourceAbsentError, SourceLostError, SourceTimeoutError

from tests.camera.test_contract import SourceContract

PYTHON = "/usr/bin/python3"
"""Debian's own: only it sees the bindings of GStreamer."""
NEEDED = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, "
    "GstRtspServer; Gst.init(None); assert all(map(Gst.ElementFactory.find, "
    "('videotestsrc', 'jpegenc', 'rtpjpegpay', 'rtph264pay', 'qtdemux', 'h264parse')))"
)
SECRET = "driver:p@ss:w/rd"  # noqa: S105 - of the server below


class Camera:
    """A server in a process of its own."""

    def __init__(self, *options):
        server = Path(__file__).with_name("rtsp_server.py")
        self.options, self.port = [PYTHON, server, CLIP, *options], "0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*self.options, "--port", self.port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = self.process.stdout.readline().strip()
        assert self.port.isdecimal()

    def uri(self, path):
        return f"rtsp://127.0.0.1:{self.port}/{path}"

    def does(self, what):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module", autouse=True)
def bindings():
    if (
        not shutil.which(PYTHON)
        or subprocess.run([PYTHON, "-c", NEEDED], capture_output=True, check=False).returncode
    ):
        pytest.skip(
            "needs GStreamer's RTSP server: apt install gir1.2-gst-rtsp-server-1.0 "
            "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad python3-gi"
        )


@pytest.fixture
def camera():
    camera = Camera()
    yield camera
    camera.stop()


class TestRtsp(SourceContract):
    live = True

    @pytest.fixture
    def uri(self, camera):
        return camera.uri("motion")

    @pytest.mark.skip(reason="options that are not known here belong to the camera")
    def test_names_an_unknown_option(self, uri):
        pass


def test_pictures_of_a_compressed_stream_are_those_that_were_sent(camera):
    with make_source(camera.uri("clip")) as source, make_source("demo:", fast=True) as clip:
        assert 1 / source.period_s == pytest.approx(30)
        got = [source.read(5.0) for _ in range(60)]
        sent = [clip.read(1.0).image[::8, ::8].astype(int) for _ in range(90)]
    assert [frame.sequence for frame in got] == list(range(60))
    assert all(a.captured_ns <= b.captured_ns for a, b in pairwise(got))
    numbers = []
    for frame in got:
        small = frame.image[::8, ::8].astype(int)
        errors = [np.abs(small - picture).mean() for picture in sent]
        assert min(errors) < 2
        numbers.append(int(np.argmin(errors)))
    assert numbers[-1] - numbers[0] > 40
    assert (np.diff(numbers) >= -1).all()


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_credentials_come_from_a_file(tmp_path, method):
    camera, file = Camera("--authentication", method, "--secret", SECRET), tmp_path / "camera"
    uri = f"{camera.uri('motion')}?credentials={file}"
    try:
        file.write_text(SECRET + "\n")
        file.chmod(0o600)
        with make_source(uri) as source:
            assert "p@ss" not in source.read(5.0).source
        file.write_text("driver:wrong")
        with pytest.raises(SourceAbsentError, match="credentials") as caught:
            make_source(uri).open()
        assert "wrong" not in str(caught.value)
        with pytest.raises(SourceAbsentError):
            make_source(camera.uri("motion")).open()
    finally:
        camera.stop()


def test_a_path_that_the_camera_lacks_and_a_port_without_one(camera):
    with pytest.raises(SourceAbsentError, match="does not answer, or sends no video"):
        make_source(camera.uri("nothing")).open()
    with pytest.raises(SourceAbsentError, match="does not answer"):
        make_source("rtsp://127.0.0.1:9/stream").open()


def test_a_camera_that_falls_silent_is_lost_and_connected_again(camera):
    with make_source(camera.uri("motion")) as source:
        source.read(5.0)
        camera.does("silence")
        began = time.monotonic()
        with pytest.raises(SourceLostError):  # noqa: PT012 - what was buffered comes first
            for _ in range(1000):
                source.read(1.0)
        assert time.monotonic() - began < 10
        source.open()
        source.read(5.0)


def test_the_capture_connects_again_to_a_camera_that_was_restarted(camera):
    capture = Capture(make_source(camera.uri("motion")), patient=True)
    capture.start()
    try:
        until, frames = time.monotonic() + 60, 0
        while frames < 40 and time.monotonic() < until:
            with suppress(SourceTimeoutError):
                capture.next(0.2)
                frames += 1
                if frames == 20:
                    camera.stop()
                    threading.Timer(3.0, camera.start).start()
        assert frames == 40
        assert capture.statistics.reopened >= 1
    finally:
        capture.close()
