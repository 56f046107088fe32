"""Pictures as a source: one file, or those of a folder in natural order."""

import logging
import os
import re
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera import PICTURES
from landmarkd.camera.base import NS_PER_S, FrameSource
from landmarkd.camera.pace import wait_until
from landmarkd.camera.paths import local_path, require_file
from landmarkd.camera.pixels import refuse_size, rotation_option, to_bgr, turned
from landmarkd.errors import AccessError, EndOfStreamError, SourceError, SourceFormatError
from landmarkd.files import read_bounded
from landmarkd.types import Frame
from landmarkd.uri import Uri

log = logging.getLogger(__name__)

MAX_BYTES = 1 << 28


class ImageFolderSource(FrameSource):
    """Pictures: ``images:folder`` or ``images:face.jpg``, options ``fps`` and ``rotation``.

    Their times are those of a video with `fps` (30) frames a second.
    `Frame.source` is the picture's path. Pictures may differ in size; rotation in EXIF is
    applied. A picture that cannot be decoded, or is too small or too large, is left out, logged,
    and counted in `missing`.
    """

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        self._path = local_path(uri.only({"fps", "rotation"}), "the folder or picture")
        self.period_s = self._step_s = 1.0 / uri.integer("fps", 30, 1, 1000)
        self._rotation = rotation_option(uri)
        self._files: list[Path] = []
        self._index = 0

    def check(self, *, present: bool = False) -> None:  # noqa: ARG002 - files must exist
        """Check that there are pictures, see `FrameSource.check`."""
        find_pictures(self._path)

    def open(self) -> None:
        """List the pictures.

        Raises:
            SourceError: no such folder or file, or no picture in it.
            AccessError: no permission.
        """
        self._files = find_pictures(self._path)
        self._index = self.missing = 0
        self._base_ns = time.monotonic_ns()

    def read(self, timeout_s: float) -> Frame:
        """Return the next picture that can be used, see `FrameSource.read`.

        Raises:
            SourceFormatError: no picture could be used.
        """
        while self._index < len(self._files):
            captured_ns = self._base_ns + round(self._index * self._step_s * NS_PER_S)
            if not self._fast:
                wait_until(captured_ns, timeout_s, self.uri)
            path = self._files[self._index]
            self._index += 1
            try:
                image = turned(read_picture(path), self._rotation)
            except SourceError as error:
                self.missing += 1
                if self.missing == len(self._files):
                    raise
                log.warning("Left out: %s", error)
                continue
            return Frame(str(path), self._index - 1, captured_ns, image)
        raise EndOfStreamError(f"{self.uri} has no more pictures.")

    def close(self) -> None:
        """Clear the list."""
        self._files = []


def find_pictures(path: Path) -> list[Path]:
    """Return the picture `path`, or those of the folder `path` with ``face2`` before ``face10``.

    Raises:
        SourceError: no such folder or file, or no picture in it.
        AccessError: no permission.
    """
    if not path.is_dir():
        require_file(path)
        return [path]
    if not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
        raise AccessError(f"{path} cannot be listed: permission denied; try: chmod +rx {path}")
    files = [
        file
        for file in path.iterdir()
        if file.suffix.lower() in PICTURES and not file.name.startswith(".") and file.is_file()
    ]
    if not files:
        raise SourceError(f"{path} holds no pictures ({', '.join(sorted(PICTURES))}).")
    return sorted(files, key=_natural)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture file, upright by its EXIF, as (height, width, 3) uint8 BGR.

    Raises:
        SourceFormatError: not a picture, damaged, too small for a face, or too large.
        SourceError, AccessError: the file cannot be read.
    """
    require_file(path)
    try:
        content = np.frombuffer(read_bounded(path, MAX_BYTES), np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        image = None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    if image is None:
        raise SourceFormatError(
            f"{path} is not a picture that can be decoded; repair it or take it away."
        )
    refuse_size(image.shape, str(path))
    return to_bgr(image, str(path))


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name
