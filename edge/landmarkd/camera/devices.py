"""The V4L2 devices of this machine: which are cameras, and their names."""

import errno
import fcntl
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from landmarkd.errors import (
    AccessError,
    SourceAbsentError,
    SourceBusyError,
    SourceError,
    SourceLostError,
)

# linux/videodev2.h: struct v4l2_capability is driver[16], card[32], bus_info[32], version,
# capabilities, device_caps, reserved[3]; VIDIOC_QUERYCAP is _IOR('V', 0, struct v4l2_capability).
_CAPABILITY = struct.Struct("=16s32s32sII I12x")
_QUERYCAP = (2 << 30) | (_CAPABILITY.size << 16) | (ord("V") << 8)
_VIDEO_CAPTURE = 0x1
_VIDEO_CAPTURE_MPLANE = 0x1000
_DEVICE_CAPS = 0x80000000

PORT_DRIVERS = frozenset({"unicam", "rp1-cfe"})
"""Drivers of the camera port, up to the Pi 4 and of the Pi 5; loaded if a sensor answers."""

PI_DRIVERS = PORT_DRIVERS | {"bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec", "rpivid"}
"""Parts of the camera and codec pipeline of the Pi, which only libcamera can use."""


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """A V4L2 device node.

    Attributes:
        path: for example "/dev/video0".
        name: by the device itself.
        driver: of the kernel.
        is_camera: delivers pictures; False for codecs, metadata and the raw camera port of the Pi.
    """

    path: str
    name: str
    driver: str
    is_camera: bool


def query(path: str) -> VideoDevice:
    """Return the description of a device.

    Raises:
        SourceAbsentError: there is no such device.
        SourceError: not a V4L2 device.
        AccessError: no permission.
        SourceBusyError: used by another program.
    """
    try:
        return _ask(path)
    except FileNotFoundError as error:
        raise SourceAbsentError(f"{path} is not there; {describe_cameras()}") from error
    except PermissionError as error:
        raise AccessError(
            f"{path} may not be opened: permission denied; run: sudo usermod -aG video $USER, "
            "and log in again."
        ) from error
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise busy(path) from error
        if error.errno in {errno.ENODEV, errno.ENXIO, errno.EIO}:
            raise SourceLostError(
                f"{path} does not answer ({error.strerror}); unplug it and plug it in."
            ) from error
        raise SourceError(f"{path} is not a camera; {describe_cameras()}") from error


def _ask(path: str) -> VideoDevice:
    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return parse_capability(path, fcntl.ioctl(handle, _QUERYCAP, bytes(_CAPABILITY.size)))
    finally:
        os.close(handle)


def parse_capability(path: str, answer: bytes) -> VideoDevice:
    """Return the device of a `struct v4l2_capability`."""
    driver, card, _, _, all_capabilities, own = _CAPABILITY.unpack(answer)
    capabilities = own if all_capabilities & _DEVICE_CAPS else all_capabilities
    captures = bool(capabilities & (_VIDEO_CAPTURE | _VIDEO_CAPTURE_MPLANE))
    driver_name = _text(driver)
    return VideoDevice(path, _text(card), driver_name, captures and driver_name not in PI_DRIVERS)


def cameras() -> list[VideoDevice]:
    """Return the V4L2 cameras without those at the camera port of a Pi; never raises an error."""
    return [device for device in _found() if device.is_camera]


def has_camera_port_sensor() -> bool:
    """Return whether the kernel found a sensor at the camera port of a Raspberry Pi."""
    return any(device.driver in PORT_DRIVERS for device in _found())


def _found() -> list[VideoDevice]:
    found = []
    nodes = sorted(Path("/dev").glob("video[0-9]*"), key=lambda node: (len(node.name), node.name))
    for node in nodes:
        with suppress(OSError):
            found.append(_ask(str(node)))
    return found


def describe_cameras() -> str:
    """Return the list of cameras of this machine, for an error message."""
    found = cameras()
    if found:
        return (
            "cameras here: " + ", ".join(f"{device.path} ({device.name})" for device in found) + "."
        )
    return "no V4L2 camera is connected; for a camera on the Pi's ribbon cable use picamera2:"


def busy(path: str) -> SourceBusyError:
    """Return the error for a camera that another program uses."""
    return SourceBusyError(f"{path} is used by another program; find it with: sudo fuser -v {path}")


def _text(raw: bytes) -> str:
    # Only printable characters, because the device may send control characters.
    text = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())
