"""The learnt baselines of drivers, stored by name.

Each has a few numbers and no image. Written rarely and atomically.
"""

import json
import logging
import os
import re
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Self

from landmarkd.daemon.records import checked
from landmarkd.errors import AccessError, LandmarkdError, UsageError
from landmarkd.files import check_writable, read_bounded, write_atomic, writing
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.monitor import DriverBaseline

log = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
VERSION = 1
MAX_BYTES = 4096
SAVE_EVERY_S = 600.0
"""Minimum between two writes, because SD cards wear out."""
_ANGLES = ("head_yaw", "head_pitch", "gaze_yaw", "gaze_pitch")
CHANGED = {"open_left": 0.02, "open_right": 0.02, **dict.fromkeys(_ANGLES, 2.0)}
"""A smaller change is not written."""
_LIMITS = {"open_left": (0.02, 0.8), "open_right": (0.02, 0.8)}
_ANGLE = (-90.0, 90.0)
SERVICE_STATE = Path("/var/lib/landmarkd")
"""The state directory of the installed service; only its user may enter it."""
AS_SERVICE = f"sudo -u landmarkd landmarkd calibrate … --state {SERVICE_STATE}"
_OWNER = f"run it as the owner; for the service: {AS_SERVICE}"


def state_folder() -> Path:
    """Return the folder for data between runs.

    It is that of systemd, else that of the user (XDG base directories).
    """
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    home = os.path.expanduser("~")  # noqa: PTH111  # pathlib's raises where there is none
    local = Path("/nonexistent" if home == "~" else home, ".local", "state")
    base = os.environ.get("XDG_STATE_HOME") or local
    return Path(base) / "landmarkd"


def drivers_folder(state: Path | None = None) -> Path:
    """Return the folder of the baselines in a state folder, by default `state_folder()`."""
    return (state or state_folder()) / "drivers"


class BaselineStore:
    """Baselines of drivers, one small readable JSON file for each name.

    Args:
        folder: made at the first save; default `drivers_folder()`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or drivers_folder()

    def path(self, name: str) -> Path:
        """Return the file of a driver.

        Raises:
            UsageError: the name has characters other than letters, digits, - and _, or more than
                32.
        """
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not a name for a driver; use letters, digits, - and _, at most 32."
            )
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Return the stored names.

        Raises:
            AccessError: the folder may not be read.
        """
        try:
            files = list(self.folder.iterdir())
        except PermissionError as error:
            raise AccessError(f"{self.folder}: no permission to read it; {_OWNER}.") from error
        except OSError:
            return []
        names = (file.stem for file in files if file.suffix == ".json")
        return sorted(name for name in names if NAME.fullmatch(name))

    def load(self, name: str) -> DriverBaseline | None:
        """Return the baseline of a driver; None if there is none, or the file is not valid."""
        path = self.path(name)
        try:
            return _parse(json.loads(read_bounded(path, MAX_BYTES)))
        except (OSError, ValueError, OverflowError, RecursionError):
            return None

    def check(self, name: str) -> None:
        """Check before long work whether a baseline can be saved, and make the folder.

        Raises:
            AccessError, SinkError: as `save`.
        """
        path = self.path(name)
        with writing(path, _OWNER):
            self.folder.mkdir(parents=True, exist_ok=True)
        check_writable(path, _OWNER)

    def save(self, name: str, baseline: DriverBaseline) -> Path:
        """Write the baseline of a driver, completely or not at all.

        Raises:
            AccessError: the folder may not be written.
            SinkError: it cannot be written for another reason.
        """
        path = self.path(name)
        text = json.dumps({"version": VERSION, **asdict(baseline)}, indent=2) + "\n"
        with writing(path, "baselines are not kept until this user may write there"):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text.encode())
        return path

    def remove(self, name: str) -> bool:
        """Delete a driver and return whether there was a baseline.

        Raises:
            AccessError: the folder may not be written.
            SinkError: it cannot be deleted for another reason.
        """
        path = self.path(name)
        with writing(path, _OWNER):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
        return True


class BaselineKeeper:
    """Saves the baseline of one driver while it is being learnt.

    It writes rarely, and only if the baseline changed.

    Attributes:
        known: the stored baseline at the start, or None.
    """

    def __init__(self, store: BaselineStore, name: str) -> None:
        self._store, self._name = store, name
        self.known = self._saved = store.load(name)
        self._next_s = monotonic() + SAVE_EVERY_S

    @classmethod
    def of(cls, settings: DriverSettings) -> Self | None:
        """Return a keeper for the settings, or None."""
        return cls(BaselineStore(), settings.name) if settings.enabled and settings.keep else None

    def offer(self, baseline: DriverBaseline | None, *, now: bool = False) -> bool:
        """Save a baseline if it is due, or `now`, and return whether it was written.

        If the disk cannot be written, this is logged, and the daemon continues.
        """
        if baseline is None or (not now and monotonic() < self._next_s):
            return False
        self._next_s = monotonic() + SAVE_EVERY_S
        if self._saved is not None and not _differs(baseline, self._saved):
            return False
        try:
            self._store.save(self._name, baseline)
        except LandmarkdError as error:
            log.warning("%s", error)
            return False
        self._saved = baseline
        return True


def _differs(a: DriverBaseline, b: DriverBaseline) -> bool:
    for name, step in CHANGED.items():
        one, other = getattr(a, name), getattr(b, name)
        if (one is None) != (other is None) or (one is not None and abs(one - other) >= step):
            return True
    return False


def _parse(values: object) -> DriverBaseline | None:
    if not isinstance(values, dict) or values.get("version") != VERSION:
        return None
    baseline: DriverBaseline = checked(DriverBaseline, values)
    for name in CHANGED:
        value, (low, high) = getattr(baseline, name), _LIMITS.get(name, _ANGLE)
        if value is not None and not low <= value <= high:
            return None
    return baseline
