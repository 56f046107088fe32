"""The units as checked by systemd's own tools."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from landmarkd.daemon.baselines import AS_SERVICE, SERVICE_STATE
from landmarkd.daemon.statusfile import SERVICE

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
DROPINS = sorted((SYSTEMD / "dropins").glob("*.conf"))

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def installed(folder: Path, *dropins: Path) -> Path:
    """Lay the unit out as it would be installed, its command replaced by one that exists here."""
    unit = folder / "landmarkd.service"
    text = (SYSTEMD / "landmarkd.service").read_text()
    unit.write_text(text.replace("/opt/landmarkd/bin/landmarkd", "/bin/true"))
    beside = folder / "landmarkd.service.d"
    beside.mkdir()
    for dropin in dropins:
        shutil.copy(dropin, beside)
    return unit


def exposure(unit: Path) -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for landmarkd\.service: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


EACH_DROPIN = pytest.mark.parametrize(
    "dropin", [None, *DROPINS], ids=lambda path: path.stem if path else "alone"
)


def settings(unit: Path) -> dict[str, list[str]]:
    """Return the values of each setting of a unit and its drop-ins, the last one last."""
    found: dict[str, list[str]] = {}
    for path in (unit, *sorted(Path(f"{unit}.d").iterdir())):
        for name, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
            found.setdefault(name, []).append(value)
    return found


@EACH_DROPIN
def test_systemd_finds_no_fault(tmp_path: Path, dropin: Path | None) -> None:
    unit = installed(tmp_path, *([dropin] if dropin else []))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    # Other units of this machine are read too; messages about them are ignored.
    about_us = [line for line in done.stderr.splitlines() if "landmarkd" in line]
    assert not about_us
    assert done.returncode == 0, done.stderr


@EACH_DROPIN
def test_what_runs_may_write_into_its_working_directory(
    tmp_path: Path, dropin: Path | None
) -> None:
    """Importing lgpio makes a FIFO there; the system is read-only except what the unit makes."""
    told = settings(installed(tmp_path, *([dropin] if dropin else [])))
    made = {
        *(f"%S/{name}" for name in told["StateDirectory"][-1].split()),
        *(f"%t/{name}" for name in told["RuntimeDirectory"][-1].split()),
    }
    assert told["ProtectSystem"][-1] == "strict"
    assert told["WorkingDirectory"][-1] in made


@EACH_DROPIN
def test_the_reason_of_the_end_stays(tmp_path: Path, dropin: Path | None) -> None:
    """Where `landmarkd status` reads it."""
    told = settings(installed(tmp_path, *([dropin] if dropin else [])))
    assert told["RuntimeDirectory"][-1] == SERVICE.name
    assert told["RuntimeDirectoryPreserve"][-1] == "yes"


def test_commands_name_the_state_and_the_user_of_the_unit(tmp_path: Path) -> None:
    told = settings(installed(tmp_path))
    assert [str(SERVICE_STATE)] == [f"/var/lib/{name}" for name in told["StateDirectory"]]
    assert f"sudo -u {told['User'][-1]} landmarkd " in AS_SERVICE


def test_exposure_of_the_unit(tmp_path: Path) -> None:
    assert exposure(installed(tmp_path)) <= 2.0


def test_exposure_of_a_unit_that_sends_over_serial_alone(tmp_path: Path) -> None:
    assert exposure(installed(tmp_path, SYSTEMD / "dropins" / "serial-only.conf")) <= 1.2


def test_both_ids_of_the_coral_are_let_in() -> None:
    rules = (SYSTEMD / "udev" / "60-landmarkd.rules").read_text()
    for vendor, product in (("1a6e", "089a"), ("18d1", "9302")):
        assert (
            f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}", GROUP="plugdev"'
            in rules
        )


def test_the_unit_may_open_what_the_rules_give_to_its_groups(tmp_path: Path) -> None:
    rules = (SYSTEMD / "udev" / "60-landmarkd.rules").read_text()
    told = settings(installed(tmp_path))
    given = re.findall(r'^SUBSYSTEM=="(\w+)".*GROUP="(\w+)"', rules, re.MULTILINE)
    assert given
    for subsystem, group in given:
        kind = {"usb": "usb_device"}.get(subsystem, subsystem)
        assert f"char-{kind} rw" in told["DeviceAllow"]
        assert group in told["SupplementaryGroups"][-1].split()


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed"
)
def test_user_and_groups_are_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(SYSTEMD / "sysusers.d" / "landmarkd.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "landmarkd:" in (tmp_path / "etc" / "passwd").read_text()
    groups = {
        line.split(":")[0]: line.split(":")[3]
        for line in (tmp_path / "etc" / "group").read_text().splitlines()
    }
    assert all("landmarkd" in groups[name] for name in ("video", "dialout", "plugdev", "gpio"))


def test_udev_rules_ask_for_nothing_that_only_later_rules_find_out() -> None:
    """Those of the system for serial ports, 60-serial.rules, come after ours."""
    rules = (SYSTEMD / "udev" / "60-landmarkd.rules").read_text()
    asked = set(re.findall(r"ENV\{(\w+)\}[=!]=", rules))
    assert not asked or "IMPORT{" in rules, asked


@pytest.mark.skipif(shutil.which("udevadm") is None, reason="udevadm is not installed")
def test_udev_rules_are_well_formed() -> None:
    done = subprocess.run(
        ["udevadm", "verify", str(SYSTEMD / "udev" / "60-landmarkd.rules")],
        capture_output=True,
        text=True,
        check=False,
    )
    if "verify" in done.stderr and "Unknown command" in done.stderr:
        pytest.skip("this udevadm cannot verify")
    assert done.returncode == 0, done.stderr + done.stdout
