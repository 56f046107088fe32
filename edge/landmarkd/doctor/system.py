"""Checks of the machine itself: system, Python, heat, voltage, memory, disk and clock."""

import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from landmarkd import __version__
from landmarkd.doctor.finding import Check, Finding, fault, note, ok, warning
from landmarkd.machine import THROTTLE_BITS, Machine
from landmarkd.settings.config import Configuration

PYTHONS = ((3, 11), (3, 14))
HOT_C = 75.0
"""The firmware of the Pi throttles from 80 °C on."""
LEAST_MEMORY_KIB = 150_000
LEAST_CMA_KIB = 32_768
"""Four 1080p buffers of the camera, 12 MiB, and the same for its image processor."""
ARCHITECTURES = frozenset({"aarch64", "x86_64"})


def system(
    machine: Machine, _: Configuration, architecture: str | None = None
) -> Iterator[Finding]:
    """The operating system has 64 bits."""
    release = dict(
        re.findall(r'^(\w+)="?([^"\n]*)', machine.read("/etc/os-release") or "", re.MULTILINE)
    )
    architecture = architecture or platform.machine()
    name = f"{release.get('PRETTY_NAME', 'unknown system')}, {architecture}"
    text = f"{machine.board}, {name}" if machine.board else name
    if architecture in ARCHITECTURES:
        yield ok("system", f"{text}.")
    else:
        remedy = (
            "Install the 64-bit Raspberry Pi OS: there is no TFLite runtime for this architecture."
        )
        yield fault("system", f"{text}: not a 64-bit system.", remedy)


def python(
    _: Machine, __: Configuration, version: tuple[int, int] | None = None
) -> Iterator[Finding]:
    """The version of landmarkd, and a tested version of Python."""
    yield ok("landmarkd", f"Version {__version__}.")
    version = version or sys.version_info[:2]
    text = f"Python {version[0]}.{version[1]} at {sys.executable}"
    lowest, highest = (".".join(map(str, end)) for end in PYTHONS)
    if PYTHONS[0] <= version <= PYTHONS[1]:
        yield ok("python", f"{text}.")
    else:
        remedy = (
            f"Install Python {lowest} to {highest}: Raspberry Pi OS Bookworm and Trixie have it."
        )
        yield fault("python", f"{text}, which is not {lowest} to {highest}.", remedy)


def temperature(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """The processor is not too hot."""
    degrees = machine.temperature_c()
    if degrees is None:
        yield note("temperature", "This machine has no readable temperature sensor.")
    elif degrees >= HOT_C:
        remedy = "Fit a fan or a heat sink, or move it. The Pi reduces its clock from 80 °C on."
        yield warning("temperature", f"The processor has {degrees:.0f} °C.", remedy)
    else:
        yield ok("temperature", f"The processor has {degrees:.0f} °C.")


def throttling(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """There was no throttling and no undervoltage since boot."""
    bits = machine.throttled()
    if bits is None:
        if machine.is_raspberry_pi:
            remedy = "sudo apt install -y raspi-utils, and: sudo usermod -aG video $USER"
            yield warning(
                "throttling", "The firmware did not answer a request about throttling.", remedy
            )
        else:
            yield note("throttling", "This machine has no firmware that reports throttling.")
        return
    words = [text for bit, text in THROTTLE_BITS.items() if bits >> bit & 1]
    if not words:
        yield ok("throttling", "No undervoltage and no throttling since boot.")
        return
    remedies = []
    if bits & (1 << 0 | 1 << 16):
        remedies.append(
            "use the official power supply and a short, thick cable (Pi 5: 27 W, Pi 4: 15 W)"
        )
    if bits & ~(1 << 0 | 1 << 16):
        remedies.append("fit a fan or a heat sink")
    text = f"The firmware reports: {', '.join(words)} (0x{bits:x})."
    yield warning("throttling", text, f"{'; '.join(remedies)}; then reboot.".capitalize())


def governor(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """The clock of the processor may rise."""
    name = machine.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if name == "powersave" and machine.is_raspberry_pi:
        remedy = "echo ondemand | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        yield warning("governor", "The processor is fixed at its lowest clock (powersave).", remedy)


def memory(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """Enough memory is free for the daemon."""
    free = machine.memory_kib().get("MemAvailable")
    if free is None:
        return
    if free < LEAST_MEMORY_KIB:
        remedy = (
            "Stop programs that are not needed, such as the desktop: "
            "sudo systemctl set-default multi-user.target && sudo reboot"
        )
        yield warning("memory", f"Only {free // 1024} MiB of memory are free.", remedy)
    else:
        yield ok("memory", f"{free // 1024} MiB of memory are free.")


def contiguous_memory(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """There is enough contiguous memory for camera buffers."""
    meminfo = machine.memory_kib()
    free, total = meminfo.get("CmaFree"), meminfo.get("CmaTotal", 0)
    if free is None or not total or not machine.is_raspberry_pi:
        return
    text = f"{free // 1024} of {total // 1024} MiB of contiguous memory (CMA) are free"
    if free < LEAST_CMA_KIB:
        remedy = (
            "Add cma=256M to the one line of /boot/firmware/cmdline.txt and reboot; "
            "or ask for smaller pictures."
        )
        yield warning("cma", f"{text}: a camera may fail to start.", remedy)
    else:
        yield ok("cma", f"{text}.")


def disk(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """The root file system is writable, or an overlay."""
    mounts = [line.split() for line in (machine.read("/proc/mounts") or "").splitlines()]
    roots = [fields for fields in mounts if len(fields) >= 4 and fields[1] == "/"]
    if not roots:
        return
    kind, options = roots[-1][2:4]
    if kind == "overlay":
        text = "The root is an overlay: changes are lost at a reboot. landmarkd works with it."
        yield note("disk", text)
    elif "ro" in options.split(","):
        remedy = (
            "If this is not on purpose, the SD card is failing: copy it. "
            "Else: sudo mount -o remount,rw /"
        )
        yield warning("disk", "The root file system is read-only.", remedy)
    else:
        yield ok("disk", "The root file system is writable.")


def clock(
    machine: Machine, _: Configuration, now: Callable[[], int] = time.monotonic_ns
) -> Iterator[Finding]:
    """The monotonic clock has a sufficient resolution for frame times, filters and timers."""
    ticks = [now() for _ in range(2000)]
    steps = [later - earlier for earlier, later in pairwise(ticks)]
    source = (
        machine.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        or "unknown"
    )
    if min(steps) < 0:
        remedy = (
            "Update kernel and firmware: sudo apt full-upgrade && sudo reboot. "
            "Times on the wire are wrong until then."
        )
        yield fault("clock", f"The monotonic clock ({source}) runs backwards.", remedy)
    elif source == "jiffies":
        remedy = "Update kernel and firmware: sudo apt full-upgrade && sudo reboot"
        yield warning(
            "clock", "The monotonic clock is coarse (jiffies): latencies are rounded.", remedy
        )
    else:
        yield ok("clock", f"The clock is monotonic ({source}).")


CHECKS: tuple[Check, ...] = (
    system,
    python,
    temperature,
    throttling,
    governor,
    memory,
    contiguous_memory,
    disk,
    clock,
)
