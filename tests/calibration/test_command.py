"""`landmarkd calibrate` as a user runs it."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from landmarkd.camera.intrinsics import PRESETS, load_intrinsics
from landmarkd.cli.main import main

from tests.calibration.conftest import CAMERA


def landmarkd(*arguments, cwd, home="/nowhere"):
    command = [
        sys.executable,
        "-c",
        "from landmarkd.cli.main import main; main()",
        "calibrate",
        *map(str, arguments),
    ]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_pictures_become_a_calibration(pictures, tmp_path):
    shots = tmp_path / "shots"
    shots.mkdir()
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(shots / f"{number}.png"), picture)
    cv2.imwrite(str(shots / "wall.png"), np.full((360, 480, 3), 90, np.uint8))
    (shots / "broken.jpg").write_bytes(b"no picture")
    done = landmarkd("camera", shots, "--out", "car.json", cwd=tmp_path, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sudo install -m 644 car.json /etc/landmarkd-camera.json" in done.stdout
    assert "wall.png: no board is seen" in done.stderr
    assert "broken.jpg: it cannot be decoded" in done.stderr
    assert f'camera = "{tmp_path}/car.json"' in done.stdout
    assert load_intrinsics(tmp_path / "car.json").fx == pytest.approx(CAMERA.fx, rel=0.005)


def test_a_live_camera_is_followed_until_nothing_is_missing(pictures, tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / "board.avi"), cv2.VideoWriter.fourcc(*"FFV1"), 10, (480, 360)
    )
    for picture in pictures:
        for _ in range(3):
            writer.write(picture)
    writer.release()
    done = landmarkd("camera", "--source", "file:board.avi", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert load_intrinsics(tmp_path / "camera.json").fx == pytest.approx(CAMERA.fx, rel=0.005)
    assert "more exact" not in done.stdout
    assert "sudo" not in done.stdout


def test_no_board_is_one_sentence_and_no_file(tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((360, 480, 3), 90, np.uint8))
    done = landmarkd("camera", "wall.png", cwd=tmp_path)
    assert done.returncode == 65
    assert "landmarkd calibrate board" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "camera.json").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["camera", "a.png", "--source", "demo:"], 64, "not both"),
        (["camera", "--source", "images:shots"], 64, "without --source"),
        (["camera", "--source", "."], 64, "landmarkd calibrate camera ."),
        (["camera", "--source", "the shot.jpg"], 64, "landmarkd calibrate camera the shot.jpg"),
        (["camera", "--source", "demo:", "--out", "nowhere/camera.json"], 64, "not a folder"),
        (["camera", "none.png"], 66, "none.png does not exist"),
        (["board", "--paper", "a3"], 64, "a4 or letter"),
        (["board", "--out", "nowhere/board.pdf"], 74, "nowhere/board.pdf"),
        (["presets", "--size", "big"], 64, "640x480"),
    ],
)
def test_mistakes_get_a_sentence_and_a_status(
    tmp_path, monkeypatch, capsys, arguments, status, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["landmarkd", "calibrate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == status
    assert words in capsys.readouterr().err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []


def test_the_board_is_written_and_the_presets_are_listed(tmp_path):
    assert landmarkd("board", "--paper", "letter", cwd=tmp_path).returncode == 0
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF-")
    listed = landmarkd("presets", cwd=tmp_path)
    assert all(f'"{name}"' in listed.stdout for name in PRESETS)
