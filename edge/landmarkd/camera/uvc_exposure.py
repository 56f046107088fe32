"""Exposure of a V4L2 camera in steps, for metering on the face."""

from landmarkd.camera.controls import (
    APERTURE_PRIORITY,
    AUTO,
    EXPOSURE,
    EXPOSURE_AUTO,
    EXPOSURE_UNIT_US,
    MANUAL,
    Setting,
    apply,
    reading,
)

_OPTION = "ae_metering"


class UvcExposure:
    """An `Exposure`: webcams have no bias, so their exposure is manual while there is a face.

    It begins at the value that the camera had chosen, and never exceeds the time of a frame, so
    that the rate does not change. Gain is not changed, because its unit is different for each
    camera.

    Args:
        path: of the device.
        name: of the source, for errors.
        period_s: time between frames.

    Raises:
        SourceFormatError: the camera's exposure cannot be set.
        SourceLostError: the camera is gone.
    """

    def __init__(self, path: str, name: str, period_s: float) -> None:
        self._path, self._name = path, name
        self._low, high, _ = reading(path, name, _OPTION, EXPOSURE)
        self._high = max(self._low, min(high, int(period_s * 1e6 / EXPOSURE_UNIT_US)))
        _, _, mode = reading(path, name, _OPTION, EXPOSURE_AUTO)
        self._automatic = mode if mode in {AUTO, APERTURE_PRIORITY} else APERTURE_PRIORITY
        self._value: float | None = None
        if mode != self._automatic:
            # A killed daemon has left it at manual.
            self.release()

    @property
    def held(self) -> bool:
        """Whether the metering of the camera is off."""
        return self._value is not None

    def change(self, stops: float) -> None:  # noqa: D102 - see the protocol
        settings = []
        if self._value is None:
            self._value = float(reading(self._path, self._name, _OPTION, EXPOSURE)[2])
            settings.append(Setting(_OPTION, EXPOSURE_AUTO, MANUAL))
        # Not rounded here: for the shortest exposures half a stop is less than a unit.
        self._value = max(self._low, min(self._high, self._value * 2**stops))
        settings.append(Setting(_OPTION, EXPOSURE, round(self._value)))
        apply(self._path, self._name, settings)

    def release(self) -> None:  # noqa: D102 - see the protocol
        self._value = None
        apply(self._path, self._name, [Setting(_OPTION, EXPOSURE_AUTO, self._automatic)])
