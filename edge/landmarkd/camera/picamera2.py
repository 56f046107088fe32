"""Cameras on a Raspberry Pi's camera port, through libcamera's Python library."""

import time
from importlib import import_module
from typing import Any

from landmarkd.camera.base import FrameSource, monotonic_stamp, size_option
from landmarkd.camera.pixels import to_bgr
from landmarkd.errors import (
    MissingPackageError,
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
"""One being filled, one waiting, one being copied and one to spare; each takes CMA memory."""


class Picamera2Source(FrameSource):
    """A camera module: ``picamera2:?size=640x480&fps=30&camera=0&rotation=180``.

    `Frame.captured_ns` is libcamera's SensorTimestamp, the start of the exposure's readout.
    """

    live = True

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        uri.only({"size", "fps", "camera", "rotation"})
        if uri.path or uri.host is not None:
            raise UsageError(
                f"{uri.text}: picamera2 takes no path; choose one of several by ?camera=1"
            )
        self._size = size_option(uri, DEFAULT_SIZE) or DEFAULT_SIZE
        self._fps = uri.integer("fps", 30, 1, 240)
        self._number = uri.integer("camera", 0, 0, 15)
        self._turned = uri.integer("rotation", 0, 0, 270) == 180
        if uri.options.get("rotation", "0") not in {"0", "180"}:
            raise UsageError(
                f"{uri.text}: rotation is 0 or 180; the camera's hardware mirrors but does not transpose, "
                "so turn the camera itself for 90 or 270."
            )
        self.period_s = 1.0 / self._fps
        self._camera: Any = None
        self._pending: Any = None
        self._sequence = 0

    def open(self) -> None:
        """Start the camera, see `FrameSource.open`."""
        self.close()
        library, libcamera = import_picamera2()
        found = library.global_camera_info()
        if not found:
            raise SourceError(
                f"{self.uri}: no camera is connected; power off, check the ribbon cable, and look at: "
                "rpicam-hello --list-cameras"
            )
        if self._number >= len(found):
            names = ", ".join(
                f"{number} ({info.get('Model', '?')})" for number, info in enumerate(found)
            )
            raise SourceError(f"{self.uri}: there is no camera {self._number}; there are: {names}.")
        try:
            self._camera = library(self._number)
            self._start(libcamera)
        except SourceError:
            self.close()
            raise
        except (RuntimeError, OSError, ValueError) as error:
            self.close()
            raise _opening_error(self.uri, error) from error
        self._sequence = 0

    def _start(self, libcamera: Any) -> None:
        transform = libcamera.Transform(hflip=int(self._turned), vflip=int(self._turned))
        configuration = self._camera.create_video_configuration(
            # Named by the order in a register: "RGB888" lies in memory as B, G, R.
            main={"size": self._size, "format": "RGB888"},
            raw={"size": whole_field(self._camera.sensor_resolution)},
            transform=transform,
            buffer_count=BUFFERS,
            controls={"FrameRate": float(self._fps)},
        )
        self._camera.configure(configuration)
        given = tuple(self._camera.camera_configuration()["main"]["size"])
        if given != self._size:
            width, height = given
            raise SourceFormatError(
                f"{self.uri}: the camera makes {width}x{height} of this; use size={width}x{height}"
            )
        self._camera.start()

    def read(self, timeout_s: float) -> Frame:
        """Return the next frame, see `FrameSource.read`."""
        if self._camera is None:
            raise SourceLostError(f"{self.uri} is not open.")
        request = self._take(timeout_s)
        now_ns = time.monotonic_ns()
        try:
            image = request.make_array("main")
            stamp_ns = int(request.get_metadata().get("SensorTimestamp", now_ns))
        finally:
            request.release()
        frame = Frame(
            self.uri, self._sequence, monotonic_stamp(stamp_ns, now_ns), to_bgr(image, self.uri)
        )
        self._sequence += 1
        return frame

    def _take(self, timeout_s: float) -> Any:
        """Wait for the frame asked for; ask only once, or each late frame would keep a buffer for ever."""
        try:
            if self._pending is None:
                self._pending = self._camera.capture_request(wait=False)
            request = self._pending.get_result(timeout=timeout_s)
        except TimeoutError as error:
            raise SourceTimeoutError(
                f"{self.uri} has no frame within {timeout_s:.1f} s."
            ) from error
        except (RuntimeError, OSError) as error:
            raise SourceLostError(
                f"{self.uri} stopped: {error}; check the ribbon cable and dmesg."
            ) from error
        self._pending = None
        return request

    def close(self) -> None:
        """Stop the camera and give it back."""
        camera, self._camera, self._pending = self._camera, None, None
        if camera is None:
            return
        try:
            camera.stop()
        finally:
            camera.close()


def whole_field(resolution: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the sensor mode to ask for: the whole field, pixels joined two by two on large sensors.

    Left to itself libcamera takes the mode nearest to the picture's size, which on small pictures
    sees only the middle of the field (IMX219 at 640x480), so that faces come out too near and too
    few.
    """
    width, height = resolution
    return (width // 2, height // 2) if width > 2000 else (width, height)


def import_picamera2() -> tuple[Any, Any]:
    """Return the class Picamera2 and the module libcamera.

    Raises:
        MissingPackageError: names what is missing and the command that installs it.
    """
    try:
        return import_module("picamera2").Picamera2, import_module("libcamera")
    except ImportError as error:
        missing = error.name or "picamera2"
        package = {"prctl": "python3-prctl", "pykms": "python3-kms++", "kms": "python3-kms++"}.get(
            missing
        )
        package = package or (
            "python3-libcamera" if missing == "libcamera" else "python3-picamera2"
        )
        raise MissingPackageError(
            f"The Pi camera needs the Python module {missing!r}, which is missing; run: sudo apt install -y "
            f"{' '.join(dict.fromkeys(['python3-picamera2', package]))}, and make the virtual environment "
            "with --system-site-packages."
        ) from error
    except (ValueError, AttributeError) as error:
        # "numpy.dtype size changed": apt's simplejpeg is built against an older numpy than the
        # environment's.
        raise MissingPackageError(
            f"picamera2 does not load here ({error}); if this is about numpy, take the system's own: "
            "pip uninstall numpy, in an environment with --system-site-packages."
        ) from error


def _opening_error(uri: str, error: Exception) -> SourceError:
    """Tell a busy camera from a broken one: the library hides the reason in the exception's context."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(texts) < 5:
        texts.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    chain = "; ".join(texts)
    if "busy" in chain.lower() or "requiring state Available" in chain:
        return SourceBusyError(
            f"{uri} is used by another program; find it with: sudo fuser -v /dev/video* /dev/media*"
        )
    return SourceError(f"{uri} does not start: {chain}; look at: rpicam-hello --list-cameras")
