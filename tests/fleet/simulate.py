"""Simulated devices: real MQTT clients with the daemon's own messages, topics, ids and wills.

All clients live in one process and one loop, unlike in a real fleet. Measured are the broker, and
what is lost on the way to one subscriber, which is another process.
"""

import json
import os
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from landmarkd.sinks.homeassistant import discovery
from landmarkd.sinks.mqtt import OFFLINE, ONLINE
from landmarkd.sinks.mqtt_transport import KEEPALIVE_S
from landmarkd.types import Session
from landmarkd.wire.jsonl import encode_event, encode_state
from paho.mqtt.enums import CallbackAPIVersion

from tests.wire.builders import event, report, session

EVENT_PERIOD_S = 10.0
"""Between two events of a device."""
SHARE_RECONNECTING = 0.1
CONNECTS_AT_ONCE = 50
"""Maximum number of parallel handshakes while the fleet starts; reconnecting has no limit."""
PATIENCE_S = 60.0
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Device:
    """One simulated unit."""

    number: int
    client: paho.Client
    due_s: float = 0.0
    event_s: float = 0.0
    sent: int = 0
    events: int = 0
    online: bool = False

    @property
    def prefix(self) -> str:
        return f"landmarkd/car{self.number}"


class Fleet:
    """The clients, and the loop that serves them."""

    def __init__(self, port: int, count: int, hertz: float) -> None:
        self._port, self._period_s = port, 1 / hertz
        self._selector = selectors.DefaultSelector()
        text = encode_state(report(0))
        head, _, tail = text.partition('"sequence":0,')
        self._state = (head + '"sequence":', "," + tail)
        self._event = encode_event(event()).encode()
        self.devices = [self._make(number) for number in range(count)]

    def _make(self, number: int) -> Device:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"landmarkd-car{number}",
            reconnect_on_failure=False,
        )
        device = Device(number, client)
        client.will_set(f"{device.prefix}/state", OFFLINE, qos=1, retain=True)
        client.max_queued_messages_set(1000)

        def on_connect(*_: object) -> None:
            known = Session(**{**_fields(session()), "device": f"car{number}"})
            topic, payload = discovery(known, device.prefix)
            client.publish(topic, payload, 1, retain=True)
            client.publish(f"{device.prefix}/state", ONLINE, 1, retain=True)
            device.online = True

        client.on_connect = on_connect
        return device

    def connect(self, device: Device) -> None:
        device.online = False
        device.client.connect("127.0.0.1", self._port, KEEPALIVE_S)
        self._selector.register(device.client.socket(), selectors.EVENT_READ, device)

    def cut(self, device: Device) -> None:
        """Break the connection as a power failure does, without a message to the broker."""
        link = device.client.socket()
        self._selector.unregister(link)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        device.client._sock_close()
        device.client._reset_sockets()
        device.online = False

    def connect_all(self) -> float:
        """Connect every device and return how long that took."""
        began, waiting = time.monotonic(), list(self.devices)
        pending: list[Device] = []
        while waiting or pending:
            while waiting and len(pending) < CONNECTS_AT_ONCE:
                pending.append(waiting.pop())
                self.connect(pending[-1])
            self.serve(0.01)
            pending = [device for device in pending if not device.online]
            _check(began)
        return time.monotonic() - began

    def reconnect(self, devices: list[Device]) -> float:
        """Cut some connections at once, open them again at once; return how long that took."""
        began = time.monotonic()
        for device in devices:
            self.cut(device)
        for device in devices:
            self.connect(device)
        while not all(device.online for device in devices):
            self.step()
            _check(began)
        return time.monotonic() - began

    def start_clocks(self) -> None:
        """Spread the devices' states over their period."""
        now, count = time.monotonic(), len(self.devices)
        for device in self.devices:
            device.due_s = now + self._period_s * device.number / count
            device.event_s = now + EVENT_PERIOD_S * device.number / count

    def step(self) -> None:
        """Publish what is due, and serve the connections."""
        now = time.monotonic()
        for device in self.devices:
            if not device.online:
                continue
            if now >= device.due_s:
                device.due_s += self._period_s
                text = f"{device.sent}".join(self._state)
                device.client.publish(f"{device.prefix}/status", text, 0, retain=True)
                device.sent += 1
            if now >= device.event_s:
                device.event_s += EVENT_PERIOD_S
                device.client.publish(f"{device.prefix}/event", self._event, 1)
                device.events += 1
        self.serve(0.002)

    def serve(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            key.data.client.loop_read()
        for device in self.devices:
            if device.client.socket() is not None:
                if device.client.want_write():
                    device.client.loop_write()
                device.client.loop_misc()

    def close(self) -> None:
        for device in self.devices:
            if device.online:
                device.client.publish(f"{device.prefix}/state", OFFLINE, 1, retain=True)
        until = time.monotonic() + 5
        while time.monotonic() < until and any(d.client.want_write() for d in self.devices):
            self.serve(0.01)
        for device in self.devices:
            device.client.disconnect()
        self._selector.close()


def _fields(known: Session) -> dict:
    return {name: getattr(known, name) for name in known.__slots__}


def _check(began: float) -> None:
    if time.monotonic() - began > PATIENCE_S:
        raise TimeoutError(f"not connected within {PATIENCE_S:.0f} s")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def run(count: int, seconds: float, hertz: float) -> dict[str, str | float | int]:
    """Run so many devices for so long and return figures by name.

    Raises:
        FileNotFoundError: Mosquitto is not installed.
        TimeoutError: the broker did not take the connections.
    """
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        raise FileNotFoundError("needs mosquitto: sudo apt install mosquitto")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count + 500), hard))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "mosquitto.conf"
        configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        broker = subprocess.Popen([mosquitto, "-c", configuration], stderr=subprocess.DEVNULL)
        subscriber = None
        try:
            _wait_for(port)
            alone_mb = _rss_mb(broker.pid)
            subscriber = subprocess.Popen(
                [sys.executable, "-m", "tests.fleet.subscriber", str(port)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert subscriber.stdout is not None
            assert subscriber.stdout.readline() == "ready\n"
            fleet = Fleet(port, count, hertz)
            connected_s = fleet.connect_all()
            fleet.start_clocks()
            began, cpu, own = time.monotonic(), _cpu_s(broker.pid), time.process_time()
            tenth = fleet.devices[: max(1, round(count * SHARE_RECONNECTING))]
            while time.monotonic() - began < seconds / 2:
                fleet.step()
            again_s = fleet.reconnect(tenth)
            while time.monotonic() - began < seconds:
                fleet.step()
            passed = time.monotonic() - began
            cpu, own = _cpu_s(broker.pid) - cpu, time.process_time() - own
            memory_mb = _rss_mb(broker.pid)
            states = sum(device.sent for device in fleet.devices)
            events = sum(device.events for device in fleet.devices)
            fleet.close()
            got = json.loads(subscriber.communicate("end\n", timeout=60)[0])
        finally:
            for process in (subscriber, broker):
                if process is not None:
                    process.kill()
                    process.wait()
    return {
        "devices": count,
        "seconds": round(passed, 1),
        "connecting all, seconds": round(connected_s, 2),
        "reconnecting a tenth at once, seconds": round(again_s, 2),
        "messages a second to the broker": round((states + events) / passed),
        "bytes of a state": got["bytes"],
        "states sent": states,
        "states lost": states - got["status"],
        "events sent": events,
        "events lost": max(0, events - got["event"]),
        "events received twice or more": max(0, got["event"] - events),
        "wills of the tenth received": got["wills"],
        "devices found by discovery": got["found"],
        "devices offline at the end": got["offline"],
        "broker: share of a core": f"{cpu / passed:.0%}",
        "broker: memory, MB": f"{memory_mb:.1f} ({alone_mb:.1f} alone)",
        "simulation: share of a core": f"{own / passed:.0%}",
    }


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("mosquitto does not listen")
