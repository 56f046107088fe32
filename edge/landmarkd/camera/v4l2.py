"""USB cameras and other V4L2 devices."""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera import controls, devices
from landmarkd.camera.base import FrameSource, monotonic_stamp, quiet_opencv, size_option
from landmarkd.camera.jpeg import FORMATS as JPEG
from landmarkd.camera.jpeg import decode_jpeg, jpeg_scale
from landmarkd.camera.metering import FaceMeter
from landmarkd.camera.pace import period_of
from landmarkd.camera.pixels import PACKED, rotation_option, to_bgr, turned
from landmarkd.camera.uvc_exposure import UvcExposure
from landmarkd.errors import (
    AccessError,
    SourceAbsentError,
    SourceBusyError,
    SourceError,
    SourceFormatError,
    SourceLostError,
    SourceTimeoutError,
    UsageError,
)
from landmarkd.types import Frame
from landmarkd.uri import Uri

log = logging.getLogger(__name__)

DEFAULT_SIZE = (640, 480)
BUFFERS = 4
COMPRESSED = "MJPG"
"""Used if a camera has it: without compression, USB 2 allows at most 640x480 at 30 a second."""

FORMATS = {"mjpg": "MJPG", "yuyv": "YUYV", "grey": "GREY"}
OPTIONS = controls.OPTIONS | {"size", "mode", "fps", "format", "fourcc", "rotation"}


