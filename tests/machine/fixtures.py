"""A real model and real delegate libraries for tests of everything close to the machine."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from landmarkd.vision import delegate
from landmarkd.vision.zoo import open_zoo

from tests.machine.layout import Layout
from tests.machine.tiny_model import compiled, tiny_model

SOURCE = Path(__file__).with_name("fake_edgetpu.c")


def build_delegate(library: Path, behaviour: str, after: int = 0) -> Path:
    """Compile a loadable delegate of this behaviour, see the C file; skip without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler to build the stand-in for libedgetpu")
    if not library.exists():
        defines = [f"-DBEHAVIOUR={behaviour}", f"-DAFTER={after}"]
        subprocess.run([compiler, "-shared", "-fPIC", *defines, "-o", library, SOURCE], check=True)
    return library


def coral_zoo(folder: Path) -> Path:
    """Copy the bundled zoo to `folder`, with a version for the Edge TPU of its default model."""
    bundled = open_zoo()
    shutil.copytree(bundled.folder, folder)
    name, card = bundled.landmarks()
    content = compiled((folder / (card.whole or card).file).read_bytes())
    (folder / "compiled.tflite").write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["models"][name]["edgetpu"] = {
        "file": "compiled.tflite",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer time limits: on a busy machine a child process may start slowly."""
    monkeypatch.setattr(delegate, "PROBE_TIMEOUT_S", 300.0)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tiny.tflite` and what a compiler for the Edge TPU would make of it."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny.tflite").write_bytes(tiny_model())
    (folder / "tiny_edgetpu.tflite").write_bytes(tiny_model(edgetpu=True))
    return folder


@pytest.fixture(scope="session")
def coral(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compiles a loadable delegate with one behaviour: coral("LOST", after=2)."""
    folder = tmp_path_factory.mktemp("delegates")

    def compile_one(behaviour: str, after: int = 0) -> Path:
        return build_delegate(folder / f"libedgetpu-{behaviour}{after}.so", behaviour, after)

    return compile_one


@pytest.fixture
def compiler(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a stand-in for Google's compiler with one behaviour: compiler("REFUSES")."""
    root = Path(__file__).resolve().parents[2]

    def write(behaviour: str) -> Path:
        path = tmp_path / "bin" / "edgetpu_compiler"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
            f"from tests.machine.fake_compiler import main\nmain({behaviour!r})\n"
        )
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def pc(tmp_path: Path) -> Layout:
    """A machine without any information about itself."""
    return Layout(tmp_path)


@pytest.fixture
def pi(tmp_path: Path) -> Layout:
    """A healthy Raspberry Pi."""
    layout = Layout(tmp_path)
    layout.write("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0")
    layout.write("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n')
    layout.write("/sys/class/thermal/thermal_zone0/temp", "51121\n")
    layout.write("/sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
    layout.write(
        "/proc/meminfo", "MemAvailable: 3000000 kB\nCmaTotal: 524288 kB\nCmaFree: 400000 kB\n"
    )
    layout.write("/proc/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n")
    layout.write("/proc/cmdline", "console=tty1 root=PARTUUID=1-02 rootwait\n")
    layout.write(
        "/sys/devices/system/clocksource/clocksource0/current_clocksource", "arch_sys_counter\n"
    )
    layout.link("/dev/serial0", "ttyAMA0")
    return layout
