"""The real process under systemd: its messages on the notify socket, and its open ports."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from landmarkd.camera.demo import CLIP
from landmarkd.errors import ExitCode

from tests.daemon.test_supervisor import unplug
from tests.faults.bench import LIMIT_S, Daemon


class Manager:
    """systemd's end of the notify socket."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(0.5)

    def wait(self, start: str) -> str:
        """Wait for a message that starts with this."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            try:
                self.said.append(self._socket.recv(4096).decode())
            except TimeoutError:
                continue
            if self.said[-1].startswith(start):
                return self.said[-1]
        raise AssertionError(f"{start} was not said, but {self.said}")

    def heard(self) -> list[str]:
        """Return all messages so far."""
        self._socket.settimeout(0.01)
        with suppress(TimeoutError):
            while True:
                self.said.append(self._socket.recv(4096).decode())
        return self.said

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    yield made
    made.close()


def test_every_step_is_told_to_the_manager(tmp_path: Path, manager: Manager) -> None:
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"}
    with Daemon(tmp_path, environment=environment) as daemon:
        manager.wait("READY=1")
        daemon.ear.frames(1)
        assert "fps" in manager.wait("STATUS=running")
        manager.wait("WATCHDOG=1")
        daemon.write_configuration("[tracker]\npresence = 7")
        daemon.signal(signal.SIGHUP)
        manager.wait("RELOADING=1")
        manager.wait("READY=1")
        daemon.signal(signal.SIGTERM)
        manager.wait("STOPPING=1")
        assert "stopped" in manager.wait("STATUS=")
        assert daemon.end() == 0


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asking_again_does_not_spoil_a_stop_in_order(tmp_path: Path, again: signal.Signals) -> None:
    """Also while the interpreter shuts down, after the last line of the log."""
    with Daemon(tmp_path) as daemon:
        daemon.ear.frames(1)
        daemon.signal(signal.SIGTERM)
        until = time.monotonic() + LIMIT_S
        while daemon.process.poll() is None and time.monotonic() < until:
            daemon.signal(again)
            time.sleep(0.001)
        assert daemon.process.wait(0) == 0
        assert "Processed" in daemon.logged()


def test_signals_during_the_start_end_it_in_order() -> None:
    """A reload that comes too early is no reason to end; a stop ends it before the first frame."""
    early = """
import os, signal
from landmarkd.cli import logs, main
before = logs.set_up_logging
def set_up_logging(verbose):
    before(verbose)
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
logs.set_up_logging = set_up_logging
main.main()
"""
    run = ("run", "--source", "demo:", "--sink", "jsonl:-")
    done = subprocess.run(
        [sys.executable, "-c", early, *run], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Processed 0 frames" in done.stderr


def test_a_driver_that_hangs_is_not_met_again_at_the_end() -> None:
    """A thread that returns from C++ while the interpreter shuts down aborts the process."""
    code = """
import atexit
from landmarkd.daemon.requests import leave_soon
from landmarkd.errors import ExitCode
atexit.register(print, "taken apart")
leave_soon(ExitCode.TEMPORARY)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (ExitCode.TEMPORARY, "")


def test_a_reader_that_stands_still_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A file source waits for its sinks, so that nothing is lost; but not after it was asked to
    end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with Daemon(tmp_path, source=f"file:{CLIP}", sinks=[f"jsonl:{pipe}"]) as daemon:
        daemon.ear.frames(10)
        heard = 0
        while heard < (heard := daemon.ear.mark()):
            time.sleep(2.0)  # fewer than 300 frames fit into the pipe, so it blocks
        assert daemon.end() == ExitCode.OK
    os.close(reader)


def test_a_burst_of_signals_neither_hangs_nor_breaks_it(tmp_path: Path) -> None:
    """Each may interrupt the handling of the one before."""
    with Daemon(tmp_path) as daemon:
        daemon.ear.frames(1)
        mark = daemon.ear.mark()
        for _ in range(20_000):
            daemon.signal(signal.SIGHUP)
        daemon.ear.frames(3, mark)
        for _ in range(20_000):
            daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(LIMIT_S) == 0
        assert "Traceback" not in daemon.logged()


