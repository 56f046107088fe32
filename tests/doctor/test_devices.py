"""The checks of cameras, serial ports and groups, each with a fault that it must find."""

from pathlib import Path

import pytest
from landmarkd.camera.devices import VideoDevice
from landmarkd.doctor import camera as health_camera
from landmarkd.doctor import devices as health_devices
from landmarkd.doctor.finding import Finding, Severity

from tests.machine.layout import Layout, only, settings


class TestCamera:
    def port(
        self, layout: Layout, answer: object, problem: str = "", uri: str = "picamera2:"
    ) -> Finding:
        return only(
            health_camera.camera_port(
                layout.machine, settings(source={"uri": uri}), lambda: (answer, problem)
            )
        )

    def test_the_camera_port_of_a_pc_is_nobodys_business(self, pc: Layout):
        assert list(health_camera.camera_port(pc.machine, settings())) == []

    def test_a_camera_on_the_port(self, pi: Layout):
        assert "imx708" in self.port(pi, {"cameras": ["imx708_wide"]}).text

    def test_no_camera_on_the_port(self, pi: Layout):
        finding = self.port(pi, {"cameras": []})
        assert finding.severity == Severity.ERROR
        assert "ribbon cable" in finding.remedy
        assert self.port(pi, {"cameras": []}, uri="demo:").severity == Severity.NOTE

    def test_picamera2_that_does_not_load(self, pi: Layout):
        problem = (
            "The Pi camera needs the Python module 'pykms', which is missing; "
            "run: sudo apt install python3-kms++"
        )
        finding = self.port(pi, {"problem": problem})
        assert finding.severity == Severity.ERROR
        assert finding.remedy == "run: sudo apt install python3-kms++"

    def test_picamera2_that_crashes(self, pi: Layout):
        assert "killed by signal 11" in self.port(pi, None, "it was killed by signal 11").text

    @pytest.mark.parametrize(
        ("module", "body", "words"),
        [
            (
                "picamera2",
                "raise ValueError('numpy.dtype size changed, Expected 96, got 88')",
                "numpy.dtype size",
            ),
            ("picamera2", "import libcamera", "python3-libcamera"),
            ("picamera2", "import pykms", "python3-kms++"),
        ],
    )
    def test_the_real_trial_with_a_picamera2_that_fails(
        self, pi: Layout, tmp_path: Path, monkeypatch, module: str, body: str, words: str
    ):
        (tmp_path / f"{module}.py").write_text(body)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        wanted = settings(source={"uri": "picamera2:"})
        finding = only(health_camera.camera_port(pi.machine, wanted))
        assert finding.severity == Severity.ERROR
        assert words in finding.text + finding.remedy

    def test_v4l2_cameras_are_listed(self, pc: Layout):
        camera = VideoDevice("/dev/video0", "HD Webcam", "uvcvideo", True)
        finding = only(health_camera.video_devices(pc.machine, settings(), lambda: [camera]))
        assert "/dev/video0 (HD Webcam)" in finding.text

    def test_a_configured_camera_that_is_not_there(self, pc: Layout):
        wanted = settings(source={"uri": "v4l2:/dev/video7?size=640x480"})
        finding = only(health_camera.video_devices(pc.machine, wanted, list))
        assert finding.severity == Severity.ERROR
        assert "/dev/video7" in finding.text

    def test_a_camera_without_permission(self, pc: Layout, monkeypatch: pytest.MonkeyPatch):
        pc.write("/dev/video0")
        monkeypatch.setattr(health_camera, "may_use", lambda _: False)
        finding = only(health_camera.video_devices(pc.machine, settings()))
        assert "usermod -aG video" in finding.remedy

    def test_a_camera_held_by_another_program(self, pc: Layout):
        pc.write("/proc/4242/comm", "motion\n")
        pc.link("/proc/4242/fd/5", "/dev/video0")
        pc.write("/proc/77/comm", "wireplumber\n")
        pc.link("/proc/77/fd/9", "/dev/video1")
        finding = only(health_camera.busy(pc.machine, settings()))
        assert "/dev/video0 is used by motion (process 4242)" in finding.text


