"""A video of overlays with the rate and the times of its input."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import SinkError
from landmarkd.files import create, opencv_name, writing

MAX_REPEATS = 36_000
"""A longer gap (20 minutes at 30 frames a second) is shortened to this many frames."""


class OverlayVideo:
    """Writes pictures at a constant rate, each shown until the next one is due.

    The file is written under another name and renamed once it holds every frame, so that an error
    leaves no part of a video.

    Args:
        target: the video, ``.mp4``.
        period_s: time between two of its frames.

    Raises:
        AccessError: no permission to write the file.
        SinkError: it cannot be written for another reason, such as a full disk, which is found at
            the end.
    """

    def __init__(self, target: Path, period_s: float) -> None:
        self._target, self._period_ns = target, period_s * 1e9
        self._draft = target.with_name(f".{target.stem}.part{target.suffix}")
        self._writer: Any = None
        self._first_ns = 0
        self._written = self._frames = 0
        self._last: NDArray[np.uint8] | None = None

    def write(self, image: NDArray[np.uint8], captured_ns: int) -> None:
        """Show a picture from `captured_ns` on; (height, width, 3) uint8 BGR."""
        if self._writer is None:
            opencv_name(self._target, SinkError)
            with writing(self._target):
                os.close(create(self._draft, 0o666))
            height, width = image.shape[:2]
            code = cv2.VideoWriter.fourcc(*"mp4v")
            rate = 1e9 / self._period_ns
            self._writer = cv2.VideoWriter(str(self._draft), code, rate, (width, height))
            if not self._writer.isOpened():
                raise SinkError(f"{self._target}: OpenCV cannot write a video there.")
            self._first_ns = captured_ns
        due = round((captured_ns - self._first_ns) / self._period_ns)
        for _ in range(min(due - self._written, MAX_REPEATS)):
            self._add(self._last if self._last is not None else image)
        # Of two pictures within one period the first is shown.
        if due >= self._written:
            self._add(image)
            self._written = due + 1
        self._last = image

    def _add(self, image: NDArray[np.uint8]) -> None:
        self._writer.write(image)
        self._frames += 1

    def _complete(self) -> bool:
        """Return whether the file holds every frame; OpenCV reports no error of writing."""
        written = cv2.VideoCapture(str(self._draft), cv2.CAP_FFMPEG)
        frames = written.get(cv2.CAP_PROP_FRAME_COUNT)
        written.release()
        return frames == self._frames and _whole(self._draft)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._writer is None:
            return
        self._writer.release()
        if kind is None and self._complete():
            with writing(self._target):
                self._draft.replace(self._target)
            return
        self._draft.unlink(missing_ok=True)
        if kind is None:
            raise SinkError(
                f"{self._target}: the video could not be written to its end; free some space, or "
                "choose another folder."
            )


def _whole(path: Path) -> bool:
    """Return whether an MP4 file ends where its last box does."""
    at, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:  # the length of a large box follows its name
                length = int.from_bytes(head[8:], "big")
            at += max(length, 8)
    return at == size
