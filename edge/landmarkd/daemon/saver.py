"""Frames as picture files, for `--save-frames`; no other module of the daemon writes an image."""

import logging
import re
from pathlib import Path

import cv2

from landmarkd.files import check_writable, write_atomic, writing
from landmarkd.types import Frame

log = logging.getLogger(__name__)

_NAME = re.compile(r"frame-(\d{8,15})\.jpg")
QUALITY = 90
"""Of the JPEG files."""


class FrameSaver:
    """Writes each processed frame as ``frame-00000123.jpg``, readable by its owner alone.

    The numbers continue after those in the folder, so that a restart or a reload overwrites
    nothing.

    Args:
        folder: made if it does not exist.

    Raises:
        AccessError: no permission to write there.
        SinkError: it cannot be made for another reason.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._failed = False
        self._base, self._highest, self._last = 0, -1, -1
        with writing(folder, "choose another folder to save frames in"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in folder.iterdir():
                if match := _NAME.fullmatch(path.name):
                    self._highest = max(self._highest, int(match[1]))
        self._base = self._highest + 1
        check_writable(self._path(self._base))
        log.warning(
            "PICTURES ARE SAVED: every frame is written to %s until this process ends "
            "(--save-frames).",
            folder,
        )

    def save(self, frame: Frame) -> None:
        """Write a frame; a full disk is logged once and has no other effect."""
        encoded, content = cv2.imencode(".jpg", frame.image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        if frame.sequence <= self._last:  # another service, whose camera counts from 0 again
            self._base = self._highest + 1
        self._last, self._highest = frame.sequence, self._base + frame.sequence
        try:
            if encoded:
                path = self._path(self._highest)
                write_atomic(path, content.tobytes(), mode=0o600, durable=False)
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("%s: %s; frames are not saved", self.folder, error.strerror)
            self._failed = True

    def _path(self, number: int) -> Path:
        return self.folder / f"frame-{number:08}.jpg"
