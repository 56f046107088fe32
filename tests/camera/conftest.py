import os
import shutil
import tempfile
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def forbidden():
    """A folder that the test may not read, nor its files, even if the superuser runs the tests."""
    folder = Path(tempfile.mkdtemp())
    (folder / "clip.mp4").write_bytes(b"something")
    (folder / "pictures").mkdir()
    for path in folder.iterdir():
        path.chmod(0)
    folder.chmod(0o755)
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(NOBODY)
    yield folder
    if superuser:
        os.seteuid(0)
    shutil.rmtree(folder)
