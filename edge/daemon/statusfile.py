"""The status file: the newest snapshot in the runtime directory, for `landmarkd status`. No port is opened for it."""

import json
import os
from pathlib import Path
from typing import Any

from edge.daemon.snapshot import Snapshot
from edge.errors import AccessError, SourceError, SourceFormatError

NAME = "status.json"
LARGEST = 1 << 20


def runtime_folder() -> Path:
    """Return where the status file lies: what systemd gives (RUNTIME_DIRECTORY), else a folder for this user."""
    given = os.environ.get("RUNTIME_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    system = Path("/run/landmarkd")
    if os.geteuid() == 0 or system.is_dir():
        return system
    return Path(os.environ.get("XDG_RUNTIME_DIR", f"/tmp/landmarkd-{os.geteuid()}")) / "landmarkd"  # noqa: S108


class StatusFile:
    """Writes snapshots, each whole or not at all.

    Args:
        folder: made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._scratch = folder / f".{NAME}.{os.getpid()}"
        self.failed: str | None = None

    def publish(self, snapshot: Snapshot) -> None:
        """Write a snapshot. A disk that is full or read-only is noted in `failed` and disturbs nothing else."""
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._scratch.write_text(json.dumps(snapshot.as_dict()), "utf-8")
            self._scratch.replace(self.path)
            self.failed = None
        except OSError as error:
            self.failed = f"{self.path}: {error.strerror}"

    def remove(self) -> None:
        """Remove what was not finished; the last snapshot stays, so that one can see how it ended."""
        self._scratch.unlink(missing_ok=True)


def read_status(folder: Path) -> dict[str, Any]:
    """Return the last snapshot.

    Raises:
        SourceError: no daemon has written one.
        AccessError: the file may not be read.
        SourceFormatError: it is damaged.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST)
        values = json.loads(content)
    except PermissionError as error:
        raise AccessError(f"{path}: no permission to read it; try sudo landmarkd status.") from error
    except OSError as error:
        raise SourceError(
            f"No daemon has run here ({path}: {error.strerror}); start one with landmarkd run."
        ) from error
    except (ValueError, RecursionError) as error:
        raise SourceFormatError(f"{path} is damaged ({error}); restart the daemon.") from error
    if not isinstance(values, dict) or not {"state", "pid", "updated_ns"} <= values.keys():
        raise SourceFormatError(f"{path} is no status of landmarkd; restart the daemon.")
    return values
