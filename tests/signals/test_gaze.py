"""Where a glance falls: the zones of a car."""

import pytest
from landmarkd.rotation import angles_from_direction, matrix_from_angles
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.forward import zone_of


@pytest.mark.parametrize(
    ("aside", "down", "zone"),
    [(60, 12, "mirror_right"), (-60, 12, "mirror_left"), (0, 0, "road"), (0, 40, "lap")],
)
def test_a_glance_falls_in_the_zone_that_lies_there(aside, down, zone):
    # The driver's right is image left: the head turns about the vertical, then about its own side.
    head = matrix_from_angles(aside, 0, 0) @ matrix_from_angles(0, -down, 0)
    yaw, pitch = angles_from_direction(head @ (0.0, 0.0, -1.0))
    assert (yaw, pitch) == pytest.approx((aside, -down))
    assert zone_of(yaw, pitch, (0.0, 0.0), DriverSettings())[0] == zone
