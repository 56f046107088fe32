"""Focus, exposure, white balance and mains frequency of a camera at the camera port."""

import re
from collections.abc import Mapping
from typing import Any

from landmarkd.camera.controls import meters_face
from landmarkd.errors import SourceFormatError, SourceLostError, UsageError
from landmarkd.uri import Uri

OPTIONS = frozenset({"af", "lens", "exposure", "gain", "awb", "ae_metering", "hdr", "flicker"})

# Names of the modes in libcamera (control_ids_core.yaml).
AWB = {
    name: name.capitalize()
    for name in ("auto", "incandescent", "tungsten", "fluorescent", "indoor", "daylight", "cloudy")
}
METERING = {"centre": "CentreWeighted", "spot": "Spot", "matrix": "Matrix", "face": "Face"}
HDR = {"off": "Off", "single": "SingleExposure", "multi": "MultiExposure", "night": "Night"}
MOST_BIAS = 2.5
"""Stops. The target of the Raspberry Pi is 0.16 of white, and at most 0.9 with bias."""
FLICKER_US = {"off": 0, "50": 10_000, "60": 8_333}
"""Lamps flicker twice in a period of the mains."""


def wanted_controls(uri: Uri) -> dict[str, Any]:
    """Return the libcamera controls for the options of a URI; modes by their names.

    Raises:
        UsageError: an option is wrong; says what is allowed.
    """
    given, controls = uri.options, dict[str, Any]()
    focus = _choice(uri, "af", {"continuous": "Continuous", "manual": "Manual"})
    if "lens" in given:
        if focus == "Continuous":
            raise UsageError(f"{uri.text}: lens sets the focus by hand; use it with af=manual.")
        focus = "Manual"
        controls["LensPosition"] = _number(uri, "lens", "", 0.0, 32.0, "dioptres, from 0 to 32")
    if focus is not None:
        controls["AfMode"] = focus
    if given.get("exposure", "auto") != "auto":
        allowed = "auto or microseconds, such as 8000us"
        controls["ExposureTime"] = round(_number(uri, "exposure", "us", 1, 10_000_000, allowed))
    if given.get("gain", "auto") != "auto":
        controls["AnalogueGain"] = _number(uri, "gain", "", 1.0, 64.0, "auto or 1 to 64")
    if meters_face(uri):
        controls["ExposureValue"] = 0.0
    for option, name, choices in (
        ("awb", "AwbMode", AWB),
        ("ae_metering", "AeMeteringMode", METERING),
        ("hdr", "HdrMode", HDR),
    ):
        if (mode := _choice(uri, option, choices)) is not None and mode != "Face":
            controls[name] = mode
    if "flicker" in given:
        period_us = FLICKER_US[uri.choice("flicker", FLICKER_US)]
        controls["AeFlickerMode"] = "Manual" if period_us else "Off"
        if period_us:
            controls["AeFlickerPeriod"] = period_us
    return controls


def resolved(
    uri: Uri, wanted: Mapping[str, Any], known: Mapping[str, Any], library: Any
) -> dict[str, Any]:
    """Return the controls for a camera: those of the options, and continuous focus.

    Args:
        uri: of the source, for the error.
        wanted: from `wanted_controls`.
        known: the controls of the camera; one with a movable lens has AfMode.
        library: the module ``libcamera.controls``, with an enumeration for each mode.

    Raises:
        SourceFormatError: the camera has no such control or mode.
    """
    controls = dict(wanted)
    if "AfMode" in known:
        # Without this a Camera Module 3 does not move its lens.
        controls.setdefault("AfMode", "Continuous")
    for name, value in controls.items():
        if name not in known:
            raise SourceFormatError(
                f"{uri.text}: this camera has no {name}; leave the option away that sets it."
            )
        if isinstance(value, str):
            mode = getattr(getattr(library, f"{name}Enum", None), value, None)
            if mode is None:
                raise SourceFormatError(f"{uri.text}: this libcamera has no {name} {value}.")
            controls[name] = mode
    return controls


class FaceBias:
    """An `Exposure`: the bias of the metering of libcamera, which stays active.

    Args:
        name: of the source, for errors.
        camera: the opened Picamera2.
    """

    def __init__(self, name: str, camera: Any) -> None:
        self._name, self._camera = name, camera
        self._bias = 0.0

    def change(self, stops: float) -> None:  # noqa: D102 - see the protocol
        self._set(max(-MOST_BIAS, min(MOST_BIAS, self._bias + stops)))

    def release(self) -> None:  # noqa: D102 - see the protocol
        self._set(0.0)

    def _set(self, bias: float) -> None:
        if bias == self._bias:
            return
        try:
            self._camera.set_controls({"ExposureValue": bias})
        except (RuntimeError, OSError, ValueError) as error:
            raise SourceLostError(f"{self._name} takes no ExposureValue: {error}.") from error
        self._bias = bias


def _choice(uri: Uri, option: str, choices: Mapping[str, str]) -> str | None:
    return choices[uri.choice(option, choices)] if option in uri.options else None


def _number(uri: Uri, option: str, unit: str, low: float, high: float, allowed: str) -> float:
    text = uri.options[option].removesuffix(unit)
    value = float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) else -1.0
    if not low <= value <= high:
        raise UsageError(f"{uri.text}: {option} is {uri.options[option]!r}; use {allowed}.")
    return value
