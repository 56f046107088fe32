"""What can be wrong with a machine that runs landmarkd: one small check for each thing, each with its remedy."""

from collections.abc import Iterator

from edge.config import Configuration
from edge.daemon import health_camera, health_devices, health_runtime, health_system
from edge.daemon.finding import Check, Finding
from edge.daemon.machine import Machine

# In the order in which a person would look.
CHECKS: tuple[Check, ...] = (
    *health_system.CHECKS,
    *health_runtime.CHECKS,
    *health_camera.CHECKS,
    *health_devices.CHECKS,
)


def examine(machine: Machine, configuration: Configuration) -> Iterator[Finding]:
    """Yield the findings of all checks as they come; some take a second or two."""
    for check in CHECKS:
        yield from check(machine, configuration)
