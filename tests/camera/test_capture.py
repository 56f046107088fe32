"""The capture thread with cameras whose faults are scripted."""

import json
import threading
import time
from contextlib import suppress

import pytest
from landmarkd.camera import capture as capture_module
from landmarkd.camera import make_source
from landmarkd.camera.capture import BACKOFF_S, Capture
from landmarkd.camera.scripted import ScriptedSource
from landmarkd.errors import (
    AccessError,
    EndOfStreamError,
    SourceBusyError,
    SourceError,
    SourceLostError,
    SourceTimeoutError,
)

from tests.camera.clips import write_clip

FPS = 100


@pytest.fixture
def hasty(monkeypatch):
    """Shorter waits with the same ratios, so that faults take tenths of a second."""
    monkeypatch.setattr(capture_module, "REOPEN_S", 0.7)
    monkeypatch.setattr(capture_module, "FIRST_FRAME_S", 0.9)
    monkeypatch.setattr(capture_module, "BACKOFF_S", (0.02, 0.04, 0.08, 0.16))
    monkeypatch.setattr("landmarkd.camera.reader.MIN_DEADLINE_S", 0.25)


@pytest.fixture
def unhurried(monkeypatch):
    """No frame is late, however long a busy machine holds a thread up."""
    monkeypatch.setattr("landmarkd.camera.reader.MIN_DEADLINE_S", 60.0)


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    """Start a capture of a scripted camera."""
    captures = []

    def start(*steps, **options):
        path = tmp_path / f"{len(captures)}.json"
        path.write_text(json.dumps({"size": [64, 48], "fps": FPS, "steps": list(steps), **options}))
        capture = Capture(make_source(f"scripted:{path}"))
        captures.append(capture)
        capture.start()
        return capture

    yield start
    monkeypatch.setattr(capture_module, "CLOSE_S", 0.2)
    for capture in captures:
        capture.close()


def frames(count):
    return {"do": "frames", "count": count}


def went_through(states, *wanted):
    """Whether these states came in this order. A busy machine adds stalls between them."""
    rest = iter(states)
    return all(state in rest for state in wanted)


def place(frame):
    """Return which of the pictures of the script that move this is, from 1 on."""
    return frame.image[0, 0, 0]


def play(capture, limit_s=60.0):
    """Take frames to the end of the script; returns them and the states seen on the way."""
    taken, states = [], []
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        try:
            taken.append(capture.next(0.05))
        except SourceTimeoutError:
            pass
        except EndOfStreamError:
            return taken, states
        state = capture.statistics.state
        if not states or states[-1] != state:
            states.append(state)
    raise AssertionError(f"no end within {limit_s} s; {capture.statistics}")


def test_a_healthy_camera_delivers_in_order_and_loses_nothing_uncounted(scripted, unhurried):
    capture = scripted(frames(60))
    taken, states = play(capture)
    statistics = capture.statistics
    assert states == ["running"]
    assert len(taken) + statistics.skipped == statistics.captured == 60
    numbers = [frame.sequence for frame in taken]
    assert numbers == sorted(set(numbers))
    assert (
        statistics.reopened == statistics.stale == statistics.identical == statistics.corrupt == 0
    )


def test_a_slow_consumer_gets_the_newest_frame(scripted):
    capture = scripted(frames(60))
    capture.next(60.0)
    until = time.monotonic() + 60.0
    while capture.statistics.captured < 60 and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert capture.next(60.0).sequence == 59
    assert capture.statistics.skipped == 58


def test_silence_is_a_stall_and_then_the_camera_is_opened_again(scripted, hasty):
    capture = scripted(frames(20), {"do": "silence", "seconds": 1.2}, frames(20))
    taken, states = play(capture)
    assert went_through(states, "running", "stalled", "reopening", "running")
    assert capture.statistics.reopened >= 1
    assert place(taken[-1]) == 40


def test_a_short_silence_is_a_stall_and_no_more(scripted, hasty, monkeypatch):
    monkeypatch.setattr(capture_module, "REOPEN_S", 60.0)
    capture = scripted(frames(20), {"do": "silence", "seconds": 0.8}, frames(20))
    taken, states = play(capture)
    assert went_through(states, "running", "stalled", "running")
    assert capture.statistics.reopened == 0
    assert place(taken[-1]) == 40


def test_a_driver_that_never_returns_is_left_behind(scripted, hasty):
    capture = scripted(frames(20), {"do": "block"}, frames(20))
    taken, states = play(capture)
    assert went_through(states, "stalled", "reopening", "running")
    assert capture.statistics.reopened == 1
    numbers = [frame.sequence for frame in taken]
    assert numbers == sorted(set(numbers))
    assert place(taken[-1]) == 40


