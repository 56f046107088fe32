"""The tests of tests/camera/uvc, in a process that has a USB camera."""

import os
import subprocess
import sys
from pathlib import Path

from tests.camera.uvc.fake import build

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
