"""What can be wrong with a machine that runs landmarkd: the checks, each with its remedy."""

from collections.abc import Iterator

from landmarkd.doctor import camera, devices, picture, runtime, system
from landmarkd.doctor.finding import Check, Finding
from landmarkd.machine import Machine
from landmarkd.settings.config import Configuration

# In the order in which a person would look.
CHECKS: tuple[Check, ...] = (
    *system.CHECKS,
    *runtime.CHECKS,
    *camera.CHECKS,
    *picture.CHECKS,
    *devices.CHECKS,
)


def examine(machine: Machine, configuration: Configuration) -> Iterator[Finding]:
    """Yield the findings of all checks as they come; some take a second or two."""
    for check in CHECKS:
        yield from check(machine, configuration)
