"""Runs inside the container, as root beside systemd: tries the unit and records the results.

A trial is a function; its docstring says what must hold, and it returns what was measured. Only the
standard library is used: landmarkd is not installed for this Python.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

DROPIN = Path("/etc/systemd/system/landmarkd.service.d/trial.conf")
SETTINGS = Path("/etc/landmarkd.toml")
GOOD = 'sinks = ["udp://127.0.0.1:5005"]\n[source]\nuri = "demo:?loop=yes"\n'
WRONG = '[source]\nuri = "demo:"\n[tracker]\npresence = 7\n'
LIMIT_S = 120.0


def ctl(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def show(name: str) -> str:
    return ctl("show", "--value", "--property", name, "landmarkd")


def wait(what: str, condition: Callable[[], bool]) -> float:
    """Wait until something holds; return the seconds that it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > LIMIT_S:
            raise AssertionError(f"{what} did not come; {show('SubState')}, {show('Result')}")
        time.sleep(0.05)
    return time.monotonic() - began


def status() -> dict:
    done = subprocess.run(
        ["landmarkd", "status", "--json"], capture_output=True, text=True, check=False
    )
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {}


def start(dropin: str = "", settings: str = GOOD) -> float:
    """Start again with a drop-in; return the seconds until READY was sent to systemd."""
    ctl("stop", "landmarkd")
    ctl("reset-failed", "landmarkd", check=False)
    DROPIN.parent.mkdir(exist_ok=True)
    DROPIN.write_text(dropin)
    SETTINGS.write_text(settings)
    ctl("daemon-reload")
    began = time.monotonic()
    ctl("start", "landmarkd")
    return time.monotonic() - began


def running() -> bool:
    return (show("ActiveState"), show("SubState")) == ("active", "running")


def again(before: str) -> bool:
    return running() and show("MainPID") != before


def faces() -> None:
    wait("a face", lambda: status().get("with_face", 0) > 0)


def kill(number: signal.Signals) -> str:
    pid = show("MainPID")
    os.kill(int(pid), number)
    return pid


def ready() -> str:
    """`systemctl start` waits for READY, and the daemon says it."""
    took = start()
    assert running()
    assert show("NRestarts") == "0"
    return f"READY after {took:.1f} s"


def hardened() -> str:
    """The sandbox is in force: no new privileges, no capability, a system call filter."""
    start()
    lines = Path(f"/proc/{show('MainPID')}/status").read_text().splitlines()
    told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert (told["NoNewPrivs"], told["Seccomp"], int(told["CapBnd"], 16)) == ("1", "2", 0), told
    return f"NoNewPrivs 1, Seccomp 2, no capability, user {told['Uid'].split()[0]}"


def stop() -> str:
    """SIGTERM ends it in order within TimeoutStopSec."""
    start()
    began = time.monotonic()
    ctl("stop", "landmarkd")
    took = time.monotonic() - began
    assert show("Result") == "success"
    assert show("ExecMainStatus") == "0"
    assert took < 5
    return f"ended after {took:.1f} s, exit code 0"


def reload() -> str:
    """A reload keeps the process; a wrong configuration is refused and the old one stays."""
    start()
    pid = show("MainPID")
    ctl("reload", "landmarkd")
    SETTINGS.write_text(WRONG)
    ctl("reload", "landmarkd", check=False)
    wait("the refusal", lambda: bool(status().get("refused")))
    assert running()
    assert (show("MainPID"), show("NRestarts")) == (pid, "0")
    return "the same process after a right and after a wrong configuration"


def watchdog() -> str:
    """A daemon that hangs is ended by the watchdog and started again."""
    start()
    pid = kill(signal.SIGSTOP)
    took = wait("the restart", lambda: again(pid))
    assert show("NRestarts") == "1"
    return f"stopped process replaced after {took:.1f} s (WatchdogSec=20, RestartSec=5)"


def killed() -> str:
    """SIGKILL: started again after RestartSec."""
    start()
    pid = kill(signal.SIGKILL)
    took = wait("the restart", lambda: again(pid))
    return f"running again after {took:.1f} s"


def never_given_up() -> str:
    """More starts in ten seconds than systemd's own limit of five, and it still starts again."""
    start("[Service]\nRestartSec=100ms\n")
    before, began = "0", time.monotonic()
    for _ in range(8):
        wait("a process", lambda last=before: show("MainPID") not in {"0", last})
        before = kill(signal.SIGKILL)
    took = time.monotonic() - began
    wait("the last restart", running)
    return f"killed 8 times in {took:.1f} s, running again, {show('NRestarts')} restarts"


def wrong_configuration() -> str:
    """Exit code 78 is not tried again, and the status keeps the reason."""
    start()
    ctl("stop", "landmarkd")
    SETTINGS.write_text(WRONG)
    ctl("start", "landmarkd", check=False)
    assert show("ExecMainStatus") == "78", show("ExecMainStatus")
    time.sleep(7)  # longer than RestartSec: no restart may happen
    assert (show("ActiveState"), show("NRestarts")) == ("failed", "0")
    assert "presence" in status()["failure"]
    return "failed with exit code 78, no restart, the status says why"


def working_directory() -> str:
    """A FIFO can be made in the working directory, as lgpio does when it is imported."""
    start("[Service]\nExecStartPre=/bin/sh -c 'rm -f .lgd-nfy0 && mkfifo .lgd-nfy0'\n")
    return f"made in {Path('/proc', show('MainPID'), 'cwd').readlink()}"


def memory_deny_write_execute() -> str:
    """XNNPACK needs no memory that is writable and executable."""
    start("[Service]\nMemoryDenyWriteExecute=yes\n")
    faces()
    return "runs and finds faces with MemoryDenyWriteExecute=yes"


def serial_only() -> str:
    """The drop-in for serial lines alone starts and finds faces."""
    text = Path("/src/systemd/dropins/serial-only.conf").read_text()
    start(text, GOOD.replace("udp://127.0.0.1:5005", "jsonl:/var/lib/landmarkd/a.jsonl"))
    faces()
    return "runs and finds faces"


def device_list() -> str:
    """A device that the unit does not list cannot be opened, one of the standard ones can."""

    def opened(device: str, more: str = "") -> bool:
        opens = f"ExecStartPre=-/bin/sh -c 'exec 3<>{device}'\n"
        start(f"[Service]\n{opens}{more}")
        return "status=0" in show("ExecStartPre")

    tun = "/dev/net/tun"
    assert opened(tun, "DevicePolicy=auto\nDeviceAllow=\n"), f"{tun} cannot be opened at all"
    assert opened("/dev/null")
    assert not opened(tun), f"{tun} was opened: device lists are not in force in this container"
    return f"{tun} refused, /dev/null opened"


TRIALS = (
    *(ready, hardened, stop, reload, watchdog, killed, never_given_up, wrong_configuration),
    *(working_directory, memory_deny_write_execute, serial_only, device_list),
)


def chosen(names: list[str]) -> list[Callable[[], str]]:
    """Return the trials of these names, or all of them."""
    return [trial for trial in TRIALS if not names or trial.__name__ in names]


def main() -> None:
    """Run the trials and write a line of JSON for each."""
    with Path(sys.argv[1]).open("w") as file:
        for trial in chosen(sys.argv[2:]):
            try:
                said, ok = trial(), True
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                said, ok = str(error) or type(error).__name__, False
            line = {"trial": trial.__name__, "holds": trial.__doc__, "said": said, "ok": ok}
            file.write(json.dumps(line) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
