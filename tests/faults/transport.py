"""What cables, networks and receivers do."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from edge.daemon.loopback import PtyReceiver
from tests.faults.bench import FPS, Daemon, Ear, serial_pair
from tests.faults.row import Row, fault

RATE_TOLERANCE = 0.02
"""A sink in trouble may cost the pipeline this share of its frame rate at most."""


def _rate(daemon: Daemon, frames: int = 90) -> float:
    """Return the frame rate of the pipeline over so many frames, by their numbers and capture times."""
    mark = daemon.ear.mark()
    heard = daemon.ear.frames(frames, mark)
    return (heard[-1].frame - heard[0].frame) / (heard[-1].at_s - heard[0].at_s)


@fault("serial line unplugged in the middle of a frame, and plugged in again")
def unplugged(folder: Path) -> Row:
    name = folder / "ttyFACE"
    receiver, ear = serial_pair()
    name.symlink_to(receiver.device)
    with Daemon(folder, sinks=[f"serial://{name}?baud=921600"]) as daemon:
        ear.frames(30)
        ear.close()
        daemon.wait_status(lambda status: not all(sink["connected"] for sink in status["sinks"]))
        again = PtyReceiver()
        again.open()
        name.unlink()
        name.symlink_to(again.device)
        began = time.monotonic()
        ear = Ear(again)
        first = ear.frames(30)[0]
        values = daemon.wait_status(lambda status: any(sink["reconnects"] for sink in status["sinks"]))
        dropped = sum(sink["dropped"] for sink in values["sinks"])
        ear.close()
        assert daemon.end() == 0
        return Row(
            "UDP goes on; serial is back by its name", first.at_s - began, f"{dropped} reports on serial, counted"
        )


@fault("serial receiver does not read")
def not_reading(folder: Path) -> Row:
    _, ear = serial_pair()
    uri = f"{ear.receiver.sink_uri}&points=all"  # type: ignore[attr-defined]
    with Daemon(folder, sinks=[uri]) as daemon:
        ear.frames(30)
        ear.deafen(True)
        rate = _rate(daemon, 150)
        assert rate > FPS * (1 - RATE_TOLERANCE)
        ear.deafen(False)
        mark, began = ear.mark(), time.monotonic()
        after = ear.frames(30, mark)
        counters = ear.receiver.counters
        ear.close()
        assert daemon.end() == 0
        return Row(f"UDP goes on at {rate:.1f} fps", after[0].at_s - began, f"{counters.missing} messages on serial")


@fault("UDP port unreachable, receiver comes back")
def unreachable(folder: Path) -> Row:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    with Daemon(folder, sinks=[f"udp://127.0.0.1:{port}"]) as daemon:
        rate = _rate(daemon)
        assert rate > FPS * (1 - RATE_TOLERANCE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", port))
            receiver.settimeout(10)
            began = time.monotonic()
            receiver.recv(2048)
            passed = time.monotonic() - began
        assert daemon.end() == 0
        return Row(f"the others go on at {rate:.1f} fps", passed, "what was sent to nobody")


@fault("network down and up again")
def network_down(folder: Path) -> Row:
    """In a network of its own, so that nothing else of this machine is disturbed."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("needs root, ip and unshare for a network namespace")
    receiver, ear = serial_pair()
    with Daemon(folder, sinks=[receiver.sink_uri, "udp://10.99.0.2:5005"], prefix=["unshare", "--net"]) as daemon:

        def ip(*arguments: str) -> None:
            enter = ["nsenter", f"--net=/proc/{daemon.process.pid}/ns/net", "ip"]
            subprocess.run([*enter, *arguments], check=True, capture_output=True)

        ear.frames(30)
        ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
        ip("addr", "add", "10.99.0.1/24", "dev", "veth0")
        ip("link", "set", "veth1", "up")
        ip("link", "set", "veth0", "up")
        udp = daemon.sinks[2]

        def connected(status: dict[str, object]) -> bool:
            sinks = status["sinks"]
            assert isinstance(sinks, list)
            return any(sink["uri"] == udp and sink["connected"] and sink["sent"] > 0 for sink in sinks)

        daemon.wait_status(connected)
        ip("link", "set", "veth0", "down")
        daemon.wait_status(lambda status: any(s["uri"] == udp and s["last_error"] for s in status["sinks"]))
        mark = ear.mark()
        ear.frames(30, mark)
        before = next(sink["sent"] for sink in daemon.status()["sinks"] if sink["uri"] == udp)
        ip("link", "set", "veth0", "up")
        began = time.monotonic()
        daemon.wait_status(
            lambda status: any(s["uri"] == udp and s["connected"] and s["sent"] > before for s in status["sinks"])
        )
        passed = time.monotonic() - began
        ear.close()
        assert daemon.end() == 0
        return Row("serial goes on", passed, "what had no network, counted")
