import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path

import pytest
from landmarkd.camera import SOURCES

NOBODY = 65534


@pytest.fixture
def forbidden():
    """A folder that the test cannot read, nor its files, even if root runs the tests."""
    folder = Path(tempfile.mkdtemp())
    (folder / "clip.mp4").write_bytes(b"something")
    (folder / "pictures").mkdir()
    for path in folder.iterdir():
        path.chmod(0)
    folder.chmod(0o755)
    superuser = os.geteuid() == 0
    # The other user may not enter a clone in a private folder, so import the modules first.
    for target in SOURCES.values():
        import_module(target.partition(":")[0])
    if superuser:
        os.seteuid(NOBODY)
    yield folder
    if superuser:
        os.seteuid(0)
    shutil.rmtree(folder)
