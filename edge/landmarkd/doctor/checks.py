"""All checks of the machine, each with its remedy."""

from collections.abc import Iterator

from landmarkd.doctor import camera, devices, picture, runtime, system
from landmarkd.doctor.finding import Check, Finding
from landmarkd.machine import Machine
from landmarkd.settings.config import Configuration

# In the order in which a person would check.
CHECKS: tuple[Check, ...] = (
    *system.CHECKS,
    *runtime.CHECKS,
    *camera.CHECKS,
    *picture.CHECKS,
    *devices.CHECKS,
)


def examine(machine: Machine, configuration: Configuration) -> Iterator[Finding]:
    """Yield the findings of all checks; some checks take a second or two."""
    for check in CHECKS:
        yield from check(machine, configuration)