@pytest.mark.parametrize("step", ["RELOADING=1", "STATUS=reloading"])
def test_a_stop_during_a_reload_is_not_lost(tmp_path: Path, manager: Manager, step: str) -> None:
    """Before the new pipeline is built, and while the old one closes to make room for it."""
    with Daemon(tmp_path, environment={"NOTIFY_SOCKET": manager.address}) as daemon:
        daemon.ear.frames(1)
        daemon.signal(signal.SIGHUP)
        manager.wait(step)
        assert daemon.end() == 0


def test_a_camera_that_is_not_there_is_waited_for(tmp_path: Path, manager: Manager) -> None:
    steps = [{"do": "disconnect", "seconds": 4}]
    with Daemon(tmp_path, steps, environment={"NOTIFY_SOCKET": manager.address}) as daemon:
        manager.wait("READY=1")
        manager.wait("STATUS=waiting for the camera")
        daemon.ear.frames(5)
        assert daemon.end() == 0


def test_a_camera_that_is_configured_wrongly_is_never_ready(
    tmp_path: Path, manager: Manager
) -> None:
    with Daemon(
        tmp_path, environment={"NOTIFY_SOCKET": manager.address}, source="v4l2:/dev/null"
    ) as daemon:
        assert daemon.process.wait(LIMIT_S) == ExitCode.NO_INPUT
        assert "READY=1" not in manager.heard()


def test_a_dead_thread_of_a_sink_starves_the_watchdog(tmp_path: Path, manager: Manager) -> None:
    """The thread ends at once, which is a fault; frames continue, and systemd must restart the
    daemon."""
    (tmp_path / "sitecustomize.py").write_text(
        "import threading\n"
        "run = threading.Thread.run\n"
        "threading.Thread.run = lambda t: None if t.name.startswith('sink osc:') else run(t)\n"
    )
    environment = {
        "NOTIFY_SOCKET": manager.address,
        "WATCHDOG_USEC": "400000",
        "PYTHONPATH": str(tmp_path),
    }
    with Daemon(tmp_path, sinks=["osc://127.0.0.1:9"], environment=environment) as daemon:
        manager.wait("READY=1")
        told = len(manager.said)
        daemon.ear.frames(60)
        manager.wait("STATUS=running")
        manager.wait("STATUS=running")
        assert "WATCHDOG=1" not in manager.said[told:]
        assert daemon.end() == 0


def test_the_watchdog_is_fed_before_each_long_step_of_a_reload(
    tmp_path: Path, manager: Manager
) -> None:
    """However short ago it was fed: its time is shorter than that of all these steps together."""
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(10**15)}
    with Daemon(tmp_path, environment=environment) as daemon:
        daemon.ear.frames(1)
        unplug(daemon)
        daemon.signal(signal.SIGHUP)
        manager.wait("RELOADING=1")
        told = len(manager.said)
        manager.wait("READY=1")
        steps = [
            text.partition(":")[0]
            for text in manager.said[told:]
            if text.startswith(("STATUS=reloading", "WATCHDOG"))
        ]
        fed, left = "WATCHDOG=1", "STATUS=reloading"
        build, close, start = [fed], [left, fed], [fed]
        assert steps == build + close + start + close + build + start
        assert daemon.end() == 0


def test_nothing_listens(tmp_path: Path) -> None:
    """Nobody can connect to any socket of the process."""
    with Daemon(tmp_path) as daemon:
        daemon.ear.frames(5)
        links = (path.readlink() for path in Path(f"/proc/{daemon.process.pid}/fd").iterdir())
        ours = {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
        assert ours, "there is at least the socket of the stream"
        listening = []
        for table in ("tcp", "tcp6"):
            rows = [
                line.split()
                for line in Path(f"/proc/{daemon.process.pid}/net/{table}").read_text().splitlines()
            ]
            listening += [row for row in rows[1:] if row[9] in ours]
        assert not listening, "no TCP socket at all"
        assert daemon.end() == 0
