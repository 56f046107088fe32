"""Video files, with their time stamps and rotation."""

import json
import logging
import math
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.base import NS_PER_S, FrameSource
from landmarkd.camera.container import open_video, pixel_shape, refuse_interlaced, squared
from landmarkd.camera.pace import GAP_S, Timeline, period_of, wait_until
from landmarkd.camera.paths import local_path, require_file
from landmarkd.camera.pixels import rotation_option, to_bgr, turned
from landmarkd.errors import EndOfStreamError, SourceFormatError
from landmarkd.files import read_bounded
from landmarkd.types import Frame
from landmarkd.uri import Uri

log = logging.getLogger(__name__)

SIDECAR_SUFFIX = ".timestamps.txt"
MAX_SIDECAR_BYTES = 64 << 20


class VideoSource(FrameSource):
    """A video file: ``file:clip.mp4``, options ``loop=yes``, ``rotation=90``.

    Every frame is delivered, at the pace of the file or, with `fast`, without waiting. The capture
    time is the time of opening plus the presentation time of the frame. That is the time of the
    container, or that in ``clip.timestamps.txt`` beside ``clip.mp4``: a JSON list with a time for
    each frame, ISO 8601 or seconds. The rotation of the container is applied, then that of the
    option ``rotation``. Pixels that are not square are made square.
    """

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        self._path = self._locate(uri)
        self._rotation = rotation_option(uri.only({"loop", "rotation"}))
        self._loop = uri.boolean("loop", default=False)
        self._capture: cv2.VideoCapture | None = None
        self._sidecar: list[float] = []
        self._end_s = 0.0
        self._next: Frame | None = None

    def _locate(self, uri: Uri) -> Path:
        return local_path(uri, "the video file")

    def _examine(self) -> None:
        """Refuse a video that cannot be decoded without an error."""
        refuse_interlaced(self._path)

    def check(self, *, present: bool = False) -> None:  # noqa: ARG002 - files must exist
        """Check that the file exists, see `FrameSource.check`."""
        require_file(self._path)

    def open(self) -> None:
        """Open the file and decode its first frame.

        Raises:
            SourceError: no such file.
            SourceFormatError: not a video, or damaged at the start.
            AccessError: no permission.
        """
        self.close()
        require_file(self._path)
        self._sidecar = read_sidecar(self._path)
        self._examine()
        self._capture = open_video(self._path)
        self.period_s = period_of(self._capture.get(cv2.CAP_PROP_FPS))
        self.missing = 0
        self._shape = pixel_shape(self._capture)
        self._sequence = self._index = 0
        self._size: tuple[int, ...] | None = None
        self._timeline = Timeline(self.period_s, time.monotonic_ns())
        try:
            self._next = self._decode()
        except EndOfStreamError as error:
            self.close()
            raise SourceFormatError(
                f"{self._path} has no picture that can be decoded; it is no video, or it is "
                "damaged."
            ) from error

    def read(self, timeout_s: float) -> Frame:
        """Return the next frame, see `FrameSource.read`."""
        if self._next is None:
            self._next = self._decode()
        if not self._fast:
            wait_until(self._next.captured_ns, timeout_s, self.uri)
        frame, self._next = self._next, None
        return frame

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
        self._capture = self._next = None

    def _decode(self) -> Frame:
        image = self._grab()
        if image is None and self._loop and self._index > 0:
            self._note_missing()
            self._index = 0
            self._capture = open_video(self._path)
            image = self._grab()
        if image is None:
            self._note_missing()
            raise EndOfStreamError(f"{self._path} is at its end.")
        if self._size not in {None, image.shape}:
            raise SourceFormatError(
                f"{self._path} changes its picture from {_size(self._size)} to "
                f"{_size(image.shape)} at frame {self._sequence}; convert it to one size first."
            )
        self._size = image.shape
        before_ns = self._timeline.last_ns
        stamp_ns = self._timeline.stamp(self._presentation_s())
        if before_ns is not None and stamp_ns - before_ns > GAP_S * NS_PER_S:
            gap_s = (stamp_ns - before_ns) / NS_PER_S
            log.warning("%s: a gap of %.1f s before frame %d.", self._path, gap_s, self._sequence)
        frame = Frame(self.uri, self._sequence, stamp_ns, image)
        self._sequence += 1
        self._index += 1
        return frame

    def _grab(self) -> NDArray[np.uint8] | None:
        if self._capture is None:
            raise EndOfStreamError(f"{self.uri} is not open.")
        try:
            found, image = self._capture.read()
        except cv2.error:
            return None
        if not found:
            return None
        self._end_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        image = squared(to_bgr(image, f"{self.uri}, frame {self._sequence}"), self._shape)
        return turned(image, self._rotation)

    def _presentation_s(self) -> float:
        if self._index < len(self._sidecar):
            return self._sidecar[self._index]
        if self._sidecar or self._capture is None:
            return math.nan
        return self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3

    def _note_missing(self) -> None:
        if self._capture is None:
            return
        promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        # Containers that only have a duration may be wrong by one or two frames; this is no damage.
        # It is no damage either if the times jump and the last frame is at the promised end.
        lost = int(promised) - self._index if 0 < promised < 1e9 else 0
        period_s = self.period_s or 0.0
        complete = self._end_s + 2.5 * period_s >= promised * period_s
        if self._index > 0 and lost > 2 and self.missing == 0 and not complete:
            self.missing = lost
            log.warning("%s ends %d frames before it should; it was cut off.", self._path, lost)


def read_sidecar(video: Path) -> list[float]:
    """Return the times of the frames from the file of the camera in seconds, empty without a file.

    Raises:
        SourceFormatError: the file is not a list of increasing times.
    """
    path = video.with_name(video.stem + SIDECAR_SUFFIX)
    if not path.is_file():
        return []
    try:
        entries = json.loads(read_bounded(path, MAX_SIDECAR_BYTES))
        if not isinstance(entries, list):
            raise TypeError("it is no list")
        times = [_seconds(entry) for entry in entries]
        if not all(map(math.isfinite, times)) or not all(
            late > early for early, late in pairwise(times)
        ):
            raise ValueError("its times do not grow")
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SourceFormatError(
            f"{path} gives no times for the frames ({error}); correct or remove it."
        ) from error
    return [at - times[0] for at in times]


def _seconds(entry: object) -> float:
    if isinstance(entry, str):
        at = datetime.fromisoformat(entry)
        # Without an offset as UTC, which is never set back; only differences are used.
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if isinstance(entry, bool) or not isinstance(entry, int | float):
        raise TypeError(f"{entry!r} is no time")
    return float(entry)


def _size(shape: tuple[int, ...] | None) -> str:
    return f"{shape[1]}x{shape[0]}" if shape else "nothing"