class TestDevices:
    def test_missing_groups(self, pi: Layout):
        pi.write("/etc/group", "video:x:44:\ndialout:x:20:pi\nusers:x:100:\n")
        finding = only(health_devices.groups(pi.machine, settings(), mine=[44, 100], user=1000))
        assert "usermod -aG dialout" in finding.remedy
        assert (
            only(health_devices.groups(pi.machine, settings(), mine=[44, 20], user=1000)).severity
            == Severity.OK
        )

    def test_a_configured_serial_port_that_is_not_there(self, pi: Layout):
        wanted = settings(sinks=["serial:///dev/ttyUSB0?baud=921600", "jsonl:-"])
        finding = only(health_devices.serial_ports(pi.machine, wanted))
        assert finding.severity == Severity.ERROR
        assert "/dev/ttyUSB0" in finding.text

    def test_a_configured_serial_port_without_permission(
        self, pi: Layout, monkeypatch: pytest.MonkeyPatch
    ):
        pi.write("/dev/ttyUSB0")
        wanted = settings(sinks=["serial:///dev/ttyUSB0"])
        assert only(health_devices.serial_ports(pi.machine, wanted)).severity == Severity.OK
        monkeypatch.setattr(health_devices, "may_use", lambda _: False)
        assert "dialout" in only(health_devices.serial_ports(pi.machine, wanted)).remedy

    def test_the_uart_is_well(self, pi: Layout):
        assert only(health_devices.uart(pi.machine, settings())).severity == Severity.OK

    @pytest.mark.parametrize("console", ["serial0,115200", "ttyAMA0,115200"])
    def test_a_kernel_console_on_the_uart(self, pi: Layout, console: str):
        pi.write("/proc/cmdline", f"console={console} console=tty1 rootwait")
        names = {finding.name: finding for finding in health_devices.uart(pi.machine, settings())}
        assert names["uart_console"].severity == Severity.WARNING
        assert "do_serial_cons" in names["uart_console"].remedy

    def test_a_login_on_the_uart(self, pi: Layout):
        pi.write("/run/systemd/generator/getty.target.wants/serial-getty@ttyAMA0.service")
        assert "uart_console" in {
            finding.name for finding in health_devices.uart(pi.machine, settings())
        }

    @pytest.mark.parametrize(
        ("target", "words"), [("ttyS0", "mini-UART"), ("ttyAMA10", "debug connector")]
    )
    def test_the_wrong_uart(self, pi: Layout, target: str, words: str):
        (pi.root / "dev/serial0").unlink()
        pi.link("/dev/serial0", target)
        wanted = settings(sinks=["serial:///dev/serial0"])
        finding = only(health_devices.uart(pi.machine, wanted))
        assert finding.severity == Severity.WARNING
        assert words in finding.text

    @pytest.mark.parametrize("port", ["ttyAMA0", "serial/by-id/usb-FTDI-if00-port0"])
    def test_a_uart_that_no_sink_uses_is_no_fault(self, pi: Layout, port: str):
        """The pins of a Pi 5 beside its debug connector, which has a console, or USB."""
        (pi.root / "dev/serial0").unlink()
        pi.link("/dev/serial0", "ttyAMA10")
        pi.write("/proc/cmdline", "console=serial0,115200 console=tty1")
        wanted = settings(sinks=[f"serial:///dev/{port}?baud=921600"])
        assert only(health_devices.uart(pi.machine, wanted)).severity == Severity.NOTE
        (pi.root / "dev/serial0").unlink()
        off = only(health_devices.uart(pi.machine, wanted))
        assert (off.severity == Severity.NOTE) == port.startswith("serial/")

    def test_a_console_on_the_pins_of_a_pi_5(self, pi: Layout):
        (pi.root / "dev/serial0").unlink()
        pi.link("/dev/serial0", "ttyAMA10")
        pi.write("/proc/cmdline", "console=ttyAMA0,115200")
        wanted = settings(sinks=["serial:///dev/ttyAMA0"])
        names = {finding.name: finding for finding in health_devices.uart(pi.machine, wanted)}
        assert "/dev/ttyAMA0" in names["uart_console"].text

    def test_the_uart_switched_off(self, pi: Layout):
        (pi.root / "dev/serial0").unlink()
        assert "do_serial_hw" in only(health_devices.uart(pi.machine, settings())).remedy
