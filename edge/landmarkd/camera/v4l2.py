"""USB cameras and whatever else speaks V4L2."""

import os
import time
from pathlib import Path
from typing import Any

import cv2

from landmarkd.camera import devices
from landmarkd.camera.base import FrameSource, monotonic_stamp, quiet_opencv, size_option, to_bgr
from landmarkd.camera.pace import period_of
from landmarkd.errors import (
    SourceBusyError,
    SourceError,
    SourceFormatError,
    SourceLostError,
    SourceTimeoutError,
    UsageError,
)
from landmarkd.types import Frame
from landmarkd.uri import Uri

DEFAULT_SIZE = (640, 480)
BUFFERS = 4
COMPRESSED = "MJPG"
"""Taken where the camera offers it: USB 2 carries 640x480 uncompressed at 30 frames per second, and no more."""


class V4l2Source(FrameSource):
    """A camera: ``v4l2:/dev/video0?size=640x480&fps=30&fourcc=MJPG``, ``v4l2:0``, or ``v4l2:`` for the first.

    Names under ``/dev/v4l/by-id`` stay the same when cameras are plugged in another order, and are
    looked up again each time the camera is opened. `Frame.captured_ns` is the driver's time stamp
    if that is on the monotonic clock, and otherwise the time of reading.
    """

    live = True

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        uri.only({"size", "fps", "fourcc"})
        if uri.host is not None:
            raise UsageError(f"{uri.text}: write v4l2:/dev/video0, without a host.")
        self._wanted = size_option(uri, None)
        self._fps = uri.integer("fps", 30, 1, 240)
        self._fourcc = uri.options.get("fourcc", COMPRESSED).upper()
        if len(self._fourcc) != 4 or not self._fourcc.isascii():
            raise UsageError(f"{uri.text}: fourcc is four characters, MJPG or YUYV for example.")
        self._path = f"/dev/video{uri.path}" if uri.path.isdecimal() else uri.path
        self.period_s = 1.0 / self._fps
        self._capture: cv2.VideoCapture | None = None
        self._sequence = 0

    def open(self) -> None:
        """Start the camera, see `FrameSource.open`."""
        self.close()
        self._node = path = self._find()
        try:
            with quiet_opencv():
                self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
                self._configure(self._capture, path)
        except SourceError:
            self.close()
            raise
        self._sequence = 0

    def _find(self) -> str:
        if not self._path:
            found = devices.cameras()
            if not found:
                raise SourceError(f"{self.uri} finds nothing to open; {devices.describe_cameras()}")
            return found[0].path
        path = os.path.realpath(self._path)
        device = devices.query(path)
        if device.driver in devices.PI_DRIVERS:
            raise SourceError(
                f"{path} is a part of the Raspberry Pi's own camera; use the source picamera2:"
            )
        if not device.is_camera:
            raise SourceError(
                f"{path} ({device.name}) delivers no pictures; {devices.describe_cameras()}"
            )
        return path

    def _configure(self, capture: Any, path: str) -> None:
        if not capture.isOpened():
            raise devices.busy(path)
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*self._fourcc))
        width, height = self._wanted or DEFAULT_SIZE
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, self._fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERS)
        given = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        if self._wanted is not None and given != self._wanted:
            raise SourceFormatError(
                f"{path} has no pictures of {width}x{height}, the nearest are {given[0]}x{given[1]}; "
                f"see: v4l2-ctl -d {path} --list-formats-ext"
            )
        self.period_s = period_of(capture.get(cv2.CAP_PROP_FPS))
        # Starts the stream, which is when a camera that another program holds says so.
        if not capture.grab():
            raise SourceBusyError(
                f"{path} starts no stream; another program may hold it: sudo fuser -v {path}; or the USB bus "
                "has no bandwidth left: try a smaller size or another port."
            )

    def read(self, timeout_s: float) -> Frame:
        """Return the next frame, see `FrameSource.read`."""
        if self._capture is None:
            raise SourceLostError(f"{self.uri} is not open.")
        try:
            ready, _ = cv2.VideoCapture.waitAny([self._capture], max(1, int(timeout_s * 1e9)))
            if not ready:
                raise SourceTimeoutError(f"{self.uri} has no frame within {timeout_s:.1f} s.")
            found, image = self._capture.read()
            now_ns = time.monotonic_ns()
            stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        except cv2.error as error:
            raise SourceLostError(f"{self.uri} is gone; was it unplugged?") from error
        if not found or image is None:
            # A camera that was pulled out is always "ready" and never delivers.
            if not Path(self._node).exists():
                raise SourceLostError(f"{self.uri} is gone; was it unplugged?")
            raise SourceFormatError(f"{self.uri} delivered a frame that cannot be decoded.")
        frame = Frame(
            self.uri, self._sequence, monotonic_stamp(stamp_ns, now_ns), to_bgr(image, self.uri)
        )
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Give the camera back."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
