"""The tests of tests/camera/uvc, and the daemon, in a process that has a USB camera."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
from landmarkd.camera.controls import APERTURE_PRIORITY, EXPOSURE, EXPOSURE_AUTO, MANUAL

from tests.camera.light import FULL, ROOM, Scene
from tests.camera.uvc.fake import build
from tests.process import landmarkd

FOLDER = Path(__file__).with_name("uvc")


def test_usb_cameras_under_opencvs_own_back_end(tmp_path):
    camera = build(tmp_path / "camera")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", FOLDER],
        env={**os.environ, **camera.environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5000:]
    assert "passed" in done.stdout


def test_the_daemon_meters_on_the_face(tmp_path):
    camera = build(tmp_path / "camera")
    scene = Scene(scale=8)
    # The face starts dark; each step doubles the exposure.
    for number in range(20):
        picture = scene.picture(ROOM, FULL * 2.0 ** (number // 2 - 5))
        cv2.imwrite(str(camera.folder / f"{number}.jpg"), picture)
    camera.has("ladder", "2")
    reports = tmp_path / "reports.jsonl"
    done = landmarkd(
        "run",
        "--source",
        f"v4l2:{camera.node}?ae_metering=face",
        "--sink",
        f"jsonl:{reports}",
        "--frames",
        "150",
        environment={**camera.environment, "RUNTIME_DIRECTORY": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    told = camera.controls()
    automatic = [value for control, value in told if control == EXPOSURE_AUTO]
    exposures = [value for control, value in told if control == EXPOSURE]
    assert automatic == [MANUAL, APERTURE_PRIORITY], "given back at the end"
    # The exposure of a room, `FULL` times the shortest one, is that of the fifth step; the camera
    # reported 250.
    assert 3 * 2**5 <= exposures[-1] < 3 * 2**6
    faces = [json.loads(line).get("face") is not None for line in reports.read_text().splitlines()]
    assert sum(faces[-60:]) > 50
