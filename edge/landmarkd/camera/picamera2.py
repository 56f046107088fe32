"""Cameras at the camera port of a Raspberry Pi, with the Python library of libcamera."""

import atexit
import logging
import os
import time
from concurrent.futures import CancelledError
from importlib import import_module
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.base import FrameSource, monotonic_stamp, size_option
from landmarkd.camera.controls import meters_face
from landmarkd.camera.metering import FaceMeter
from landmarkd.camera.pixels import rotation_option, turned
from landmarkd.camera.port_controls import OPTIONS, FaceBias, resolved, wanted_controls
from landmarkd.errors import (
    MissingPackageError,
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
"""One is filled, one waits, one is copied and one is spare; each needs CMA memory."""

PLANES: dict[str, tuple[int, int, int | None]] = {
    "RGB888": (3, 1, None),
    "BGR888": (3, 1, cv2.COLOR_RGB2BGR),
    "XRGB8888": (4, 1, cv2.COLOR_BGRA2BGR),
    "XBGR8888": (4, 1, cv2.COLOR_RGBA2BGR),
    "YUYV": (2, 1, cv2.COLOR_YUV2BGR_YUYV),
    "NV12": (1, 2, cv2.COLOR_YUV2BGR_NV12),
}
"""Formats that libcamera may answer with: bytes a pixel, 2 where half as many rows of colour
follow, and OpenCV's conversion. Their names give the order in a register: "RGB888" lies in memory
as BGR."""


class Picamera2Source(FrameSource):
    """A camera module: ``picamera2:?size=640x480&fps=30&camera=0&rotation=180``.

    `Frame.captured_ns` is the SensorTimestamp of libcamera, the start of the readout. All
    options are in docs/sources.md.
    """

    live = True

    def __init__(self, uri: Uri, *, fast: bool = False) -> None:
        super().__init__(uri, fast=fast)
        uri.only(OPTIONS | {"size", "fps", "camera", "rotation", "nightvision"})
        if uri.path or uri.host is not None:
            raise UsageError(
                f"{uri.text}: picamera2 takes no path; choose one of several by ?camera=1"
            )
        self._size = size_option(uri, DEFAULT_SIZE) or DEFAULT_SIZE
        self._fps = uri.integer("fps", 30, 1, 240)
        self._number = uri.integer("camera", 0, 0, 15)
        self._rotation = rotation_option(uri)
        self._wanted = wanted_controls(uri)
        self._nightvision = uri.boolean("nightvision", default=False)
        self.period_s = 1.0 / self._fps
        self._camera: Any = None
        self._pending: Any = None

    def open(self) -> None:
        """Start the camera, see `FrameSource.open`."""
        self.close()
        library, self._mapped, libcamera = import_picamera2()
        try:
            model = self._find(library.global_camera_info())
            tuning = None
            if self._nightvision:
                tuning = library.load_tuning_file(f"{model}_noir.json")
            self._camera = library(self._number, tuning=tuning)
            # At exit the library would wait for a hanging camera.
            atexit.unregister(self._camera.close)
            self._start(libcamera)
        except SourceError:
            self.close()
            raise
        except (RuntimeError, OSError, ValueError, IndexError, KeyError) as error:
            self.close()
            raise _opening_error(self.uri, error) from error
        self._sequence = 0

    def _find(self, found: list[dict[str, Any]]) -> str:
        if not found:
            raise SourceAbsentError(
                f"{self.uri}: no camera is connected; power off, check the ribbon cable, and look "
                "at: rpicam-hello --list-cameras"
            )
        if self._number >= len(found):
            names = ", ".join(
                f"{number} ({info.get('Model', '?')})" for number, info in enumerate(found)
            )
            raise SourceAbsentError(
                f"{self.uri}: there is no camera {self._number}; there are: {names}."
            )
        return str(found[self._number].get("Model", ""))

    def _start(self, libcamera: Any) -> None:
        camera = self._camera
        if "FrameDurationLimits" not in camera.camera_controls:
            raise SourceFormatError(
                f"{self.uri}: this camera lets libcamera set no frame rate, it is a USB camera; "
                "use the source v4l2:"
            )
        flip = int(self._rotation == 180)
        configuration = camera.create_video_configuration(
            main={"size": self._size, "format": "RGB888"},
            raw={"size": whole_field(camera.sensor_resolution)},
            transform=libcamera.Transform(hflip=flip, vflip=flip),
            buffer_count=BUFFERS,
            controls={
                "FrameRate": float(self._fps),
                **resolved(self._parsed, self._wanted, camera.camera_controls, libcamera.controls),
            },
        )
        camera.configure(configuration)
        self._main = camera.camera_configuration()["main"]
        given = tuple(self._main["size"])
        if given != self._size:
            width, height = given
            raise SourceFormatError(
                f"{self.uri}: the camera makes {width}x{height} of this; use size={width}x{height}"
            )
        if self._main["format"] not in PLANES:
            raise SourceFormatError(
                f"{self.uri}: the camera delivers {self._main['format']}, which cannot be used; "
                f"known are {', '.join(PLANES)}."
            )
        fastest_us = camera.camera_controls["FrameDurationLimits"][0]
        if fastest_us > 1.001e6 / self._fps:
            log.warning(
                "%s: %d frames a second were asked for, this sensor mode makes %.3g at most; ask "
                "for less, or for a smaller size.",
                *(self.uri, self._fps, 1e6 / fastest_us),
            )
            self.period_s = fastest_us / 1e6
        camera.start()
        if meters_face(self._parsed):
            self._meter = FaceMeter(FaceBias(self.uri, camera))

    def read(self, timeout_s: float) -> Frame:
        """Return the next frame, see `FrameSource.read`."""
        if self._camera is None:
            raise SourceLostError(f"{self.uri} is not open.")
        request = self._take(timeout_s)
        now_ns = time.monotonic_ns()
        try:
            with self._mapped(request, "main", reshape=False) as mapped:
                image = self._picture(mapped.array)
            stamp_ns = int(request.get_metadata().get("SensorTimestamp", now_ns))
        finally:
            request.release()
        return self._delivered(image, monotonic_stamp(stamp_ns, now_ns))

    def _picture(self, buffer: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of the memory of the camera as BGR, upright, copied or converted once."""
        (width, height), stride = self._main["size"], self._main["stride"]
        pixel, planes, conversion = PLANES[self._main["format"]]
        rows = height * 3 // 2 if planes == 2 else height
        if buffer.size < rows * stride or stride < width * pixel:
            raise SourceFormatError(
                f"{self.uri} delivered {buffer.size} bytes for {width}x{height}, stride {stride}."
            )
        view = buffer[: rows * stride].reshape(rows, stride)[:, : width * pixel]
        if planes == 1:
            view = view.reshape(height, width, pixel)
        rotation = 0 if self._rotation == 180 else self._rotation
        if conversion is not None:
            return turned(np.asarray(cv2.cvtColor(view, conversion), np.uint8), rotation)
        return turned(view, rotation) if rotation else view.copy()

    def _take(self, timeout_s: float) -> Any:
        """Wait for the requested frame; request once, or each late frame would use a buffer."""
        try:
            if self._pending is None:
                self._pending = self._camera.capture_request(wait=False)
            request = self._pending.get_result(timeout=timeout_s)
        except TimeoutError as error:
            raise SourceTimeoutError(
                f"{self.uri} has no frame within {timeout_s:.1f} s."
            ) from error
        except (RuntimeError, OSError, CancelledError) as error:
            raise SourceLostError(
                f"{self.uri} stopped: {error}; check the ribbon cable and dmesg."
            ) from error
        self._pending = None
        return request

    def interrupt(self) -> None:
        """Wake a read that waits for a frame, see `FrameSource.interrupt`."""
        camera = self._camera
        if camera is not None:
            camera.cancel_all_and_flush()

    def close(self) -> None:
        """Stop the camera and release it."""
        camera, self._camera, self._pending = self._camera, None, None
        if camera is None:
            return
        try:
            # The library stops after the pending requests, which a hanging camera never delivers.
            camera.cancel_all_and_flush()
            camera.stop()
        finally:
            camera.close()


def whole_field(resolution: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the sensor mode: the whole field, large sensors binned by two.

    By default libcamera uses the mode nearest to the size of the picture. For small pictures this
    shows only the middle of the field (IMX219 at 640x480).
    """
    width, height = resolution
    return (width // 2, height // 2) if width > 2000 else (width, height)


def import_picamera2() -> tuple[Any, Any, Any]:
    """Return the classes Picamera2 and MappedArray, and the module libcamera.

    Warnings and errors of both libraries go to the logging of Python.

    Raises:
        MissingPackageError: names the missing package and the command that installs it.
    """
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    try:
        module, libcamera = import_module("picamera2"), import_module("libcamera")
        library, mapped = module.Picamera2, module.MappedArray
    except ImportError as error:
        missing = error.name or "picamera2"
        package = {"prctl": "python3-prctl", "pykms": "python3-kms++", "kms": "python3-kms++"}.get(
            missing
        )
        package = package or (
            "python3-libcamera" if missing == "libcamera" else "python3-picamera2"
        )
        raise MissingPackageError(
            f"The Pi camera needs the Python module {missing!r}, which is missing; run: sudo apt "
            f"install -y {' '.join(dict.fromkeys(['python3-picamera2', package]))}, and make the "
            "virtual environment with --system-site-packages."
        ) from error
    except (ValueError, AttributeError) as error:
        # "numpy.dtype size changed": simplejpeg of apt is built for an older numpy.
        raise MissingPackageError(
            f"picamera2 does not load here ({error}); if this is about numpy, take the system's "
            "own: pip uninstall numpy, in an environment with --system-site-packages."
        ) from error
    if not hasattr(library, "cancel_all_and_flush"):
        raise MissingPackageError(
            "This picamera2 is too old: a camera that hangs could not be closed; landmarkd needs "
            "0.3.20; run: sudo apt update && sudo apt full-upgrade"
        )
    logger = logging.getLogger("picamera2")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.WARNING)
    return library, mapped, libcamera


def _opening_error(uri: str, error: Exception) -> SourceError:
    """Distinguish a busy camera from a broken one by the context of the exception."""
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
    return SourceLostError(f"{uri} does not start: {chain}; look at: rpicam-hello --list-cameras")
