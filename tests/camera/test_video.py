import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.camera import make_source
from landmarkd.camera.pace import LONGEST_GAP_S, Timeline, period_of
from landmarkd.errors import (
    AccessError,
    EndOfStreamError,
    SourceError,
    SourceFormatError,
    SourceTimeoutError,
    UsageError,
)

from tests.camera.clips import SIZE, mark_mp4, picture, write_clip

EVAL = Path(__file__).parents[3] / "shared" / "eval" / "videos"
needs_eval = pytest.mark.skipif(
    not EVAL.is_dir(), reason="the evaluation videos (../shared/eval) are not here"
)


def frames_of(path, limit=10_000, **options):
    query = "&".join(f"{key}={value}" for key, value in options.items())
    source = make_source(f"file:{path}{'?' if query else ''}{query}", fast=True)
    frames = []
    with source:
        try:
            while len(frames) < limit:
                frames.append(source.read(1.0))
        except EndOfStreamError:
            pass
    return source, frames


def milliseconds(frames):
    return [round((frame.captured_ns - frames[0].captured_ns) / 1e6, 2) for frame in frames]


def test_every_frame_comes_once_and_in_order(tmp_path):
    _, frames = frames_of(write_clip(tmp_path / "a.mp4", frames=12))
    assert [frame.sequence for frame in frames] == list(range(12))
    assert [round((frame.image[-10:, -10:].mean() - 20) / 8) for frame in frames] == list(range(12))
    assert milliseconds(frames) == [40.0 * number for number in range(12)]


def test_times_do_not_depend_on_how_fast_the_frames_are_taken(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=4, fps=50)
    _, fast = frames_of(path)
    with make_source(f"file:{path}") as source:
        paced = [source.read(1.0) for _ in range(4)]
    assert milliseconds(fast) == milliseconds(paced)


def test_a_frame_that_is_not_due_yet_times_out_and_is_not_lost(tmp_path):
    with make_source(f"file:{write_clip(tmp_path / 'a.mp4', fps=5)}") as source:
        source.read(1.0)
        with pytest.raises(SourceTimeoutError):
            source.read(0.01)
        assert source.read(1.0).sequence == 1


def test_looping_goes_on_counting(tmp_path):
    source = make_source(f"file:{write_clip(tmp_path / 'a.mp4', frames=5)}?loop=yes", fast=True)
    with source:
        frames = [source.read(1.0) for _ in range(12)]
    assert [frame.sequence for frame in frames] == list(range(12))
    assert milliseconds(frames) == [40.0 * number for number in range(12)]


