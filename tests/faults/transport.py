"""Faults of cables, networks and receivers."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from landmarkd.daemon.snapshot import SinkSnapshot, Snapshot
from landmarkd.errors import ExitCode
from landmarkd.receive.loopback import PtyLink

from tests.faults.bench import Daemon, Ear, serial_pair
from tests.faults.row import Row, fault

RATE_TOLERANCE = 0.02
"""A failing sink may cost the pipeline at most this share of its frame rate."""


WINDOW = 60
"""Frames over which a rate is taken."""

WINDOWS = 5
"""Number of measurements: a slow sink costs time in each of them, other work on the machine does
not."""


def _share(daemon: Daemon) -> float:
    """Return the share of the camera's frames that the pipeline processed."""
    mark = daemon.ear.mark()
    heard = daemon.ear.frames(WINDOW, mark)
    return (len(heard) - 1) / max(1, heard[-1].frame - heard[0].frame)


def _unharmed(daemon: Daemon, normal: float) -> float:
    """Return the share of frames received while a sink fails, and check that it is as before."""
    share = 0.0
    for _ in range(WINDOWS):
        share = max(share, _share(daemon))
        if share >= normal * (1 - RATE_TOLERANCE):
            return share
    raise AssertionError(
        f"{share:.3f} of the frames go through, without the trouble it was {normal:.3f}"
    )


@fault("serial line unplugged in the middle of a frame, and plugged in again", alone=True)
def unplugged(folder: Path) -> Row:
    name = folder / "ttyFACE"
    receiver, ear = serial_pair()
    name.symlink_to(receiver.device)
    with Daemon(folder, sinks=[f"serial://{name}?baud=921600"]) as daemon:
        ear.frames(15)
        normal = _share(daemon)
        ear.close()
        said = daemon.told("is not connected")
        share = _unharmed(daemon, normal)
        again = PtyLink()
        again.open()
        name.unlink()
        name.symlink_to(again.device)
        began = time.monotonic()
        ear = Ear(again)
        first = ear.frames(15)[0]
        values = daemon.wait_status(lambda status: any(sink.reconnects for sink in status.sinks))
        dropped = sum(sink.dropped for sink in values.sinks)
        ear.close()
        assert daemon.end() == 0
        return Row(
            f"UDP goes on with {share:.0%} of the frames, {normal:.0%} before; "
            "serial is back by its name",
            first.at_s - began,
            f"{dropped} reports on serial, counted",
            said,
        )


@fault("serial receiver does not read", alone=True)
def not_reading(folder: Path) -> Row:
    receiver, ear = serial_pair()
    uri = f"{receiver.sink_uri}&points=all"
    with Daemon(folder, sinks=[uri]) as daemon:
        ear.frames(15)
        normal = _share(daemon)
        ear.deafen(True)
        said = daemon.told(str(receiver.device))
        share = _unharmed(daemon, normal)
        ear.deafen(False)
        mark, began = ear.mark(), time.monotonic()
        after = ear.frames(15, mark)
        dropped = next(sink.dropped for sink in daemon.status().sinks if sink.uri == uri)
        ear.close()
        assert daemon.end() == 0
        wire = f"UDP goes on with {share:.0%} of the frames, {normal:.0%} before"
        return Row(wire, after[0].at_s - began, f"{dropped} reports on serial, counted", said)


@fault("UDP port unreachable, receiver comes back", alone=True)
def unreachable(folder: Path) -> Row:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    with Daemon(folder, sinks=[f"udp://127.0.0.1:{port}"]) as daemon:
        normal = _share(daemon)
        said = daemon.told("nobody listens", ExitCode.OK)
        share = _unharmed(daemon, normal)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", port))
            receiver.settimeout(10)
            began = time.monotonic()
            receiver.recv(2048)
            passed = time.monotonic() - began
        assert daemon.end() == 0
        return Row(
            f"the others go on with {share:.0%} of the frames, {normal:.0%} before",
            passed,
            "what was sent to nobody",
            said,
        )


@fault("network down and up again")
def network_down(folder: Path) -> Row:
    """In a network namespace of its own, so that nothing else on this machine is disturbed."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("needs root, ip and unshare for a network namespace")
    receiver, ear = serial_pair()
    with Daemon(
        folder, sinks=[receiver.sink_uri, "udp://10.99.0.2:5005"], prefix=["unshare", "--net"]
    ) as daemon:

        def ip(*arguments: str) -> None:
            enter = ["nsenter", f"--net=/proc/{daemon.process.pid}/ns/net", "ip"]
            subprocess.run([*enter, *arguments], check=True, capture_output=True)

        ear.frames(10)
        ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
        ip("addr", "add", "10.99.0.1/24", "dev", "veth0")
        ip("link", "set", "veth1", "up")
        ip("link", "set", "veth0", "up")

        def sink(status: Snapshot) -> SinkSnapshot:
            return next(sink for sink in status.sinks if sink.uri == daemon.sinks[2])

        daemon.wait_status(lambda status: sink(status).connected and sink(status).sent > 0)
        ip("link", "set", "veth0", "down")
        said = daemon.told("udp://10.99.0.2:5005 is not connected")
        mark = ear.mark()
        ear.frames(15, mark)
        before = sink(daemon.status()).sent
        ip("link", "set", "veth0", "up")
        began = time.monotonic()
        daemon.wait_status(lambda status: sink(status).connected and sink(status).sent > before)
        passed = time.monotonic() - began
        ear.close()
        assert daemon.end() == 0
        return Row("serial goes on", passed, "what had no network, counted", said)


@fault("MQTT broker killed and started again")
def broker_restarted(folder: Path) -> Row:
    """Mosquitto itself, on a port of the loopback interface."""
    mosquitto = shutil.which(
        "mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    )
    if mosquitto is None:
        pytest.skip("needs mosquitto: sudo apt install mosquitto")
    pytest.importorskip("paho.mqtt.client", reason="needs paho-mqtt")
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]

    def broker() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [mosquitto, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def sink(status: Snapshot) -> SinkSnapshot:
        return status.sinks[1]

    running = broker()
    try:
        with Daemon(folder, sinks=[f"mqtt://127.0.0.1:{port}"]) as daemon:
            daemon.ear.frames(15)
            daemon.wait_status(lambda status: sink(status).connected and sink(status).sent > 0)
            running.kill()
            running.wait()
            said = daemon.told("is not connected")
            mark = daemon.ear.mark()
            daemon.ear.frames(15, mark)
            running, began = broker(), time.monotonic()
            values = daemon.wait_status(
                lambda status: sink(status).connected and sink(status).reconnects > 0
            )
            passed = time.monotonic() - began
            assert daemon.end() == 0
            return Row(
                "the others go on",
                passed,
                f"{sink(values).dropped} reports for the broker, counted",
                said,
            )
    finally:
        running.kill()
        running.wait()
