import os
from pathlib import Path

import pytest

from tests.camera.uvc.fake import Camera

# Without the library in this process there is no camera; tests/camera/test_uvc.py starts one that
# has it.
collect_ignore_glob = [] if "FAKE_UVC" in os.environ else ["test_*.py"]


@pytest.fixture
def camera():
    camera = Camera(Path(os.environ["FAKE_UVC"]))
    camera.reset()
    yield camera
    camera.reset()
