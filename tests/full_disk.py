"""A real file system without free space."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def full_disk(disk: Path) -> Iterator[Path]:
    """Mount a full file system of 512 KiB at `disk`, a new folder; yield the file to remove for
    space."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a file system")
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(1 << 20))
        yield filler
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
