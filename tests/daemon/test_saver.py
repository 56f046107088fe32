"""No image is ever written or sent unless the user asks for it explicitly."""

import re
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.camera.demo import CLIP
from landmarkd.daemon.saver import FrameSaver
from landmarkd.errors import ExitCode, SinkError
from landmarkd.types import Frame

from tests.faults.bench import Daemon
from tests.process import landmarkd

FRAMES = 20
SMALLEST_IMAGE = 1000
"""Bytes of a bundled clip's frame at 1/8 of its side as JPEG, quality 50: too small to identify."""


def test_an_eighth_of_the_side_needs_more_bytes_than_the_tests_allow() -> None:
    with make_source("demo:") as source:
        image = source.read(10).image
    tiny = cv2.resize(image, (80, 60), interpolation=cv2.INTER_AREA)
    assert len(cv2.imencode(".jpg", tiny, (cv2.IMWRITE_JPEG_QUALITY, 50))[1]) > SMALLEST_IMAGE


def test_nothing_that_could_be_an_image_is_written_or_sent(tmp_path: Path) -> None:
    """The kernel counts every byte that the process writes to a file, and every byte it sends."""
    lines = tmp_path / "lines.jsonl"
    environment = {
        name: str(tmp_path / "own")
        for name in ("HOME", "TMPDIR", "STATE_DIRECTORY", "XDG_CACHE_HOME")
    }
    (tmp_path / "own").mkdir()
    with Daemon(tmp_path, sinks=[f"jsonl:{lines}"], environment=environment, clip=CLIP) as daemon:
        heard = daemon.ear.frames(FRAMES)
        values = daemon.wait_status(lambda status: status.processed >= FRAMES and status.face)
        counted = Path(f"/proc/{daemon.process.pid}/io").read_text()
        written = int(re.search(r"wchar: (\d+)", counted)[1])  # type: ignore[index]
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        known = sum(path.stat().st_size for path in files)
        snapshots = (
            int(values.uptime_s + 3) * 2 * daemon.runtime.joinpath("status.json").stat().st_size
        )
        assert daemon.end() == 0
    assert written < known + snapshots + FRAMES * SMALLEST_IMAGE
    assert values.sinks[0].bytes / values.sinks[0].sent < SMALLEST_IMAGE / 4
    assert heard
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is None, f"{path} is an image"


def test_a_reload_or_a_restart_overwrites_no_picture(tmp_path: Path) -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    for _start in range(2):
        saver = FrameSaver(tmp_path)
        for _service in range(2):
            for sequence in (0, 3):
                saver.save(Frame("test:", sequence, 1, image))
    (tmp_path / "frame-cafe.jpg").touch()
    numbers = [int(path.stem[6:]) for path in sorted(tmp_path.glob("frame-0*"))]
    assert numbers == [0, 3, 4, 7, 8, 11, 12, 15]


def test_whoever_asks_gets_every_frame_and_is_told_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    folder = tmp_path / "pictures"
    done = landmarkd(
        *("run", "--source", "demo:", "--fast", "--frames", "5"),
        *("--sink", f"jsonl:{tmp_path / 'lines'}", "--save-frames", folder),
    )
    assert done.returncode == ExitCode.OK, done.stderr
    assert "PICTURES ARE SAVED" in done.stderr
    assert [path.name for path in sorted(folder.iterdir())] == [
        f"frame-{number:08}.jpg" for number in range(5)
    ]
    assert all(cv2.imread(str(path)).shape == (480, 640, 3) for path in folder.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_check_of_a_folder_changes_none_of_its_files(tmp_path: Path) -> None:
    for name in ("probe", "frame-00000007.jpg"):
        (tmp_path / name).write_text("mine")
    FrameSaver(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "probe": "mine",
        "frame-00000007.jpg": "mine",
    }


def test_a_folder_that_cannot_be_made_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="choose another folder"):
        FrameSaver(tmp_path / "file")
