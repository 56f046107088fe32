"""install.sh as root on a throw-away copy of this system: install, repeat, upgrade, uninstall."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# Puts overlays over the folders that an installation changes, in a mount namespace of its own, and
# waits there for `nsenter`.
SCRATCH = """
set -e
mount -t tmpfs tmpfs "$1"
for folder in /etc /opt /usr/local/bin /var/lib; do
    mkdir -p "$1$folder/upper" "$1$folder/spare"
    layers="lowerdir=$folder,upperdir=$1$folder/upper,workdir=$1$folder/spare"
    mount -t overlay overlay -o "$layers" "$folder"
done
mount -t tmpfs tmpfs /run
# The packages are there already: nothing is pinned, and no network is needed.
: >"$1/empty"
for lock in "$2"/requirements*.lock; do mount --bind "$1/empty" "$lock"; done
echo ready
exec cat
"""


class Sandbox:
    """A copy-on-write view of this system, for a root user who cannot change the real one."""

    def __init__(self, process: int, wheels: Path, packages: Path) -> None:
        self._enter = ["nsenter", "--target", str(process), "--mount"]
        self.wheels, self._packages = wheels, packages

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, "PYTHONPATH": str(self._packages), "PIP_NO_DEPS": "1"}
        return subprocess.run(
            [*self._enter, *command],
            env=environment | {"PIP_NO_COMPILE": "1", "PYTHONWARNINGS": "ignore"} | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def install(self, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        python = ("--python", sys._base_executable)
        return self.run(str(REPOSITORY / "install.sh"), *python, *options, **more)

    def shell(self, text: str) -> str:
        return self.run("sh", "-c", text).stdout.strip()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    if os.geteuid() != 0 or shutil.which("nsenter") is None:
        pytest.skip("needs root, to make a scratch copy of this system's folders")
    folder, wheels = tmp_path_factory.mktemp("scratch"), tmp_path_factory.mktemp("wheels")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(wheels),
    ]
    subprocess.run([*build, str(REPOSITORY)], check=True)
    # The packages of the tests' own environment replace those that pip would install with
    # landmarkd.
    packages = tmp_path_factory.mktemp("packages")
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith(("landmarkd", "_editable", "pip", "setuptools")):
            (packages / package.name).symlink_to(package)
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        SCRATCH,
        "sh",
        str(folder),
        str(REPOSITORY),
    ]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        if process.stdout.readline() != b"ready\n":
            process.stdin.close()
            pytest.skip("this root may not mount")
        yield Sandbox(process.pid, wheels, packages)
        process.stdin.close()


@pytest.fixture(scope="module")
def installed(sandbox: Sandbox) -> Sandbox:
    done = sandbox.install("--wheels", str(sandbox.wheels))
    assert done.returncode == 0, done.stderr
    assert "is installed" in done.stdout
    return sandbox


@pytest.mark.slow
class TestInstall:
    """The tests build on each other, as the life of an installation does."""

    def test_everything_is_in_its_place(self, installed: Sandbox):
        assert installed.shell("readlink /opt/landmarkd").startswith("/opt/landmarkd-releases/")
        for placed in ("systemd/system/landmarkd.service", "udev/rules.d/60-landmarkd.rules"):
            assert installed.shell(f"test -s /etc/{placed} && echo yes") == "yes"
        assert {"video", "dialout"} <= set(installed.shell("id -nG landmarkd").split())
        assert (
            installed.run(
                "landmarkd", "config", "check", "--config", "/etc/landmarkd.toml"
            ).returncode
            == 0
        )
        assert installed.shell("stat -c %a /etc/landmarkd.toml") == "644"
        # The unit names the same program.
        program = installed.shell(
            "sed -n 's/^ExecStart=\\([^ ]*\\).*/\\1/p' /etc/systemd/system/landmarkd.service"
        )
        assert installed.shell(f"test -x {program} && echo yes") == "yes"
        assert "include-system-site-packages = true" in installed.shell(
            "cat /opt/landmarkd/pyvenv.cfg"
        )

    def test_again_it_keeps_the_configuration_and_the_release_before(self, installed: Sandbox):
        installed.shell("echo 'sinks = [\"jsonl:-\"]' >/etc/landmarkd.toml")
        before = installed.shell("readlink /opt/landmarkd")
        assert installed.install("--wheels", str(installed.wheels)).returncode == 0
        after = installed.shell("readlink /opt/landmarkd")
        assert after != before
        assert set(installed.shell("ls -d /opt/landmarkd-releases/*").split()) == {before, after}
        assert "jsonl:-" in installed.shell("cat /etc/landmarkd.toml")
        assert "picamera2" in installed.shell("cat /etc/landmarkd.toml.example")

    def test_an_installation_that_fails_changes_nothing(self, installed: Sandbox):
        before = installed.shell("readlink /opt/landmarkd; ls /opt/landmarkd-releases")
        # Without the packages beside it, landmarkd cannot list its models.
        done = installed.install("--wheels", str(installed.wheels), PYTHONPATH="")
        assert done.returncode == 65
        assert "nothing was changed" in done.stderr
        assert installed.shell("readlink /opt/landmarkd; ls /opt/landmarkd-releases") == before

    def test_from_the_source_only_packages_of_the_locks_are_used(self, installed: Sandbox):
        # What builds the package is there already too, and nothing else can be fetched.
        done = installed.install(PIP_NO_INDEX="1")
        assert done.returncode == 0, done.stderr
        assert installed.shell("ls -d /opt/landmarkd/build 2>/dev/null") == ""

    def test_uninstall_keeps_the_configuration_and_purge_does_not(self, installed: Sandbox):
        installed.shell("mkdir -p /run/landmarkd")  # where the service left its state
        assert installed.install("--uninstall").returncode == 0
        left = installed.shell(
            "ls -d /opt/landmarkd* /usr/local/bin/landmarkd /etc/landmarkd.toml /run/landmarkd "
            "2>/dev/null"
        )
        assert left == "/etc/landmarkd.toml"
        assert installed.install("--uninstall", "--purge").returncode == 0
        assert installed.shell("ls -d /etc/landmarkd* 2>/dev/null") == ""

    def test_the_host_saw_none_of_it(self, installed: Sandbox):
        assert not Path("/opt/landmarkd-releases").exists()


class TestMistakes:
    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(REPOSITORY / "install.sh"), *options]
        if os.geteuid() != 0:
            command = ["unshare", "--user", "--map-root-user", *command]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    @pytest.mark.parametrize("options", [("--wrong",), ("--wheels",), ("--purge",)])
    def test_a_wrong_option(self, options: tuple[str, ...]):
        assert self.run(*options).returncode == 64

    def test_a_folder_without_the_wheel(self, tmp_path: Path):
        done = self.run("--wheels", str(tmp_path), "--python", sys.executable)
        assert done.returncode == 66
        assert "no landmarkd wheel" in done.stderr

    def test_a_python_that_is_too_old_or_absent(self):
        done = self.run("--python", "/bin/false")
        assert done.returncode == 69
        assert "3.11 to 3.14" in done.stderr

    def test_without_root(self):
        # Read here and handed over: the clone may lie where the other user cannot enter.
        other = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
        script = (REPOSITORY / "install.sh").read_text()
        done = subprocess.run(
            [*other, "sh", "-s"], input=script, cwd="/", capture_output=True, text=True, check=False
        )
        assert done.returncode == 77
        assert "sudo" in done.stderr
