"""The public functions and iterators; see docs/api.md.

OpenCV and the TFLite runtime are imported when they are first used: a program that only receives
loads neither.
"""

import time
import weakref
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock, RLock
from typing import TYPE_CHECKING, Any, Self

from landmarkd.errors import EndOfStreamError, SourceTimeoutError
from landmarkd.types import Frame, Report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from landmarkd.camera.capture import Capture
    from landmarkd.pipeline import Pipeline

POLL_S = 0.25
"""Longest single wait for a frame or a message; Ctrl-C and `close` take effect between two."""

_lock = Lock()
_still: "list[Pipeline]" = []


def detect(image: "NDArray[Any] | str | Path") -> Report:
    """Return the report for one picture; earlier pictures have no influence.

    A single picture has no smoothing and no useful driver state: ignore `report.driver`. For the
    frames of a camera use `Pipeline`. The default models are loaded at the first call and kept.
    Safe to call from several threads, which wait for each other.

    Args:
        image: (height, width, 3) uint8 in OpenCV's order BGR; grey (height, width), BGRA and
            16 bits deep are converted; or a path.

    Raises:
        SourceFormatError: not a picture, or too small for a face.
        SourceError: no such file.
        AccessError: the file may not be read.
        InferenceRuntimeError: no TFLite runtime works here.
    """
    from landmarkd.camera.images import read_picture
    from landmarkd.camera.pixels import to_bgr
    from landmarkd.pipeline import Pipeline

    if isinstance(image, str | Path):
        name, pixels = str(image), read_picture(Path(image))
    else:
        name, pixels = "image", to_bgr(image, "The image")
    with _lock:
        if not _still:
            _still.append(Pipeline())
        _still[0].reset()
        return _still[0].process(Frame(name, 0, time.monotonic_ns(), pixels), still=True)


class Camera:
    """The frames of a camera, video, picture folder or the bundled clip, one after the other.

    It is an iterator and a context manager. A live camera is read by its own thread: the
    iterator gives the newest frame, counts what was skipped, and opens a camera that was lost
    again. A file is read frame by frame.

    Args:
        uri: ``picamera2:``, ``v4l2:/dev/video0``, ``file:clip.mp4``, ``images:folder``, ``demo:``;
            docs/sources.md has all of them with their options.
        fast: read a file as fast as frames are taken instead of at its own pace.

    Attributes:
        uri: as given.
        live: whether a camera makes the frames and drops those that are not taken; False for files.

    Raises:
        UsageError: an unknown scheme or option.
        MissingPackageError: a package that the source needs is missing.
    """

    def __init__(self, uri: str = "demo:", *, fast: bool = False) -> None:
        from landmarkd.camera import make_source
        from landmarkd.camera.capture import Capture

        source = make_source(uri, fast=fast)
        self.uri, self.live = uri, source.live
        # Held while the capture is used: OpenCV aborts if a file is closed while it is read.
        self._using, self._closed = RLock(), Event()
        self._capture = Capture(source, ending=self._closed.is_set)
        # A program that ends without close(), by Ctrl-C for example, must not leave a thread in
        # OpenCV: the interpreter would abort.
        self._release = weakref.finalize(self, _release, self._capture, self._using, self._closed)
        self._started = False

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """Return the next frame of a file or the newest of a camera, however long that takes.

        Raises:
            SourceError: the source cannot be opened, or was lost and did not come back.
            AccessError: no permission.
            SourceFormatError: a frame of a file cannot be used.
        """
        while not self._closed.is_set():
            with self._using:
                if not self._started:
                    self._started = True
                    self._capture.start()
                try:
                    return self._capture.next(POLL_S)
                except SourceTimeoutError:
                    continue
                except EndOfStreamError:
                    self.close()
        raise StopIteration

    def close(self) -> None:
        """Release the camera; the iterator ends. May be called twice, and from another thread."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _release(capture: "Capture", using: RLock, closed: Event) -> None:
    closed.set()
    with using:
        capture.close()


class Receiver:
    """The reports that a `landmarkd` elsewhere sends, one after the other.

    It is an iterator and a context manager, opens the port at once, and needs neither OpenCV nor a
    TFLite runtime. `Report.source` is the sender's device name. Unsmoothed points, uncertainties
    and the region of interest are not on the wire, so these reports do not have them.

    Args:
        uri: ``udp://:5005``, ``serial:///dev/ttyUSB0?baud=921600`` or ``lmk:FILE``.
        timeout_s: raise an error after this many seconds without a report; None waits without a
            limit.

    Raises:
        UsageError: an unknown scheme or option.
        SourceError: the port or device cannot be opened.
        SourceFormatError: the file is not a recording, or one of another version.
        AccessError: no permission.
    """

    def __init__(self, uri: str, *, timeout_s: float | None = None) -> None:
        from landmarkd.receive.stream import FrameStream

        self.uri = uri
        self._timeout_s = timeout_s
        self._stream = FrameStream(uri).__enter__()
        self._waiting: deque[Report] = deque()
        # Held while the link is used: another thread must not close what is read.
        self._using, self._closed = RLock(), False

    def __iter__(self) -> Iterator[Report]:
        return self

    def __next__(self) -> Report:
        """Return the next report; damaged messages, also of a recording, are skipped.

        Raises:
            SourceTimeoutError: none came within `timeout_s`.
            SourceLostError: the device is gone.
        """
        since_s = time.monotonic()
        while True:
            with self._using:
                if self._waiting:
                    return self._waiting.popleft()
                if self._closed or self._stream.ended:
                    self.close()
                    raise StopIteration
                arrived = [received.report() for received in self._stream.poll(POLL_S)]
                self._waiting.extend(report for report in arrived if report is not None)
            late = self._timeout_s is not None and time.monotonic() - since_s > self._timeout_s
            if late and not self._waiting:
                raise SourceTimeoutError(f"{self.uri}: no report within {self._timeout_s:g} s.")

    def close(self) -> None:
        """Close the port; the iterator ends. May be called twice, and from another thread."""
        self._closed = True
        with self._using:
            self._waiting.clear()
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
