"""What every frame source promises, checked on each of them."""

import json
import threading
import time

import cv2
import numpy as np
import pytest
from landmarkd.camera import SOURCES, demo, make_source
from landmarkd.camera.base import FrameSource
from landmarkd.errors import EndOfStreamError, LandmarkdError, UsageError

from tests.camera import fake_picamera2
from tests.camera.clips import picture, write_clip


class SourceContract:
    """Subclasses give `uri`, a fixture with a source of at least five frames."""

    live = False

    @pytest.fixture
    def source(self, uri):
        source = make_source(uri, fast=True)
        yield source
        source.close()

    def test_is_a_source_that_knows_its_uri_and_kind(self, source, uri):
        assert isinstance(source, FrameSource)
        assert source.uri == uri
        assert source.live is self.live

    def test_delivers_numbered_bgr_frames_with_growing_times(self, source):
        before = time.monotonic_ns()
        source.open()
        frames = [source.read(2.0) for _ in range(5)]
        assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
        times = [frame.captured_ns for frame in frames]
        assert times == sorted(set(times))
        assert times[0] >= before - 1_000_000_000
        assert all(frame.image.dtype == np.uint8 and frame.image.shape[2] == 3 for frame in frames)
        assert source.period_s is not None
        if self.live:
            assert times[-1] <= time.monotonic_ns()

    def test_refuses_to_read_before_opening_and_after_closing(self, source):
        with pytest.raises(LandmarkdError):
            source.read(0.1)
        source.open()
        source.read(2.0)
        source.close()
        with pytest.raises(LandmarkdError):
            source.read(0.1)

    def test_closes_twice_and_opens_again(self, source):
        for _ in range(2):
            source.open()
            assert source.read(2.0).sequence == 0
            source.close()
            source.close()

    def test_a_frame_stays_what_it_was_when_the_next_comes(self, source):
        source.open()
        first = source.read(2.0)
        kept = first.image.copy()
        source.read(2.0)
        assert np.array_equal(first.image, kept)

    def test_works_in_a_with_statement(self, source):
        with source as opened:
            opened.read(2.0)
        with pytest.raises(LandmarkdError):
            source.read(0.1)

    def test_fresh_gives_another_source_of_the_same_kind(self, source, uri):
        other = source.fresh()
        assert other is not source
        assert type(other) is type(source)
        assert other.uri == uri
        other.close()

    def test_names_an_unknown_option(self, uri):
        with pytest.raises(UsageError, match="colour"):
            make_source(f"{uri}{'&' if '?' in uri else '?'}colour=blue")

    def test_can_be_read_from_a_thread_of_its_own(self, source):
        frames = []

        def work():
            with source:
                frames.extend(source.read(2.0) for _ in range(3))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
        assert len(frames) == 3


class FiniteContract(SourceContract):
    def test_ends_and_stays_at_its_end(self, source):
        source.open()
        with pytest.raises(EndOfStreamError):  # noqa: PT012 - which of the reads ends it is the source's affair
            for _ in range(10_000):
                source.read(2.0)
        with pytest.raises(EndOfStreamError):
            source.read(2.0)

    def test_comes_at_its_own_pace_unless_it_is_fast(self, uri):
        with make_source(uri) as source:
            for _ in range(4):
                frame = source.read(2.0)
                assert frame.captured_ns <= time.monotonic_ns()


class TestVideo(FiniteContract):
    @pytest.fixture
    def uri(self, tmp_path):
        return f"file:{write_clip(tmp_path / 'clip.mp4', fps=50)}"


class TestImages(FiniteContract):
    @pytest.fixture
    def uri(self, tmp_path):
        for number in range(6):
            cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number))
        return f"images:{tmp_path}?fps=50"


class TestDemo(FiniteContract):
    @pytest.fixture
    def uri(self, tmp_path, monkeypatch):
        if not demo.CLIP.exists():
            monkeypatch.setattr(demo, "CLIP", write_clip(tmp_path / "driver.mp4", fps=50))
        return "demo:"


class TestScripted(SourceContract):
    live = True

    @pytest.fixture
    def uri(self, tmp_path):
        script = tmp_path / "script.json"
        script.write_text(
            json.dumps({"size": [64, 48], "fps": 200, "steps": [{"do": "frames", "count": 50}]})
        )
        return f"scripted:{script}"


class TestPicamera2(SourceContract):
    live = True

    @pytest.fixture
    def uri(self, monkeypatch):
        fake_picamera2.install(monkeypatch)
        return "picamera2:?size=64x48&fps=100"


def test_every_source_keeps_the_contract():
    # v4l2 in tests/camera/uvc, where a camera can be opened.
    covered = {"file", "images", "demo", "scripted", "picamera2", "v4l2"}
    # The network's in tests/camera/test_network.py, on a server of its own.
    covered |= {"rtsp", "rtsps", "http", "https"}
    assert covered == set(SOURCES)