def test_a_camera_that_comes_back_is_found_again(scripted, unhurried, monkeypatch, caplog):
    monkeypatch.setattr(capture_module, "BACKOFF_S", (0.1,) * 100)
    capture = scripted(frames(20), {"do": "disconnect", "seconds": 1.0}, frames(20))
    taken, states = play(capture)
    assert states == ["running", "reopening", "running"]
    numbers = [frame.sequence for frame in taken]
    assert numbers == sorted(set(numbers))
    assert "was disconnected; opening it again" in caplog.text
    assert "is back" in caplog.text


def test_a_camera_may_come_back_with_another_size(scripted, hasty):
    capture = scripted(
        frames(20), {"do": "disconnect", "seconds": 0.1}, {"do": "resize", "count": 20}
    )
    taken, _ = play(capture)
    assert [taken[at].image.shape for at in (0, -1)] == [(48, 64, 3), (24, 32, 3)]
    assert capture.statistics.corrupt == 0
    assert capture.statistics.captured == 40


def test_a_camera_that_stays_away_is_lost(scripted, hasty):
    capture = scripted(frames(5), {"do": "disconnect"})
    with pytest.raises(SourceLostError, match=f"{len(capture_module.BACKOFF_S)} attempts.*cable"):
        play(capture)
    assert capture.statistics.reopened == len(capture_module.BACKOFF_S)


def test_frames_that_repeat_are_dropped_and_lead_to_a_reopened_camera(scripted, hasty, monkeypatch):
    monkeypatch.setattr(capture_module, "FIRST_FRAME_S", 60.0)
    capture = scripted(frames(20), {"do": "identical", "count": 110}, frames(20))
    taken, states = play(capture)
    assert "stalled" in states
    assert capture.statistics.identical > 60
    assert capture.statistics.reopened >= 1
    assert len({frame.image.tobytes() for frame in taken}) == len(taken)


def test_a_test_picture_that_stands_still_is_delivered_in_the_end(scripted, hasty):
    capture = scripted(frames(2), {"do": "identical", "count": 350}, frames(20))
    _, states = play(capture)
    assert capture.statistics.captured > 60
    assert went_through(states, "reopening", "running")


def test_a_covered_lens_is_not_a_fault(scripted, unhurried):
    capture = scripted(frames(20), {"do": "black", "count": 40}, frames(20))
    _, states = play(capture)
    assert states == ["running"]
    assert capture.statistics.identical == capture.statistics.reopened == 0
    assert capture.statistics.captured == 80


@pytest.mark.parametrize(
    ("action", "counter"), [("corrupt", "corrupt"), ("resize", "corrupt"), ("stale", "stale")]
)
def test_frames_that_cannot_be_used_are_dropped_and_counted(scripted, unhurried, action, counter):
    capture = scripted(frames(20), {"do": action, "count": 8}, frames(20))
    taken, states = play(capture)
    assert states == ["running"]
    assert getattr(capture.statistics, counter) == 8
    assert {frame.image.shape for frame in taken} == {(48, 64, 3)}
    assert capture.statistics.captured == 40


def test_nothing_but_corrupt_frames_is_a_fault(scripted, hasty):
    capture = scripted(frames(20), {"do": "corrupt", "count": 110}, frames(20))
    _, states = play(capture)
    assert went_through(states, "running", "stalled", "reopening", "running")


@pytest.fixture
def patient(tmp_path):
    """Start a patient capture of a scripted camera, and close it."""
    captures = []

    def start(*steps, script=True):
        path = tmp_path / f"patient{len(captures)}.json"
        if script:
            path.write_text(json.dumps({"size": [64, 48], "fps": FPS, "steps": list(steps)}))
        captures.append(Capture(make_source(f"scripted:{path}"), patient=True))
        captures[-1].start()
        return captures[-1]

    yield start
    for capture in captures:
        capture.close()


def test_a_camera_that_is_not_there_is_waited_for(patient, hasty):
    capture = patient({"do": "disconnect", "seconds": 1.0}, frames(20))
    _, states = play(capture)
    assert went_through(states, "waiting", "running")
    assert "reopening" not in states
    assert capture.statistics.reopened >= 2


def test_patience_has_no_end(patient, hasty):
    capture = patient(frames(5), {"do": "disconnect", "seconds": 2.0}, frames(20))
    _, states = play(capture)
    assert capture.statistics.reopened > len(capture_module.BACKOFF_S)
    assert went_through(states, "reopening", "running")


def test_patience_with_a_camera_that_opens_and_delivers_nothing_has_no_end(patient, hasty):
    capture = patient(frames(5), {"do": "silence"})
    while capture.statistics.reopened <= len(capture_module.BACKOFF_S) + 1:
        with suppress(SourceTimeoutError):
            capture.next(0.05)
    assert not capture.hung


def test_patience_is_no_cure_for_a_wrong_configuration(patient, hasty):
    with pytest.raises(SourceError, match="does not exist"):
        play(patient(script=False))


