"""Cameras in the network: RTSP, and Motion JPEG over HTTP, with FFmpeg in OpenCV."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlunsplit

import cv2
import numpy as np

from landmarkd.camera.base import FrameSource, quiet_opencv
from landmarkd.camera.container import pixel_shape, squared
from landmarkd.camera.pace import period_of
from landmarkd.camera.paths import user_path
from landmarkd.camera.pixels import rotation_option, to_bgr, turned
from landmarkd.errors import (
    AccessError,
    MissingPackageError,
    SourceAbsentError,
    SourceLostError,
    UsageError,
)
from landmarkd.files import read_secret, reading
from landmarkd.types import Frame
from landmarkd.uri import Uri

OPEN_MS, READ_MS = 8000, 2000
"""Limits for the answer of a camera, and for its next frame, before it counts as lost."""

OURS = frozenset({"ca", "credentials", "rotation"})
"""Options for landmarkd; all other options are sent to the camera."""

PATH = "/%:@!$&'()*+,;=~"
"""Characters of a path that are sent as they are written, besides letters, digits and ``-._``."""

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""The certificate authorities of Debian, which FFmpeg in wheels of OpenCV does not use by
default."""

FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""The only way to set options of FFmpeg; OpenCV reads it at every open. Entries:
``name;value|``."""

CHECKING = 62
"""The libavformat (FFmpeg 8) that also checks certificates of ``rtsps:``; 59 does not."""


class NetworkSource(FrameSource):
    """A camera in the network: ``rtsp://camera/stream`` or ``http://camera/stream.mjpg``.

    ``credentials=FILE`` is a file with NAME:PASSWORD in one line. The certificate of ``https:`` and
    ``rtsps:`` is checked with ``ca=FILE``, or else with the authorities of the system.
    `Frame.captured_ns` is the time of reading: the delay of camera and network is unknown. Pixels
    that are not square are made square.
    """

    live = remote = True
    noisy = False

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        if not uri.host:
            raise UsageError(f"{uri.text}: write {uri.scheme}://HOST/PATH.")
        self._rotation = rotation_option(uri)
        self._credentials = uri.options.get("credentials")
        self._encrypted = uri.scheme in {"https", "rtsps"}
        self._authorities = uri.options.get("ca", AUTHORITIES)
        if any(mark in self._authorities for mark in ";|"):
            raise UsageError(f"{uri.text}: the path of ca may hold no ; and no |.")
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Connect, see `FrameSource.open`.

        Raises:
            SourceAbsentError: nothing answers, or it sends no video.
            AccessError: the file with the credentials may not be read, or others may read it too.
            UsageError: the file does not exist or has other content.
            MissingPackageError: FFmpeg in this OpenCV cannot check certificates.
        """
        self.close()
        address, checks = self._address(), self._checks()
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS),
        ]
        with quiet_opencv(), _ffmpeg_options(checks):
            self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
        if not self._capture.isOpened():
            self.close()
            beside = ", credentials and certificate (ca=FILE)" if checks else " and credentials"
            raise SourceAbsentError(
                f"{self.uri} does not answer, or sends no video; check the address{beside}."
            )
        self.period_s = period_of(self._capture.get(cv2.CAP_PROP_FPS))
        self._shape = pixel_shape(self._capture)
        self._sequence = 0

    def read(self, timeout_s: float) -> Frame:  # noqa: ARG002 - FFmpeg has its own deadline
        """Return the next frame; waits for up to `READ_MS`, independent of `timeout_s`."""
        if self._capture is None:
            raise SourceLostError(f"{self.uri} is not open.")
        try:
            found, image = self._capture.read()
        except cv2.error:
            found, image = False, None
        now_ns = time.monotonic_ns()
        if not found or image is None:
            raise SourceLostError(f"{self.uri} sends nothing more.")
        square = squared(to_bgr(np.asarray(image), self.uri), self._shape)
        return self._delivered(turned(square, self._rotation), now_ns)

    def close(self) -> None:
        """Disconnect."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _address(self) -> str:
        """Return the address of the camera with the credentials; never log it."""
        # Not from the text, which is for people: passwords are removed there.
        uri = self._parsed
        secret = "" if self._credentials is None else f"{self._read_credentials()}@"
        host = f"[{uri.host}]" if ":" in str(uri.host) else uri.host
        port = "" if uri.port is None else f":{uri.port}"
        path = quote(uri.encoded_path, safe=PATH)
        query = urlencode([item for item in uri.options.items() if item[0] not in OURS])
        return urlunsplit((uri.scheme, f"{secret}{host}{port}", path, query, ""))

    def _checks(self) -> str:
        """Return options for FFmpeg to check the certificate, which it does not by default."""
        if not self._encrypted:
            return ""
        if self._parsed.scheme == "rtsps" and avformat_version() < CHECKING:
            raise MissingPackageError(
                "The FFmpeg of this OpenCV checks no certificates of rtsps cameras; FFmpeg 8 is "
                "needed; run: pip install -U opencv-python-headless"
            )
        path = user_path(self._authorities)
        with reading(path, UsageError, "the certificates to trust (ca) cannot be read"):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        return f"rtsp_flags;prefer_tcp|tls_verify;1|ca_file;{path}"

    def _read_credentials(self) -> str:
        path = user_path(str(self._credentials))
        try:
            text = read_secret(path).decode().strip()
        except AccessError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} with the camera's credentials cannot be read.") from error
        name, colon, password = text.partition(":")
        if not colon or not text.isprintable():
            raise UsageError(f"{path} is not NAME:PASSWORD in one line.")
        return f"{quote(name, safe='')}:{quote(password, safe='')}"


def avformat_version() -> int:
    """Return the major version of libavformat in OpenCV, 0 if unknown."""
    found = re.search(r"avformat: +YES \((\d+)\.", cv2.getBuildInformation())
    return int(found[1]) if found else 0


@contextmanager
def _ffmpeg_options(options: str) -> Iterator[None]:
    """Add options to those of the user, while a camera is opened."""
    before = os.environ.get(FFMPEG_OPTIONS)
    if options:
        os.environ[FFMPEG_OPTIONS] = f"{before}|{options}" if before else options
    try:
        yield
    finally:
        if options and before is None:
            del os.environ[FFMPEG_OPTIONS]
        elif options and before is not None:
            os.environ[FFMPEG_OPTIONS] = before
