"""Exposure, gain, white balance, focus and mains frequency of V4L2 cameras: kernel controls."""

import errno
import fcntl
import os
import struct
from collections.abc import Mapping
from typing import NamedTuple

from landmarkd.errors import SourceFormatError, SourceLostError, UsageError
from landmarkd.uri import Uri

OPTIONS = frozenset({"exposure", "gain", "awb", "af", "lens", "flicker"})

# linux/v4l2-controls.h: V4L2_CID_BASE and V4L2_CID_CAMERA_CLASS_BASE.
_USER, _CAMERA = 0x00980900, 0x009A0900
GAIN, AUTO_WHITE_BALANCE = _USER + 19, _USER + 12
FLICKER, TEMPERATURE = _USER + 24, _USER + 26
EXPOSURE_AUTO, EXPOSURE, FOCUS, FOCUS_AUTO = _CAMERA + 1, _CAMERA + 2, _CAMERA + 10, _CAMERA + 12
_MANUAL, _APERTURE_PRIORITY = 1, 3
EXPOSURE_UNIT_US = 100

# linux/videodev2.h: struct v4l2_queryctrl is id, type, name[32], minimum, maximum, step,
# default_value, flags, reserved[2]; struct v4l2_control is id, value.
_QUERY, _CONTROL = struct.Struct("=II32siiiiI8x"), struct.Struct("=Ii")
_QUERYCTRL = (3 << 30) | (_QUERY.size << 16) | (ord("V") << 8) | 36
_S_CTRL = (3 << 30) | (_CONTROL.size << 16) | (ord("V") << 8) | 28


class Setting(NamedTuple):
    """One control that is to be set.

    Attributes:
        option: of the URI, for messages.
        control: its number.
        value: in the driver's unit.
        unit: how many of the option's units one of the driver's is.
    """

    option: str
    control: int
    value: int
    unit: int = 1


def wanted_settings(uri: Uri) -> list[Setting]:
    """Return what the options of a URI ask for, in the order in which it has to be set.

    Raises:
        UsageError: an option that cannot be understood; says what is allowed.
    """
    given = uri.options
    settings: list[Setting] = []
    if (text := given.get("exposure")) is not None:
        automatic = text == "auto"
        settings.append(
            Setting("exposure", EXPOSURE_AUTO, _APERTURE_PRIORITY if automatic else _MANUAL)
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
    if (text := given.get("flicker")) is not None:
        frequencies = {"off": 0, "50": 1, "60": 2}
        if text not in frequencies:
            raise UsageError(f"{uri.text}: flicker is {text!r}; use 50, 60 or off.")
        settings.append(Setting("flicker", FLICKER, frequencies[text]))
    return settings


def _focus(uri: Uri, given: Mapping[str, str]) -> list[Setting]:
    mode = given.get("af", "manual" if "lens" in given else None)
    if mode not in {None, "continuous", "manual"}:
        raise UsageError(f"{uri.text}: af is {mode!r}; use continuous or manual.")
    if mode == "continuous" and "lens" in given:
        raise UsageError(f"{uri.text}: lens sets the focus by hand; use it with af=manual.")
    settings = [] if mode is None else [Setting("af", FOCUS_AUTO, int(mode == "continuous"))]
    if "lens" in given:
        settings.append(Setting("lens", FOCUS, _number(uri, "lens", given["lens"], "a number")))
    return settings


def _number(uri: Uri, name: str, text: str, allowed: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise UsageError(f"{uri.text}: {name} is {uri.options[name]!r}; use {allowed}.")
    return int(text)


def apply(path: str, name: str, settings: list[Setting]) -> None:
    """Set controls of the camera at `path`; it may be streaming to another handle.

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
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceLostError(f"{name} is gone ({error.strerror}).") from error
    try:
        for setting in settings:
            _set(handle, name, path, setting)
    finally:
        os.close(handle)


def _set(handle: int, name: str, path: str, setting: Setting) -> None:
    hint = f"see: v4l2-ctl -d {path} --list-ctrls"
    try:
        query = _QUERY.pack(setting.control, 0, b"", 0, 0, 0, 0, 0)
        _, _, _, low, high, _, _, _ = _QUERY.unpack(fcntl.ioctl(handle, _QUERYCTRL, query))
        if not low <= setting.value <= high:
            raise SourceFormatError(
                f"{name}: {setting.option} is from {low * setting.unit} to {high * setting.unit} "
                f"on this camera; {hint}"
            )
        fcntl.ioctl(handle, _S_CTRL, _CONTROL.pack(setting.control, setting.value))
    except SourceFormatError:
        raise
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOTTY}:
            raise SourceFormatError(
                f"{name}: this camera cannot set {setting.option}; {hint}"
            ) from error
        raise SourceLostError(
            f"{name}: setting {setting.option} failed: {error.strerror}."
        ) from error
