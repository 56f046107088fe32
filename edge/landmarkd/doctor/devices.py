"""Checks of serial ports and of the groups that open devices."""

import os
import re
from collections.abc import Collection, Iterator

from landmarkd.doctor.finding import Check, Finding, Severity, fault, ok, warning
from landmarkd.machine import Machine, may_use
from landmarkd.settings.config import Configuration
from landmarkd.uri import named_file

GROUPS = {"video": "cameras", "dialout": "serial ports"}
# The debug connector of the Pi 5; pins 8 and 10 of the header are ttyAMA0.
PI5_DEBUG_PORT = "ttyAMA10"
MINI_UART = "ttyS0"


def groups(
    machine: Machine, _: Configuration, mine: Collection[int] | None = None, user: int | None = None
) -> Iterator[Finding]:
    """This user is in the groups of cameras and serial ports."""
    if (os.geteuid() if user is None else user) == 0:
        yield ok("groups", "Running as root, which may open every device.")
        return
    mine = os.getgroups() if mine is None else mine
    listed = [line.split(":") for line in (machine.read("/etc/group") or "").splitlines()]
    numbers = {
        fields[0]: int(fields[2]) for fields in listed if len(fields) > 2 and fields[2].isdigit()
    }
    missing = [name for name in GROUPS if name in numbers and numbers[name] not in mine]
    if missing:
        text = (
            f"This user is not in {' and '.join(f'{name} ({GROUPS[name]})' for name in missing)}."
        )
        remedy = f"sudo usermod -aG {','.join(missing)} $USER, and log in again."
        yield warning("groups", text, remedy)
    else:
        yield ok("groups", "This user is in the groups of cameras and serial ports.")


def serial_ports(machine: Machine, configuration: Configuration) -> Iterator[Finding]:
    """Each configured serial port exists and may be opened."""
    for uri in configuration.sinks:
        if not uri.startswith("serial:"):
            continue
        name = uri.removeprefix("serial:").removeprefix("//").partition("?")[0]
        port = machine.path(name)
        if not port.exists():
            remedy = (
                "Plug it in; for the pins of the Pi: "
                "sudo raspi-config nonint do_serial_hw 0 && sudo reboot"
            )
            yield fault("serial", f"{name}, a configured sink, does not exist.", remedy)
        elif not may_use(port):
            remedy = "sudo usermod -aG dialout $USER, and log in again."
            yield fault("serial", f"{name} may not be opened by this user.", remedy)
        else:
            yield ok("serial", f"{name} may be opened.")


def uart(machine: Machine, configuration: Configuration) -> Iterator[Finding]:
    """The UART on the pins is on, and is neither the login console nor the mini-UART."""
    if not machine.is_raspberry_pi:
        return
    serial = {named_file(uri).name for uri in configuration.sinks if uri.startswith("serial:")}
    pins = {name for name in serial if re.fullmatch(r"serial\d|ttyAMA\d+|ttyS0", name)}
    severity = Severity.WARNING if pins else Severity.NOTE
    try:
        target = machine.path("/dev/serial0").readlink().name
    except OSError:
        text = "The serial port on the pins is off (no /dev/serial0)."
        remedy = "sudo raspi-config nonint do_serial_hw 0 && sudo reboot"
        yield Finding("uart", severity, text, remedy)
        return
    alias = {"serial0", target}
    wanted = pins if serial or target == PI5_DEBUG_PORT else alias
    if wanted & alias:
        wanted = wanted | alias
    if disturbed := wanted & _consoles(machine):
        remedy = "sudo raspi-config nonint do_serial_cons 1 && sudo reboot"
        text = f"A login console is on /dev/{min(disturbed)}: it writes into the data of landmarkd."
        yield warning("uart_console", text, remedy)
    if target == MINI_UART:
        text = (
            "/dev/serial0 is the mini-UART (ttyS0): its speed changes with the core clock, "
            "and bytes are damaged."
        )
        remedy = "echo dtoverlay=disable-bt | sudo tee -a /boot/firmware/config.txt && sudo reboot"
        yield Finding("uart", severity, text, remedy)
    elif target == PI5_DEBUG_PORT:
        text = (
            "/dev/serial0 is the debug connector between the HDMI ports (ttyAMA10), not the pins."
        )
        remedy = (
            "echo dtparam=uart0=on | sudo tee -a /boot/firmware/config.txt && sudo reboot, "
            "and use /dev/ttyAMA0."
        )
        # The sink of a user who did this already is on the pins.
        yield Finding("uart", severity if pins & alias else Severity.NOTE, text, remedy)
    else:
        yield ok("uart", f"/dev/serial0 is a full UART ({target}).")


def _consoles(machine: Machine) -> set[str]:
    """Return the serial ports that the kernel or a login prompt writes to."""
    kernel = re.findall(r"\bconsole=(\w+)", machine.read("/proc/cmdline") or "")
    units = machine.glob("/etc/systemd/system/getty.target.wants/serial-getty@*.service")
    units += machine.glob("/run/systemd/generator/getty.target.wants/serial-getty@*.service")
    return {
        *kernel,
        *(unit.name.removeprefix("serial-getty@").removesuffix(".service") for unit in units),
    }


CHECKS: tuple[Check, ...] = (groups, serial_ports, uart)
