"""Information about the machine: files of /proc and /sys and a few commands."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_BYTES = 1 << 16

# Bits of the firmware's get_throttled,
# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
THROTTLE_BITS = {
    0: "undervoltage now",
    1: "clock capped now",
    2: "throttled now",
    3: "soft temperature limit now",
    16: "undervoltage since boot",
    17: "clock was capped since boot",
    18: "throttled since boot",
    19: "soft temperature limit since boot",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine below a root folder, so that a test can use a folder as a machine.

    Attributes:
        root: of the file system.
        commands: whether programs of the machine may be run.
    """

    root: Path = Path("/")
    commands: bool = True

    def path(self, name: str) -> Path:
        """Return a path such as "/proc/meminfo" below the root of this machine."""
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str | None:
        """Return the text of a file, at most 64 KiB, stripped; None if it cannot be read."""
        try:
            with self.path(name).open("rb") as file:
                return file.read(_MOST_BYTES).decode("utf-8", "replace").strip("\0 \t\n")
        except OSError:
            return None

    def number(self, name: str, base: int = 10) -> int | None:
        """Return the number that a file holds, or None."""
        return _integer(self.read(name), base)

    def glob(self, pattern: str) -> list[Path]:
        """Return the paths that match a pattern from the root, sorted."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def run(self, *command: str, timeout_s: float = 5.0) -> str | None:
        """Return the output of a program, or None if it is missing, fails or takes too long."""
        if not self.commands or shutil.which(command[0]) is None:
            return None
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None

    @property
    def board(self) -> str | None:
        """Name of the board, "Raspberry Pi 5 Model B Rev 1.0", or None on a PC."""
        return self.read("/proc/device-tree/model")

    @property
    def is_raspberry_pi(self) -> bool:
        """Whether this is a Raspberry Pi."""
        return (self.board or "").startswith("Raspberry Pi")

    def temperature_c(self) -> float | None:
        """Return the temperature of the CPU in degrees Celsius, or None."""
        milli = self.number("/sys/class/thermal/thermal_zone0/temp")
        return None if milli is None else milli / 1000

    def clock_mhz(self) -> float | None:
        """Return the clock of the first core, or None."""
        kilohertz = self.number("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
        return None if kilohertz is None else kilohertz / 1000

    def throttled(self) -> int | None:
        """Return the firmware's throttle bits, see `THROTTLE_BITS`; None without that firmware."""
        bits = self.number("/sys/devices/platform/soc/soc:firmware/get_throttled", 16)
        if bits is None:
            said = self.run("vcgencmd", "get_throttled")
            bits = _integer((said or "").partition("=")[2], 16)
        return bits

    def resident_mb(self) -> float:
        """Return the resident memory of this process in megabytes, 0 where it is unknown."""
        pages = (self.read("/proc/self/statm") or "0 0").split()[1]
        return int(pages) * resource.getpagesize() / 1e6

    def memory_kib(self) -> dict[str, int]:
        """Return /proc/meminfo: kibibytes by name, such as "MemAvailable"; empty if absent."""
        lines = (line.split() for line in (self.read("/proc/meminfo") or "").splitlines())
        return {
            words[0].rstrip(":"): int(words[1])
            for words in lines
            if len(words) > 1 and words[1].isdigit()
        }


def trial(program: str, *arguments: str, timeout_s: float = 120.0) -> tuple[Any, str]:
    """Run a Python program in another process, because it may crash.

    Returns:
        The JSON of its last line of output or None, and a description of the error.
    """
    command: Sequence[str] = (sys.executable, "-c", program, *arguments)
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None, f"no answer within {timeout_s:g} s"
    except OSError as error:
        return None, str(error.strerror)
    try:
        return json.loads(done.stdout.splitlines()[-1]), ""
    except (IndexError, ValueError):
        if done.returncode < 0:
            return None, f"it was killed by signal {-done.returncode}"
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return None, said[-1] if said else f"exit status {done.returncode}"


def may_use(path: Path) -> bool:
    """Return whether this process may read and write a device."""
    return os.access(path, os.R_OK | os.W_OK)


def _integer(text: str | None, base: int) -> int | None:
    try:
        return int(text or "", base)
    except ValueError:
        return None
