"""Zones of gaze: where the driver may look."""

from typing import Literal, Self

from pydantic import Field, model_validator

from landmarkd.settings.setting import Section, setting


class Zone(Section):
    """A range of directions, in degrees from the natural forward direction of the driver.

    `right` > 0 is to the right of the driver, for a car with the steering wheel on the left. With
    `steering = "right"` the table is mirrored.
    """

    right: tuple[float, float] = Field(description="From, to; degrees to the driver's right.")
    up: tuple[float, float] = Field(description="From, to; degrees upward.")
    counts_as: Literal["road", "driving", "away"] = setting(
        "away",
        "road is attention; driving (a mirror) counts only as one long glance; away counts always.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.right[0] >= self.right[1] or self.up[0] >= self.up[1]:
            raise ValueError("a range goes from the smaller to the larger angle")
        return self


def default_zones() -> dict[str, Zone]:
    """Return the zones of a typical car."""
    return {
        "road": Zone(right=(-14, 14), up=(-12, 14), counts_as="road"),
        "mirror_left": Zone(right=(-65, -28), up=(-18, 8), counts_as="driving"),
        "mirror_inside": Zone(right=(20, 45), up=(3, 28), counts_as="driving"),
        "mirror_right": Zone(right=(45, 80), up=(-20, 8), counts_as="driving"),
        "instruments": Zone(right=(-14, 14), up=(-24, -12), counts_as="driving"),
        "lap": Zone(right=(-14, 12), up=(-75, -24)),
        "phone": Zone(right=(-45, -14), up=(-75, -18)),
        "centre_stack": Zone(right=(12, 50), up=(-55, -8)),
    }


def addw_zones() -> dict[str, Zone]:
    """Return the zones of Regulation (EU) 2023/2590: low directions within 55 degrees are away."""
    return {
        "road": Zone(right=(-55, 55), up=(-30, 90), counts_as="road"),
        "low": Zone(right=(-55, 55), up=(-90, -30)),
        "beside_left": Zone(right=(-180, -55), up=(-90, 90), counts_as="road"),
        "beside_right": Zone(right=(55, 180), up=(-90, 90), counts_as="road"),
    }
