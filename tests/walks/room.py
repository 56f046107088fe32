"""A fresh Debian in a folder, a terminal in it, and the neighbours that a walk needs.

Everything happens in mount and process namespaces of its own. The network is the machine's.
"""

import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MARK = re.compile(r"@@(\d+)@@ ")
"""The prompt: the exit code of the command before."""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|\x1b[78]")
REDRAWN = re.compile(r"[^\n]*\r(?=[^\n])")
"""Text that a progress bar has overwritten."""
USER = "reader"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# Mounted over the root: devices that a user may open, the camera that is not there, and a serial
# line where one is wanted.
ENTER = r"""
root=$1 serial=$2
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
set -- null 1 3 zero 1 5 full 1 7 random 1 8 urandom 1 9 tty 5 0 ptmx 5 2
while [ $# -gt 0 ]; do mknod -m 666 "$root/dev/$1" c "$2" "$3"; shift 3; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount --bind /dev/pts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
install -m 660 -o root -g 44 /dev/null "$root/dev/video0"
if [ -n "$serial" ]; then
    touch "$root/dev/ttyUSB0"; mount --bind "$serial" "$root/dev/ttyUSB0"
    chown 0:20 "$root/dev/ttyUSB0"; chmod 660 "$root/dev/ttyUSB0"
fi
mount -t proc proc "$root/proc"
mount --rbind -o ro /sys "$root/sys"
exec chroot "$root" /usr/bin/env -i TERM=xterm-256color LANG=C.UTF-8 HOME=/root \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin su --login reader
"""
# The terminal of the walk. The exported variables belong to the machine it runs on: certificate
# authorities and a camera.
PROFILE = """
export PIP_CERT={ca} REQUESTS_CA_BUNDLE={ca} SSL_CERT_FILE={ca}
export FAKE_UVC=/opt/camera FAKE_UVC_NODE=/dev/video0 LD_PRELOAD=/opt/camera/fake_uvc.so
PROMPT_COMMAND='PS1="@@$?@@ "'
"""


def base(cache: Path, suite: str) -> Path:
    """Return an archive of a fresh Debian with a user who may use sudo; made once, with root."""
    archive = cache / f"{suite}.tar"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        scratch = archive.with_suffix(".new.tar")
        hooks = [
            f"--customize-hook=chroot $1 useradd --create-home -s /bin/bash -G video,sudo {USER}",
            f"--customize-hook=echo '{USER} ALL=(ALL) NOPASSWD: ALL' >$1/etc/sudoers.d/{USER}",
        ]
        # Only what is on every machine with a login.
        packages = "--include=ca-certificates,sudo,passwd,login,tzdata"
        command = ["mmdebstrap", "--quiet", "--variant=apt", *hooks, packages, suite, scratch]
        subprocess.run(command, check=True)
        scratch.rename(archive)
    return archive


@contextmanager
def room(archive: Path, files: list[Path], camera: Path, repository: Path) -> Iterator[Path]:
    """Yield the folder of an unpacked Debian: files in the user's Downloads, and the camera."""
    folder = Path(tempfile.mkdtemp(prefix="walk-"))
    try:
        subprocess.run(["tar", "-C", folder, "-xf", archive, "--exclude=./dev/*"], check=True)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", folder / "etc" / name)
        shutil.copy(AUTHORITIES, folder / AUTHORITIES.relative_to("/"))
        home = folder / "home" / USER
        (home / "Downloads").mkdir()
        for file in files:
            shutil.copy(file, home / "Downloads")
        shutil.copytree(camera, folder / "opt/camera")
        source = folder / "srv/landmarkd"
        subprocess.run(["git", "clone", "-q", "--bare", repository, source], check=True)
        with (home / ".bashrc").open("a") as file:
            file.write(PROFILE.format(ca=AUTHORITIES))
        owner = f"{home.stat().st_uid}:{home.stat().st_gid}"
        subprocess.run(["chown", "-R", owner, home, source], check=True)
        yield folder
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", folder], check=False)


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a command: its output, exit code, and seconds."""

    output: str
    code: int
    wall_s: float
    processor_s: float


class Terminal:
    """A user's shell in a room; a context manager."""

    def __init__(self, folder: Path, serial: str = "") -> None:
        self._account, self._spent = _account(folder.name), 0.0
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            (self._account.parent / "cgroup.procs").write_text(str(os.getpid()))
            os.execvp("unshare", [*enter, "sh", "-euc", ENTER, "sh", str(folder), serial])  # noqa: S606
        import fcntl
        import termios

        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self._wait_for(MARK, 60.0)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._terminal)
        with suppress(OSError):
            self._account.parent.rmdir()

    def type(
        self,
        command: str,
        *,
        until: re.Pattern[str] | threading.Event | None = None,
        hold_s: float = 0.0,
        limit_s: float = 900.0,
    ) -> Done:
        """Type a command and wait for its end; if `until` is given, wait for that instead and press
        Ctrl-C.

        Args:
            command: as a person types it.
            until: text that appears, or an event from another thread.
            hold_s: seconds between that and Ctrl-C.
            limit_s: for each wait.

        Raises:
            TimeoutError: with the end of what was printed.
        """
        began = time.monotonic()
        os.write(self._terminal, f"{command}\n".encode())
        output = ""
        if until is not None:
            output = self._wait_for(until, limit_s)
            output += self._wait_for(threading.Event(), hold_s, late=True) if hold_s else ""
            os.write(self._terminal, b"\x03")
        output += self._wait_for(MARK, limit_s)
        wall = time.monotonic() - began
        return Done(output, int(MARK.findall(output)[-1]), wall, self._processor_s())

    def _processor_s(self) -> float:
        text = self._account.read_text()
        total = int(text) / 1e9 if text.strip().isdigit() else int(text.split()[1]) / 1e6
        spent, self._spent = total - self._spent, total
        return spent

    def _wait_for(
        self, until: re.Pattern[str] | threading.Event, limit_s: float, *, late: bool = False
    ) -> str:
        """Return what is printed until then; with `late`, the end of the time limit is not an
        error."""
        deadline, output = time.monotonic() + limit_s, ""
        while not _came(until, output):
            if time.monotonic() > deadline:
                if late:
                    break
                raise TimeoutError(f"waited for {until} in vain:\n{_plain(output)[-3000:]}")
            output += self._read(0.1)
        return _plain(output)

    def _read(self, limit_s: float) -> str:
        if not select.select([self._terminal], [], [], limit_s)[0]:
            return ""
        return os.read(self._terminal, 1 << 16).decode(errors="replace")


def _account(name: str) -> Path:
    """Return the file in which the kernel counts the processor time of a walk's processes."""
    groups = Path("/sys/fs/cgroup")
    first = groups / "cpuacct" if (groups / "cpuacct").is_dir() else groups
    folder = first / name
    folder.mkdir()
    return folder / ("cpuacct.usage" if first != groups else "cpu.stat")


def _plain(output: str) -> str:
    return REDRAWN.sub("", ESCAPES.sub("", output).replace("\r\n", "\n"))


def _came(until: re.Pattern[str] | threading.Event, output: str) -> bool:
    if isinstance(until, threading.Event):
        return until.is_set()
    # Only the end of a long output is searched.
    return until.search(_plain(output[-20_000:])) is not None
