"""The status file: the newest snapshot in the runtime directory, for `landmarkd status`."""

import errno
import json
import logging
import os
import stat
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from landmarkd.daemon.diagnosis import diagnose
from landmarkd.daemon.records import checked
from landmarkd.daemon.snapshot import Snapshot
from landmarkd.errors import AccessError, LandmarkdError, SourceError, SourceFormatError
from landmarkd.files import read_bounded, write_atomic

log = logging.getLogger(__name__)

NAME = "status.json"
MAX_BYTES = 1 << 20
SHARED = Path("/tmp")  # noqa: S108  # see `_refuse_of_others`
"""Where neither systemd nor a login session gives a folder."""


def runtime_folder() -> Path:
    """Return the folder of the status file: systemd's RUNTIME_DIRECTORY, else one of this user."""
    given = os.environ.get("RUNTIME_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    system = Path("/run/landmarkd")
    if os.geteuid() == 0 or system.is_dir():
        return system
    session = os.environ.get("XDG_RUNTIME_DIR")
    return Path(session, "landmarkd") if session else SHARED / f"landmarkd-{os.geteuid()}"


def _refuse_of_others(folder: Path) -> None:
    """Refuse a folder in /tmp that another user made or may change.

    Raises:
        PermissionError: the folder is of another user, or others may write to it.
    """
    with suppress(FileNotFoundError):
        status = os.lstat(folder)
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if folder.parent == SHARED and (not ours or status.st_mode & 0o022):
            raise PermissionError(errno.EPERM, "another user made this folder, or may change it")


class StatusFile:
    """Writes snapshots, each completely or not at all.

    Args:
        folder: made if it does not exist.

    Attributes:
        failed: error of the last write, or None.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.failed: str | None = None

    def taken(self) -> bool:
        """Return whether another running daemon publishes here."""
        try:
            snapshot = read_status(self.path.parent)
        except LandmarkdError:
            return False
        return snapshot.pid != os.getpid() and diagnose(snapshot, time.monotonic_ns()).alive

    def publish(self, snapshot: Snapshot) -> None:
        """Write a snapshot. A full or read-only disk is logged and has no other effect."""
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            _refuse_of_others(self.path.parent)
            content = json.dumps(asdict(snapshot)).encode()
            # Any user may read the status, independent of the umask of the service.
            write_atomic(self.path, content, mode=0o644, durable=False)
            self.failed = None
        except OSError as error:
            if self.failed is None:
                log.warning(
                    "%s: %s; landmarkd status shows old values until it can be written",
                    self.path,
                    error.strerror,
                )
            self.failed = f"{self.path}: {error.strerror}"

    def publish_failure(self, error: Exception) -> None:
        """Write that a daemon did not start, unless another one is running."""
        if self.taken():
            return
        now_ns = time.monotonic_ns()
        self.publish(Snapshot("stopped", now_ns, 0.0, os.getpid(), "landmarkd", failure=str(error)))


def read_status(folder: Path) -> Snapshot:
    """Return the last snapshot.

    Raises:
        SourceError: no daemon has written a snapshot.
        AccessError: the file may not be read.
        SourceFormatError: it is damaged or of another version.
    """
    path = folder / NAME
    try:
        _refuse_of_others(folder)
        content = read_bounded(path, MAX_BYTES)
    except PermissionError as error:
        raise AccessError(
            f"{path}: no permission to read it; try sudo landmarkd status."
        ) from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise SourceFormatError(
                f"{path} is damaged ({error.strerror}); restart the daemon."
            ) from error
        raise SourceError(
            f"No daemon has written its state here ({path}: {error.strerror}); start one with "
            "landmarkd run, and if one runs, see its log: journalctl -u landmarkd."
        ) from error
    try:
        snapshot: Snapshot = checked(Snapshot, json.loads(content))
    except (ValueError, OverflowError, RecursionError) as error:
        raise SourceFormatError(f"{path} is damaged ({error}); restart the daemon.") from error
    return snapshot