def test_a_camera_is_not_opened_again_before_the_old_thread_has_closed_it(
    patient, hasty, monkeypatch
):
    order = []
    close, fresh = ScriptedSource.close, ScriptedSource.fresh

    def slow_close(source):
        threading.Event().wait(0.3)
        close(source)
        order.append("closed")

    def noted_fresh(source):
        order.append("opened")
        return fresh(source)

    monkeypatch.setattr(ScriptedSource, "close", slow_close)
    monkeypatch.setattr(ScriptedSource, "fresh", noted_fresh)
    play(patient(frames(5), {"do": "disconnect", "seconds": 0.05}, frames(20)))
    assert order[:2] == ["closed", "opened"]


def test_a_driver_that_hangs_while_closing_ends_it(patient, hasty, monkeypatch):
    monkeypatch.setattr(capture_module, "HANG_S", 0.2)
    monkeypatch.setattr(capture_module, "CLOSE_S", 0.1)
    fresh = ScriptedSource.fresh

    def held():
        raise SourceBusyError("used by another program")

    def busy(source):
        other = fresh(source)
        other.open = held
        return other

    monkeypatch.setattr(ScriptedSource, "close", lambda _: threading.Event().wait())
    monkeypatch.setattr(ScriptedSource, "fresh", busy)
    capture = patient(frames(5), {"do": "disconnect", "seconds": 0.05}, frames(20))
    with pytest.raises(SourceLostError, match="its driver hangs in this process"):
        play(capture)
    assert capture.hung


@pytest.mark.parametrize("lost", [False, True])
def test_a_capture_that_is_followed_waits_until_the_driver_has_closed(
    patient, hasty, monkeypatch, lost
):
    """Also if the camera was lost just before, and its thread still closes it."""
    monkeypatch.setattr(capture_module, "CLOSE_S", 0.0)
    closed, close = threading.Event(), ScriptedSource.close

    def slow_close(source):
        threading.Event().wait(0.5)
        close(source)
        closed.set()

    monkeypatch.setattr(ScriptedSource, "close", slow_close)
    capture = patient(frames(5), {"do": "disconnect"} if lost else {"do": "silence"})
    capture.next(60.0)
    while lost and capture.statistics.trouble is None:
        with suppress(SourceTimeoutError):
            capture.next(0.01)
    capture.close(followed=True)
    assert closed.is_set()
    assert not capture.hung


def test_closing_does_not_wait_for_a_driver_that_hangs(scripted, hasty, monkeypatch):
    monkeypatch.setattr(capture_module, "CLOSE_S", 0.1)
    capture = scripted(frames(1), {"do": "block"})
    capture.next(60.0)
    began = time.monotonic()
    capture.close()
    capture.close()
    assert time.monotonic() - began < 5


def test_a_driver_that_hangs_on_opening_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(capture_module, "OPEN_S", 0.1)
    path = tmp_path / "a.json"
    path.write_text('{"steps": []}')
    source = make_source(f"scripted:{path}")
    source.open = lambda: threading.Event().wait()
    capture = Capture(source)
    with pytest.raises(SourceTimeoutError, match="open"):
        capture.start()


def test_what_opening_raises_reaches_the_caller(tmp_path):
    for scheme in ("scripted", "file"):
        capture = Capture(make_source(f"{scheme}:{tmp_path}/none"))
        with pytest.raises(SourceError, match="does not exist"):
            capture.start()
        capture.close()


@pytest.mark.parametrize("error", [AccessError("no permission now"), ZeroDivisionError("a defect")])
def test_an_error_that_waiting_does_not_mend_ends_it(scripted, hasty, monkeypatch, error):
    fresh = ScriptedSource.fresh

    def hopeless(source):
        other = fresh(source)

        def fail():
            raise error

        other.open = fail
        return other

    monkeypatch.setattr(ScriptedSource, "fresh", hopeless)
    capture = scripted(frames(30), {"do": "disconnect"})
    with pytest.raises(type(error)):
        play(capture)


class TestFiles:
    def test_no_frame_is_skipped_however_slow_the_consumer(self, tmp_path):
        capture = Capture(make_source(f"file:{write_clip(tmp_path / 'a.mp4', fps=50)}", fast=True))
        capture.start()
        numbers = []
        with pytest.raises(EndOfStreamError):  # noqa: PT012 - the last of many calls raises
            while True:
                numbers.append(capture.next(1.0).sequence)
                if len(numbers) == 3:
                    threading.Event().wait(0.1)
        capture.close()
        assert numbers == list(range(20))
        assert capture.statistics.captured == 20
        assert capture.statistics.skipped == 0

    def test_a_cut_off_video_shows_in_the_statistics(self, tmp_path):
        path = write_clip(tmp_path / "a.avi", frames=40, codec="MJPG")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        capture = Capture(make_source(f"file:{path}", fast=True))
        capture.start()
        play(capture)
        assert capture.statistics.captured + capture.statistics.missing == 40


def test_the_waits_between_attempts_only_grow():
    assert list(BACKOFF_S) == sorted(BACKOFF_S)
    assert sum(BACKOFF_S) < 60