def test_rotation_of_the_container_is_applied(tmp_path):
    path = mark_mp4(write_clip(tmp_path / "a.mp4"), turned=True)
    _, frames = frames_of(path)
    width, height = SIZE
    assert frames[0].image.shape == (width, height, 3)
    # The bright corner goes from the top left to the top right when a picture is turned clockwise.
    assert frames[0].image[:10, -10:].mean() > 200
    assert frames[0].image[:10, :10].mean() < 100


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_by_option(tmp_path, rotation):
    path = write_clip(tmp_path / "a.mp4")
    _, frames = frames_of(path, rotation=rotation)
    image = np.rot90(frames[0].image, rotation // 90)
    assert image.shape == (SIZE[1], SIZE[0], 3)
    assert image[:10, :10].mean() > 200
    assert image[-10:, -10:].mean() < 100


def ffmpeg(path, *options):
    """Encode a moving picture with the program ffmpeg, for what OpenCV cannot write."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("needs ffmpeg")
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1")
    subprocess.run([program, "-v", "error", *source, *options, path], check=True, timeout=60)
    return path


def test_pixels_that_are_not_square_are_made_square(tmp_path):
    path = ffmpeg(tmp_path / "a.mp4", "-vf", "setsar=4/3", "-c:v", "mpeg4")
    _, frames = frames_of(path)
    assert frames[0].image.shape == (240, 427, 3)


@pytest.mark.parametrize("turned", [False, True])
def test_pixels_are_made_square_as_the_picture_was_stored(tmp_path, turned):
    path = mark_mp4(write_clip(tmp_path / "a.mp4"), turned=turned, wider=2)
    _, frames = frames_of(path)
    width, height = 2 * SIZE[0], SIZE[1]
    assert frames[0].image.shape[:2] == ((width, height) if turned else (height, width))


@pytest.mark.parametrize(
    "options",
    [
        ("-flags", "+ildct+ilme", "-c:v", "mpeg2video", "-b:v", "2M"),
        ("-vf", "setfield=tff", "-c:v", "libx264", "-preset", "ultrafast", "-x264opts", "tff=1"),
    ],
    ids=["mpeg2", "h264"],
)
def test_interlaced_files_are_decoded_or_refused(tmp_path, options):
    path = ffmpeg(tmp_path / "a.mpg" if "mpeg2video" in options else tmp_path / "a.mp4", *options)
    try:
        _, frames = frames_of(path)
    except SourceFormatError as error:
        assert "interlaced" in str(error)  # noqa: PT017 - either is right
    else:
        assert len({frame.image.tobytes() for frame in frames}) > 20


def test_a_video_that_stands_still_is_not_taken_for_an_interlaced_one(tmp_path):
    path = tmp_path / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, SIZE)
    for _ in range(20):
        writer.write(picture(3))
    writer.release()
    _, frames = frames_of(path)
    assert len(frames) == 20


def test_a_time_jump_is_a_gap_and_no_cut(tmp_path, caplog):
    jump = "setpts=if(lt(N\\,10)\\,N\\,N+3000)/25/TB"
    path = ffmpeg(tmp_path / "a.mkv", "-vf", jump, "-fps_mode", "passthrough", "-c:v", "mpeg4")
    source, frames = frames_of(path)
    assert len(frames) == 25
    assert source.missing == 0
    assert "cut off" not in caplog.text
    assert "a gap of 120.0 s before frame 10" in caplog.text
    assert milliseconds(frames)[10] == pytest.approx(120_400, abs=2)


def test_grey_videos_become_bgr(tmp_path):
    path = tmp_path / "grey.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 25, SIZE, isColor=False)
    for number in range(4):
        writer.write(picture(number)[..., 0])
    writer.release()
    _, frames = frames_of(path)
    assert frames[0].image.shape == (SIZE[1], SIZE[0], 3)
    assert np.ptp(frames[0].image, axis=2).max() <= 2


def test_the_cameras_own_times_win(tmp_path):
    path = write_clip(tmp_path / "a.avi", frames=4, codec="MJPG")
    times = ["2025-02-17 23:59:59.900", "2025-02-18 00:00:00.000", "2025-02-18 00:00:00.015"]
    (tmp_path / "a.timestamps.txt").write_text(json.dumps(times))
    _, frames = frames_of(path)
    # The fourth frame has no time of its own and follows after a period.
    assert milliseconds(frames) == [0.0, 100.0, 115.0, 155.0]


def test_times_with_an_offset_go_on_when_clocks_are_set_back(tmp_path):
    path = write_clip(tmp_path / "a.avi", frames=3, codec="MJPG")
    times = [
        "2024-10-27T02:59:59.960+02:00",
        "2024-10-27T02:00:00.000+01:00",
        "2024-10-27T01:00:00.050Z",
    ]
    (tmp_path / "a.timestamps.txt").write_text(json.dumps(times))
    _, frames = frames_of(path)
    assert milliseconds(frames) == [0.0, 40.0, 90.0]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1, 1]", "[2, 1]", '["soon"]', "[true]", "[NaN, 1]", "[1e400]", "[" * 5000, "\xff"],
)
def test_a_wrong_list_of_times_is_named(tmp_path, content):
    path = write_clip(tmp_path / "a.mp4")
    (tmp_path / "a.timestamps.txt").write_text(content, encoding="latin-1")
    with pytest.raises(SourceFormatError, match=r"a\.timestamps\.txt"):
        make_source(f"file:{path}").open()


def test_pictures_that_change_their_size_keep_that_of_the_first(tmp_path):
    path = tmp_path / "a.mjpeg"
    # Motion JPEG without a container is pictures one behind the other.
    pictures = [picture(1, (96, 64))] * 12 + [picture(1, (64, 96))] * 12
    path.write_bytes(b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in pictures))
    _, frames = frames_of(path)
    assert len(frames) == 24
    assert {frame.image.shape for frame in frames} == {(64, 96, 3)}


def test_a_decoder_that_hands_a_change_of_size_through_is_stopped(tmp_path, monkeypatch):
    path = write_clip(tmp_path / "a.mp4")
    other = cv2.VideoCapture(str(write_clip(tmp_path / "b.mp4", size=(64, 96))))
    source = make_source(f"file:{path}", fast=True)
    with source:
        source.read(1.0)
        source._capture = other
        with pytest.raises(SourceFormatError, match="96x64 to 64x96"):
            source.read(1.0)


class TestDamage:
    def test_a_truncated_video_ends_cleanly_and_counts_what_is_missing(self, tmp_path, caplog):
        path = write_clip(tmp_path / "a.avi", frames=40, codec="MJPG")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        source, frames = frames_of(path)
        assert 5 < len(frames) < 35
        assert source.missing == 40 - len(frames)
        assert "cut off" in caplog.text

    def test_a_whole_video_misses_nothing(self, tmp_path, caplog):
        source, _ = frames_of(write_clip(tmp_path / "a.avi", frames=40, codec="MJPG"))
        assert source.missing == 0
        assert not caplog.text

    def test_a_truncated_mp4_is_no_video(self, tmp_path, capfd):
        path = write_clip(tmp_path / "a.mp4")
        path.write_bytes(path.read_bytes()[:-400])
        with pytest.raises(SourceFormatError, match=r"a\.mp4"):
            make_source(f"file:{path}").open()
        assert not capfd.readouterr().err

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def test_no_damage_raises_anything_but_our_errors(self, tmp_path_factory, data):
        folder = tmp_path_factory.mktemp("damage")
        good = write_clip(folder / "good.avi", frames=8, codec="MJPG").read_bytes()
        bad = bytearray(good[: data.draw(st.integers(1, len(good)))])
        for _ in range(data.draw(st.integers(0, 20))):
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
        (folder / "bad.avi").write_bytes(bad)
        source = make_source(f"file:{folder / 'bad.avi'}", fast=True)
        try:
            with source:
                for _ in range(50):
                    source.read(0.1)
        except (SourceError, EndOfStreamError):
            pass


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda path: None, SourceError, "does not exist"),
        (lambda path: path.write_bytes(b""), SourceFormatError, "empty"),
        (lambda path: path.write_text("no video, just words\n" * 50), SourceFormatError, "video"),
        (lambda path: path.mkdir(), SourceError, "folder"),
    ],
)
def test_what_is_no_video_gets_one_clear_sentence(tmp_path, capfd, make, error, words):
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(error, match=words) as caught:
        make_source(f"file:{path}").open()
    assert "clip.mp4" in str(caught.value)
    assert not capfd.readouterr().err


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("file:{}/clip.mp4", "chmod"),
        ("file:{}/pictures/clip.mp4", "folder"),
        ("images:{}/pictures", "chmod"),
        ("images:{}/clip.mp4", "chmod"),
        ("v4l2:{}/clip.mp4", "usermod -aG video"),
    ],
)
def test_no_permission(forbidden, uri, words):
    with pytest.raises(AccessError, match=words):
        make_source(uri.format(forbidden)).open()


@pytest.mark.parametrize(
    "uri", ["file:", "file://host/clip.mp4", "file:a.mp4?loop=maybe", "demo:clip.mp4"]
)
def test_wrong_uris_are_usage_errors(uri):
    with pytest.raises(UsageError):
        make_source(uri)


class TestTimeline:
    def test_plain_times_are_added_to_the_base(self):
        timeline = Timeline(0.04, 1000)
        assert [timeline.stamp(t) for t in (0.0, 0.01, 0.05)] == [1000, 10_001_000, 50_001_000]

    def test_a_pause_of_minutes_keeps_its_length(self):
        timeline = Timeline(0.04, 0)
        stamps = [timeline.stamp(t) for t in (0.0, 0.04, 300.0, 300.04)]
        assert stamps == [0, 40_000_000, 300_000_000_000, 300_040_000_000]

    def test_a_gap_that_no_camera_makes_is_one_period(self):
        timeline = Timeline(0.04, 0)
        stamps = [
            timeline.stamp(t)
            for t in (0.0, 0.04, 0.08 + 2 * LONGEST_GAP_S, 0.12 + 2 * LONGEST_GAP_S)
        ]
        assert stamps == [0, 40_000_000, 80_000_000, 120_000_000]

    @given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30))
    def test_times_grow_whatever_the_container_says(self, times):
        timeline = Timeline(0.04, 5)
        stamps = [timeline.stamp(t) for t in times]
        assert stamps[0] == 5
        assert stamps == sorted(set(stamps))

    @pytest.mark.parametrize("fps", [0.0, -1.0, 90_000.0, float("nan"), float("inf")])
    def test_rates_that_containers_invent_count_as_30(self, fps):
        assert period_of(fps) == 1 / 30


@needs_eval
class TestRealVideos:
    def test_a_camera_with_its_own_clock(self):
        _, frames = frames_of(EVAL / "blink_mahie_1.avi", limit=150)
        assert len(frames) == 150
        gaps = np.diff(milliseconds(frames))
        assert gaps.min() > 18
        assert gaps.max() < 78

    def test_one_that_promises_more_than_it_holds(self):
        source, frames = frames_of(EVAL / "talking_head_obama.mp4")
        assert len(frames) + source.missing == 158
        assert source.missing > 100