class V4l2Source(FrameSource):
    """A camera: ``v4l2:/dev/video0?size=640x480&fps=30``, ``v4l2:0``, or ``v4l2:`` for the first.

    Names under ``/dev/v4l/by-id`` do not depend on the order of plugging in, and are resolved again
    at each opening. `Frame.captured_ns` is the time stamp of the driver if it is on the monotonic
    clock, else the time of reading.

    OpenCV returns the bytes of the camera, which are decoded here: a truncated JPEG frame is an
    error, and pictures that are larger than needed are decoded at a half, quarter or eighth of
    their size. All options are in docs/sources.md.
    """

    live = True

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        uri.only(OPTIONS)
        if uri.host is not None:
            raise UsageError(f"{uri.text}: write v4l2:/dev/video0, without a host.")
        self._wanted = size_option(uri, None)
        self._mode = size_option(uri, None, "mode")
        self._fps = uri.integer("fps", 30, 1, 240)
        self._demanded = _format_option(uri)
        self._rotation = rotation_option(uri)
        self._settings = controls.wanted_settings(uri)
        self._meters_face = controls.meters_face(uri)
        self._exposure: UvcExposure | None = None
        self._path = f"/dev/video{uri.path}" if uri.path.isdecimal() else uri.path
        self.period_s = 1.0 / self._fps
        self._capture: cv2.VideoCapture | None = None

    def check(self, *, present: bool = False) -> None:
        """Check that the device is a camera if it exists, see `FrameSource.check`."""
        absent = () if present else (SourceAbsentError,)
        with suppress(*absent, SourceBusyError, SourceLostError):
            self._find()

    def open(self) -> None:
        """Start the camera, see `FrameSource.open`."""
        self.close()
        self._node = path = self._find()
        try:
            with quiet_opencv():
                self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
                self._configure(self._capture, path)
            controls.apply(path, self.uri, self._settings)
            if self._meters_face:
                self._exposure = UvcExposure(path, self.uri, self.period_s or 1 / self._fps)
                self._meter = FaceMeter(self._exposure)
        except SourceError:
            self.close()
            raise
        self._sequence = 0

    def _find(self) -> str:
        if not self._path:
            found = devices.cameras()
            if not found:
                raise SourceAbsentError(
                    f"{self.uri} finds nothing to open; {devices.describe_cameras()}"
                )
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
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*(self._demanded or COMPRESSED)))
        width, height = self._mode or self._wanted or DEFAULT_SIZE
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, self._fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERS)
        self._check_format(capture, path)
        self._check_size(capture, path)
        self.period_s = period_of(capture.get(cv2.CAP_PROP_FPS))
        if round(1 / self.period_s) < self._fps:
            log.warning(
                "%s: %d frames a second were asked for, the camera makes %.3g in this mode; see: "
                "v4l2-ctl -d %s --list-formats-ext",
                *(self.uri, self._fps, 1 / self.period_s, path),
            )
        # Starts the stream, which fails if another program uses the camera.
        if not capture.grab():
            raise SourceBusyError(
                f"{path} starts no stream; another program may hold it: sudo fuser -v {path}; or "
                "the USB bus has no bandwidth left: try a smaller size or another port."
            )

    def _check_format(self, capture: Any, path: str) -> None:
        self._format = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("latin-1")
        if self._demanded not in {None, self._format}:
            raise SourceFormatError(
                f"{path} has no format {self._demanded} at this size, it delivers {self._format}; "
                f"see: v4l2-ctl -d {path} --list-formats-ext"
            )
        # OpenCV converts all other formats.
        raw = self._format in JPEG or self._format in PACKED
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0 if raw else 1)

    def _check_size(self, capture: Any, path: str) -> None:
        given = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        self._scale = 1
        if self._format in JPEG:
            self._scale = jpeg_scale(given, self._wanted or DEFAULT_SIZE)
        wanted = self._mode or self._wanted
        delivered = tuple(-(-side // self._scale) for side in given)
        exact = self._mode is None and self._wanted == delivered
        if wanted is not None and given != wanted and not exact:
            raise SourceFormatError(
                f"{path} has no pictures of {wanted[0]}x{wanted[1]}, the nearest are "
                f"{given[0]}x{given[1]}; see: v4l2-ctl -d {path} --list-formats-ext"
            )

    def read(self, timeout_s: float) -> Frame:
        """Return the next frame, see `FrameSource.read`."""
        if self._capture is None:
            raise SourceLostError(f"{self.uri} is not open.")
        try:
            ready, _ = cv2.VideoCapture.waitAny([self._capture], max(1, int(timeout_s * 1e9)))
            if not ready:
                raise SourceTimeoutError(f"{self.uri} has no frame within {timeout_s:.1f} s.")
            found, data = self._capture.read()
            now_ns = time.monotonic_ns()
            stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        except cv2.error as error:
            self._require_device()
            raise SourceLostError(f"{self.uri} stopped its stream.") from error
        if not found or data is None:
            # An unplugged camera is always "ready" and never delivers.
            self._require_device()
            raise SourceFormatError(f"{self.uri} delivered an empty frame.")
        image = turned(self._decode(np.asarray(data)), self._rotation)
        return self._delivered(image, monotonic_stamp(stamp_ns, now_ns))

    def _decode(self, data: NDArray[Any]) -> NDArray[np.uint8]:
        if self._format in JPEG:
            return decode_jpeg(data.reshape(-1), self._scale, self.uri)
        conversion = PACKED.get(self._format)
        return to_bgr(data if conversion is None else cv2.cvtColor(data, conversion), self.uri)

    def _require_device(self) -> None:
        """Raise SourceLostError if the camera was unplugged."""
        try:
            there = Path(self._node).exists() and devices.query(self._node).is_camera
        except (SourceBusyError, AccessError):
            there = True
        except SourceError:
            there = False
        if not there:
            raise SourceLostError(f"{self.uri} is gone; was it unplugged?")

    def close(self) -> None:
        """Release the camera."""
        capture, self._capture = self._capture, None
        exposure, self._exposure = self._exposure, None
        if exposure is not None and exposure.held:
            # The camera would keep its settings for the next program.
            with suppress(SourceError):
                exposure.release()
        if capture is not None:
            with quiet_opencv():
                capture.release()


def _format_option(uri: Uri) -> str | None:
    """Return the four characters of the options ``format`` or ``fourcc``, None for automatic."""
    name = uri.choice("format", ("auto", *FORMATS))
    fourcc = uri.options.get("fourcc", FORMATS.get(name, "")).upper()
    if fourcc and (len(fourcc) != 4 or not fourcc.isascii()):
        raise UsageError(f"{uri.text}: fourcc is four characters, MJPG or YUYV for example.")
    return fourcc or None
