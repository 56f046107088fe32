"""Exposure, gain, white balance, focus and mains frequency of V4L2 cameras: kernel controls."""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from landmarkd.errors import SourceError, SourceFormatError, SourceLostError, UsageError
from landmarkd.uri import Uri

OPTIONS = frozenset({"ae_metering", "exposure", "gain", "awb", "af", "lens", "flicker"})

# linux/v4l2-controls.h: V4L2_CID_BASE and V4L2_CID_CAMERA_CLASS_BASE.
_USER, _CAMERA = 0x00980900, 0x009A0900
GAIN, AUTO_WHITE_BALANCE = _USER + 19, _USER + 12
FLICKER, TEMPERATURE = _USER + 24, _USER + 26
EXPOSURE_AUTO, EXPOSURE, FOCUS, FOCUS_AUTO = _CAMERA + 1, _CAMERA + 2, _CAMERA + 10, _CAMERA + 12
AUTO, MANUAL, APERTURE_PRIORITY = 0, 1, 3
"""Values of `EXPOSURE_AUTO`; webcams have manual and one of the others."""
EXPOSURE_UNIT_US = 100

# linux/videodev2.h: struct v4l2_queryctrl is id, type, name[32], minimum, maximum, step,
# default_value, flags, reserved[2]; struct v4l2_control is id, value.
_QUERY, _CONTROL = struct.Struct("=II32siiiiI8x"), struct.Struct("=Ii")
_QUERYCTRL = (3 << 30) | (_QUERY.size << 16) | (ord("V") << 8) | 36
_G_CTRL = (3 << 30) | (_CONTROL.size << 16) | (ord("V") << 8) | 27
_S_CTRL = (3 << 30) | (_CONTROL.size << 16) | (ord("V") << 8) | 28


class Setting(NamedTuple):
    """One control to set.

    Attributes:
        option: of the URI, for messages.
        control: its number.
        value: in the driver's unit.
        unit: number of units of the option in a unit of the driver.
    """

    option: str
    control: int
    value: int
    unit: int = 1


def wanted_settings(uri: Uri) -> list[Setting]:
    """Return the controls for the options of a URI, in the order of their setting.

    Raises:
        UsageError: an option is wrong; says what is allowed.
    """
    given = uri.options
    if given.get("ae_metering", "face") != "face":
        raise UsageError(f"{uri.text}: ae_metering is {given['ae_metering']!r}; use face.")
    settings: list[Setting] = []
    if (text := given.get("exposure")) is not None:
        automatic = text == "auto"
        settings.append(
            Setting("exposure", EXPOSURE_AUTO, APERTURE_PRIORITY if automatic else MANUAL)
        )
        if not automatic:
            value = _number(uri, "exposure", text.removesuffix("us"), "auto or microseconds")
            settings.append(
                Setting("exposure", EXPOSURE, round(value / EXPOSURE_UNIT_US), EXPOSURE_UNIT_US)
            )
    if (text := given.get("gain")) is not None and text != "auto":
        settings.append(Setting("gain", GAIN, _number(uri, "gain", text, "auto or a number")))
    if (text := given.get("awb")) is not None:
        settings.append(Setting("awb", AUTO_WHITE_BALANCE, int(text == "auto")))
        if text != "auto":
            value = _number(uri, "awb", text.removesuffix("K"), "auto or kelvins, such as 4500K")
            settings.append(Setting("awb", TEMPERATURE, value))
    settings += _focus(uri, given)
    if "flicker" in given:
        frequencies = ("off", "50", "60")
        value = frequencies.index(uri.choice("flicker", frequencies))
        settings.append(Setting("flicker", FLICKER, value))
    return settings


def meters_face(uri: Uri) -> bool:
    """Return whether the option ``ae_metering=face`` is given.

    Raises:
        UsageError: together with a fixed exposure or gain.
    """
    if uri.options.get("ae_metering") != "face":
        return False
    if any(uri.options.get(name, "auto") != "auto" for name in ("exposure", "gain")):
        raise UsageError(
            f"{uri.text}: ae_metering=face sets the exposure itself; leave exposure and gain away."
        )
    return True


def _focus(uri: Uri, given: Mapping[str, str]) -> list[Setting]:
    mode = uri.choice("af", ("manual", "continuous"))
    if mode == "continuous" and "lens" in given:
        raise UsageError(f"{uri.text}: lens sets the focus by hand; use it with af=manual.")
    settings: list[Setting] = []
    if "af" in given or "lens" in given:
        settings.append(Setting("af", FOCUS_AUTO, int(mode == "continuous")))
    if "lens" in given:
        settings.append(Setting("lens", FOCUS, _number(uri, "lens", given["lens"], "a number")))
    return settings


def _number(uri: Uri, name: str, text: str, allowed: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise UsageError(f"{uri.text}: {name} is {uri.options[name]!r}; use {allowed}.")
    return int(text)


def apply(path: str, name: str, settings: list[Setting]) -> None:
    """Set controls of the camera at `path`, also while it streams to another handle.

    Args:
        path: of the device.
        name: of the source, for errors.
        settings: in order.

    Raises:
        SourceFormatError: the camera lacks a control, or the value is out of its range.
        SourceLostError: the camera is gone.
    """
    if not settings:
        return
    with _opened(path, name) as handle:
        for setting in settings:
            with _explained(name, path, setting.option):
                _set(handle, name, path, setting)


def reading(path: str, name: str, option: str, control: int) -> tuple[int, int, int]:
    """Return the smallest, the greatest and the present value of a control.

    Args:
        path: of the device.
        name: of the source, for errors.
        option: that needs the control, for errors.
        control: its number.

    Raises:
        SourceFormatError: the camera lacks it.
        SourceLostError: the camera is gone.
    """
    with _opened(path, name) as handle, _explained(name, path, option):
        low, high = _limits(handle, control)
        answer = fcntl.ioctl(handle, _G_CTRL, _CONTROL.pack(control, 0))
        return low, high, _CONTROL.unpack(answer)[1]


@contextmanager
def _opened(path: str, name: str) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceLostError(f"{name} is gone ({error.strerror}).") from error
    try:
        yield handle
    finally:
        os.close(handle)


def _limits(handle: int, control: int) -> tuple[int, int]:
    query = _QUERY.pack(control, 0, b"", 0, 0, 0, 0, 0)
    _, _, _, low, high, _, _, _ = _QUERY.unpack(fcntl.ioctl(handle, _QUERYCTRL, query))
    return low, high


def _set(handle: int, name: str, path: str, setting: Setting) -> None:
    low, high = _limits(handle, setting.control)
    if not low <= setting.value <= high:
        raise SourceFormatError(
            f"{name}: {setting.option} is from {low * setting.unit} to {high * setting.unit} on "
            f"this camera; {_hint(path)}"
        )
    fcntl.ioctl(handle, _S_CTRL, _CONTROL.pack(setting.control, setting.value))


def _hint(path: str) -> str:
    return f"see: v4l2-ctl -d {path} --list-ctrls"


@contextmanager
def _explained(name: str, path: str, option: str) -> Iterator[None]:
    try:
        yield
    except SourceError:  # an OSError as well
        raise
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOTTY}:
            raise SourceFormatError(
                f"{name}: this camera cannot set {option}; {_hint(path)}"
            ) from error
        raise SourceLostError(f"{name}: setting {option} failed: {error.strerror}.") from error
