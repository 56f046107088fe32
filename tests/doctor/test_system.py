"""Checks of system, Python, heat, voltage, memory, disk and clock, each with a fault to find."""

import pytest
from landmarkd import __version__
from landmarkd.doctor import system as health_system
from landmarkd.doctor.finding import Severity

from tests.machine.layout import Layout, only, settings


class TestSystem:
    def test_a_pi_that_is_well(self, pi: Layout):
        for check in health_system.CHECKS:
            for finding in check(pi.machine, settings()):
                assert finding.severity == Severity.OK, finding

    def test_a_32_bit_system_has_no_runtime(self, pi: Layout):
        finding = only(health_system.system(pi.machine, settings(), architecture="armv7l"))
        assert finding.severity == Severity.ERROR
        assert "Raspberry Pi 4" in finding.text
        assert "64-bit" in finding.remedy

    @pytest.mark.parametrize("version", [(3, 10), (3, 15)])
    def test_another_python(self, pi: Layout, version: tuple[int, int]):
        found = {item.name: item for item in health_system.python(pi.machine, settings(), version)}
        assert found["python"].severity == Severity.ERROR
        assert __version__ in found["landmarkd"].text

    def test_heat(self, pi: Layout):
        pi.write("/sys/class/thermal/thermal_zone0/temp", "81000")
        finding = only(health_system.temperature(pi.machine, settings()))
        assert finding.severity == Severity.WARNING
        assert "81 °C" in finding.text

    def test_undervoltage_and_throttling_are_told_apart(self, pi: Layout):
        pi.write("/sys/devices/platform/soc/soc:firmware/get_throttled", "50000")
        both = only(health_system.throttling(pi.machine, settings()))
        assert "undervoltage since boot, throttled since boot (0x50000)" in both.text
        assert "power supply" in both.remedy
        assert "fan" in both.remedy
        pi.write("/sys/devices/platform/soc/soc:firmware/get_throttled", "10001")
        assert "fan" not in only(health_system.throttling(pi.machine, settings())).remedy

    def test_a_pi_whose_firmware_cannot_be_asked(self, pi: Layout):
        (pi.root / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
        assert only(health_system.throttling(pi.machine, settings())).severity == Severity.WARNING

    def test_a_pc_has_no_throttle_bits(self, pc: Layout):
        assert only(health_system.throttling(pc.machine, settings())).severity == Severity.NOTE

    def test_the_clock_held_down(self, pi: Layout):
        pi.write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n")
        assert only(health_system.governor(pi.machine, settings())).severity == Severity.WARNING

    def test_memory_and_contiguous_memory_used_up(self, pi: Layout):
        pi.write("/proc/meminfo", "MemAvailable: 90000 kB\nCmaTotal: 65536 kB\nCmaFree: 9000 kB\n")
        assert only(health_system.memory(pi.machine, settings())).severity == Severity.WARNING
        finding = only(health_system.contiguous_memory(pi.machine, settings()))
        assert "8 of 64 MiB" in finding.text
        assert "cma=" in finding.remedy

    @pytest.mark.parametrize(
        ("mount", "severity"),
        [
            ("/dev/mmcblk0p2 / ext4 ro,noatime 0 0", Severity.WARNING),
            ("overlay / overlay rw,lowerdir=/x 0 0", Severity.NOTE),
            ("/dev/root / ext4 rw,errors=remount-ro 0 0", Severity.OK),
        ],
    )
    def test_the_root_file_system(self, pi: Layout, mount: str, severity: Severity):
        pi.write("/proc/mounts", f"proc /proc proc ro 0 0\n{mount}\n")
        assert only(health_system.disk(pi.machine, settings())).severity == severity

    def test_a_clock_that_runs_backwards(self, pi: Layout):
        ticks = iter([*range(1000), 500, *range(1000, 2000)])
        finding = only(health_system.clock(pi.machine, settings(), now=lambda: next(ticks)))
        assert finding.severity == Severity.ERROR

    def test_a_coarse_clock(self, pi: Layout):
        pi.write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "jiffies")
        assert only(health_system.clock(pi.machine, settings())).severity == Severity.WARNING
