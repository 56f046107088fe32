"""The status file: the newest snapshot in the runtime directory, for `landmarkd status`."""

import errno
import json
import logging
import os
import stat
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from landmarkd.daemon.diagnosis import diagnose
from landmarkd.daemon.records import checked
from landmarkd.daemon.snapshot import STOPPED, Snapshot
from landmarkd.errors import AccessError, LandmarkdError, SourceError, SourceFormatError
from landmarkd.files import read_bounded, write_atomic

log = logging.getLogger(__name__)

NAME = "status.json"
MAX_BYTES = 1 << 20
SERVICE = Path("/run/landmarkd")
"""RuntimeDirectory of the unit."""
SHARED = Path("/tmp")  # noqa: S108  # see `_refuse_of_others`
"""Where neither systemd nor a login session gives a folder."""


def runtime_folder() -> Path:
    """Return where a daemon of this user publishes.

    It is systemd's RUNTIME_DIRECTORY, or the folder of the service for those who may write there,
    which also stays after its end; else a folder of this user.
    """
    given = os.environ.get("RUNTIME_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    if os.geteuid() == 0 or os.access(SERVICE, os.W_OK):
        return SERVICE
    session = os.environ.get("XDG_RUNTIME_DIR")
    return Path(session, "landmarkd") if session else SHARED / f"landmarkd-{os.geteuid()}"


def shown_folder() -> Path:
    """Return the folder whose daemon this user wants to see.

    It is that of the service if it runs; else its own or that of the service, by the last snapshot.
    """
    own = runtime_folder()
    if os.environ.get("RUNTIME_DIRECTORY"):
        return own
    return SERVICE if StatusFile(SERVICE).taken() else max((own, SERVICE), key=_written_ns)


def _written_ns(folder: Path) -> int:
    """Return the monotonic time of the snapshot; 0 for none, or one before the last boot."""
    try:
        written_ns = read_status(folder).updated_ns
    except LandmarkdError:
        return 0
    return written_ns if written_ns <= time.monotonic_ns() else 0


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
        self._newest: Snapshot | None = None

    def taken(self) -> bool:
        """Return whether another running daemon publishes here."""
        try:
            snapshot = read_status(self.path.parent)
        except LandmarkdError:
            return False
        said = diagnose(snapshot, time.monotonic_ns())
        # An old one is of a daemon that hangs, or was killed and its process id used again.
        return snapshot.pid != os.getpid() and said.alive and not said.hangs

    def publish(self, snapshot: Snapshot) -> None:
        """Write a snapshot. A full or read-only disk is logged and has no other effect."""
        self._newest = snapshot
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
        """Write why the daemon ended or did not start, unless another one is running.

        The rest of the last snapshot stays: what ran, and for how long.
        """
        if self.taken():
            return
        newest = self._newest or Snapshot(STOPPED, 0, 0.0, os.getpid(), "landmarkd")
        now_ns = time.monotonic_ns()
        self.publish(replace(newest, state=STOPPED, updated_ns=now_ns, failure=str(error)))


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
