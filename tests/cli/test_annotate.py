"""`landmarkd annotate` never damages its inputs, and its outputs are complete."""

import resource
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.errors import ExitCode
from landmarkd.overlay_video import OverlayVideo

from tests.camera.clips import picture, write_clip
from tests.process import command, landmarkd


def draw(path: Path, number: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), picture(number))
    return path


def test_no_input_is_overwritten_and_no_output_is_shared(tmp_path: Path) -> None:
    inputs = [
        draw(tmp_path / "a.png"),
        draw(tmp_path / "a.jpg", 3),
        draw(tmp_path / "b" / "a.png", 5),
    ]
    before = [path.read_bytes() for path in inputs]
    done = landmarkd("annotate", *inputs, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in inputs] == before
    written = {path.name for path in tmp_path.iterdir()} - {"a.png", "a.jpg", "b"}
    assert written == {"a-2.png", "a-3.png", "a-4.png"}


def test_a_damaged_picture_is_counted_and_the_rest_is_done(tmp_path: Path) -> None:
    good = draw(tmp_path / "in" / "good.png")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"\xff\xd8 not really")
    done = landmarkd("annotate", good.parent, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 inputs could not be used" in done.stderr
    assert "bad.jpg" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]


def test_nothing_but_damage_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 not really")
    done = landmarkd("annotate", tmp_path / "bad.jpg", "--out", tmp_path / "out")
    assert done.returncode == ExitCode.DATA


def test_lines_never_replace_an_input(tmp_path: Path) -> None:
    good = draw(tmp_path / "good.png")
    drive = tmp_path / "drive.jsonl"
    drive.write_text("precious")
    for target in (good, drive):
        before = target.read_bytes()
        done = landmarkd("annotate", good, "--jsonl", target)
        assert done.returncode == ExitCode.USAGE
        assert target.read_bytes() == before


def test_an_overlay_video_has_the_rate_of_its_input(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=12, fps=50)
    done = landmarkd("annotate", clip, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    written = cv2.VideoCapture(str(tmp_path / "out" / "clip.mp4"))
    assert written.get(cv2.CAP_PROP_FPS) == pytest.approx(50)
    assert written.get(cv2.CAP_PROP_FRAME_COUNT) == 12
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.mp4"]


def test_a_gap_is_as_long_in_the_overlay_as_in_the_input(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with OverlayVideo(target, 0.04) as video:
        for at_s in (0.0, 0.04, 0.4, 0.44):
            video.write(picture(1), round(at_s * 1e9))
    assert cv2.VideoCapture(str(target)).get(cv2.CAP_PROP_FRAME_COUNT) == 12


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_disk_that_fills_leaves_the_video_that_was_there(tmp_path: Path, share: float) -> None:
    target = tmp_path / "a.mp4"
    code = f"""
from pathlib import Path
from landmarkd.overlay_video import OverlayVideo
from tests.camera.clips import picture
with OverlayVideo(Path({str(target)!r}), 0.04) as video:
    for number in range(0, 100, 2):
        video.write(picture(number), number * 40_000_000)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    before = target.read_bytes()
    limit = int(share * len(before))
    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "SinkError" in done.stderr
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_annotate_fails_if_its_video_cannot_be_written(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=12, fps=50)
    done = subprocess.run(
        command(["annotate", clip, "--out", tmp_path / "out"]),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.IO, done.stderr
    assert "clip.mp4" in done.stderr
    assert "free some space" in done.stderr
    assert not list((tmp_path / "out").iterdir())


def test_a_draft_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".a.part.mp4").symlink_to(victim)
    with OverlayVideo(tmp_path / "a.mp4", 0.04) as video:
        video.write(picture(1), 0)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "a.mp4").is_symlink()


def test_an_overlay_video_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"the one before")
    with pytest.raises(KeyboardInterrupt), OverlayVideo(target, 0.04) as video:  # noqa: PT012
        video.write(np.zeros((64, 96, 3), np.uint8), 0)
        raise KeyboardInterrupt
    assert target.read_bytes() == b"the one before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
