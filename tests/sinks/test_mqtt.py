"""MQTT with a real mosquitto: messages for dashboards, and faults of the broker or the network."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from landmarkd.enums import Attention, EventPhase
from landmarkd.errors import AccessError, UsageError
from landmarkd.sinks import make_sink, mqtt_transport
from landmarkd.sinks.mqtt import MqttFormatter

from tests.sinks.relay import Relay
from tests.sinks.test_contract import until
from tests.wire.builders import driver, event, report, session, stalled

paho = pytest.importorskip("paho.mqtt.client", reason="needs paho-mqtt")

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto: apt install mosquitto")
class TestMqtt:
    @pytest.fixture(autouse=True)
    def broker(self, tmp_path: Path) -> Iterator[None]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.configuration = tmp_path / "mosquitto.conf"
        self.configuration.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.process: subprocess.Popen | None = None
        self.start_broker()
        yield
        self.stop_broker()

    def start_broker(self) -> None:
        assert MOSQUITTO is not None
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", self.configuration],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert until(self.broker_answers)

    def broker_answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop_broker(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def listen(self, *topics: str) -> tuple["paho.Client", list[tuple[str, str, bool]]]:
        from paho.mqtt.enums import CallbackAPIVersion

        client, got, ready = paho.Client(CallbackAPIVersion.VERSION2), [], threading.Event()
        client.on_message = lambda _c, _d, m: got.append((m.topic, m.payload.decode(), m.retain))
        client.on_subscribe = lambda *_: ready.set()
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        client.subscribe([(topic, 1) for topic in topics or ("landmarkd/#",)])
        assert ready.wait(5)
        return client, got

    def leave(self, client: "paho.Client") -> None:
        client.disconnect()
        client.loop_stop()

    @property
    def uri(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}?hz=2"

    def test_states_at_their_rate_events_at_once_and_a_goodbye(self) -> None:
        client, got = self.listen()
        with make_sink(self.uri, session()) as sink:
            for i in range(56):  # almost two seconds
                happened = {20: (event(),), 40: (event(EventPhase.END),)}.get(i, ())
                sink.submit(report(i, state=driver(i, *happened)), wait=True)
            assert until(lambda: sum(topic == "landmarkd/bench/event" for topic, *_ in got) == 2)
        assert until(lambda: ("landmarkd/bench/state", "offline", False) in got)
        assert got[0] == ("landmarkd/bench/state", "online", False)
        states = [json.loads(text) for topic, text, _ in got if topic == "landmarkd/bench/status"]
        assert [state["sequence"] for state in states] == pytest.approx([0, 15, 30, 45], abs=1)
        assert states[0]["face"]["pose"]["roll"] == 3.5
        assert "points" not in states[0]["face"]
        told = [json.loads(text) for topic, text, _ in got if topic == "landmarkd/bench/event"]
        assert [(e["kind"], e["phase"]) for e in told] == [
            ("microsleep", "begin"),
            ("microsleep", "end"),
        ]
        self.leave(client)

    def test_one_who_comes_later_gets_the_last_state(self) -> None:
        with make_sink(self.uri, session()) as sink:
            early, told = self.listen()
            sink.submit(report(7), wait=True)
            # Only what the broker has is retained for others; the sink counts what it hands over.
            topics = {"landmarkd/bench/state", "landmarkd/bench/status"}
            assert until(lambda: {topic for topic, *_ in told} == topics)
            self.leave(early)
            client, got = self.listen()
            assert until(lambda: len(got) >= 2)
            self.leave(client)
        assert ("landmarkd/bench/state", "online", True) in got
        (state,) = [
            json.loads(text)
            for topic, text, retained in got
            if topic.endswith("status") and retained
        ]
        assert state["sequence"] == 7

    def test_the_broker_keeps_the_last_will_of_a_unit_that_died(self) -> None:
        code = f"""
import os, signal, time
from landmarkd.sinks import make_sink
from tests.wire.builders import report, session
sink = make_sink("{self.uri}", session())
sink.start()
sink.submit(report(0), wait=True)
while not sink.statistics.sent:
    time.sleep(0.01)
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
"""
        subprocess.run([sys.executable, "-c", code], check=False)
        client, got = self.listen()
        assert until(lambda: any(topic.endswith("/state") for topic, *_ in got))
        self.leave(client)
        assert ("landmarkd/bench/state", "offline", True) in got

    def test_a_broker_that_restarts_gets_the_stream_again(self) -> None:
        with make_sink(self.uri, session()) as sink:
            sink.submit(report(0), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
            self.stop_broker()
            index = [1]

            def step() -> None:
                began = time.perf_counter()
                sink.submit(report(index[0]))
                assert time.perf_counter() - began < 0.5
                index[0] += 1

            def lost() -> bool:
                step()
                return not sink.statistics.connected

            def back() -> bool:
                step()
                return sink.statistics.reconnects == 1

            assert until(lost)
            self.start_broker()
            assert until(back)
            client, got = self.listen()
            assert until(lambda: ("landmarkd/bench/state", "online", True) in got)
            self.leave(client)

    def test_a_broker_that_is_not_there_is_awaited(self) -> None:
        self.stop_broker()
        with make_sink(self.uri, session()) as sink:
            assert until(lambda: "refused" in (sink.statistics.last_error or ""))

    @pytest.mark.parametrize("there", [True, False])
    def test_a_password_for_a_broker_without_tls_says_so(self, tmp_path: Path, there: bool) -> None:
        """The plain broker resets the connection, and at the port of TLS nobody listens."""
        if not there:
            self.stop_broker()
        secret = tmp_path / "secret"
        secret.write_text("right\n")
        secret.chmod(0o600)
        with make_sink(f"{self.uri}&user=car&password_file={secret}", session()) as sink:
            assert until(lambda: "TLS" in (sink.statistics.last_error or ""))
            assert f"127.0.0.1:{self.port}" in str(sink.statistics.last_error)

    def test_a_refused_login_is_said(self, tmp_path: Path) -> None:
        self.stop_broker()
        self.configuration.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous false\n")
        self.start_broker()
        secret = tmp_path / "secret"
        secret.write_text("wrong\n")
        secret.chmod(0o600)
        login = f"{self.uri}&tls=no&user=car&password_file={secret}"
        with make_sink(login, session()) as sink:
            assert until(lambda: "Not authorized" in (sink.statistics.last_error or ""))
        secret.chmod(0o644)
        with pytest.raises(AccessError, match="others may read this secret; chmod 600"):
            make_sink(login, session())

    def test_wrong_uris_are_told_what_is_right(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for uri, reason in (
            ("mqtt:broker", "use mqtt://HOST:PORT"),
            ("mqtt://b?topic=a/%23", "no '#' or"),
            ("mqtt://b?topic=a%0Ab", "topic needs printable"),
            (f"mqtt://b?topic={'a' * 65_001}", "at most 65000 bytes"),
            ("mqtt://b?topic=a%00", "NUL"),
            ("mqtt://b?discovery=a/%23", "no '#' or"),
            ("mqtt://b?discovery=%2B", "no '#' or"),
            ("mqtt://b?discovery=", "discovery: a topic to publish to is not empty"),
            ("mqtt://b?discovery=a%0Ab", "discovery needs printable"),
            ("mqtt://b?id=\udcff", "id needs printable"),
            ("mqtt://b?user=a%0Ab", "user needs printable"),
            ("mqtt://b?user=a&password=/nowhere", "cannot be read"),
            ("mqtt://b?tls=no&ca=/etc/ca.pem", "leave tls=no out"),
            ("mqtt://b?ca=/nowhere", "cannot be used"),
            (f"mqtt://b?ca={pipe}", "it is a pipe and no file"),
            (f"mqtt://b?cert={pipe}", "it is a pipe and no file"),
            ("mqtt://b?password_file=/dev/null", "needs a name"),
            ("mqtt://me:open-sesame@b", "must not hold"),
            ("mqtt://open-sesame@b", "must not hold"),
            ("mqtt://me:open/sesame@b", "must not hold"),
            ("mqtt://b?user=me&password=open-sesame", "cannot be read"),
            ("mqtt://b?user=me&password=open-sesame&color=red", "unknown option"),
        ):
            with pytest.raises(UsageError, match=reason) as caught:
                make_sink(uri, session())
            assert "sesame" not in str(caught.value), "no message repeats a password"

    def test_a_half_open_connection_does_not_leave_it_offline(self, monkeypatch) -> None:
        """The broker still has the old connection and its will when the new one is made."""
        monkeypatch.setattr(mqtt_transport, "KEEPALIVE_S", 1)
        client, got = self.listen()

        def states() -> list[str]:
            return [text for topic, text, _ in got if topic.endswith("/state")]

        with Relay(self.port) as relay:  # noqa: SIM117 - the relay outlives the sink
            with make_sink(f"mqtt://127.0.0.1:{relay.port}", session()) as sink:
                number = 0

                def back() -> bool:
                    nonlocal number
                    sink.submit(report(number))
                    number += 1
                    return sink.statistics.reconnects == 1

                assert until(lambda: sink.statistics.connected)
                assert until(lambda: states() == ["online"])
                relay.freeze()
                assert until(back, 20.0)
                assert until(lambda: states() == ["online", "offline", "online"])
                # The broker would have published another will after 1.5 keepalive periods.
                assert not until(lambda: states()[3:], 2.5)
        self.leave(client)

    def test_online_is_said_again_now_and_then(self) -> None:
        client, got = self.listen()
        with make_sink(self.uri, session()) as sink:
            for second in range(0, 200, 10):
                sink.submit(report(second * 31), wait=True)
            assert until(lambda: sink.statistics.sent == 20)
            assert until(lambda: [text for _, text, _ in got].count("online") == 4)
        self.leave(client)

    def test_home_assistant_finds_a_device_and_its_values(self) -> None:
        client, got = self.listen("homeassistant/#", "landmarkd/#")
        with make_sink(f"{self.uri}&discovery=yes", session()) as sink:
            sink.submit(report(3), wait=True)
            assert until(lambda: any(topic.endswith("/status") for topic, *_ in got))
        self.leave(client)
        topics = [topic for topic, *_ in got]
        name = "homeassistant/device/landmarkd-bench/config"
        assert topics.index(name) < topics.index("landmarkd/bench/state")
        config = json.loads(next(text for topic, text, _ in got if topic == name))
        check_discovery(config)
        assert {config["availability_topic"], config["state_topic"]} <= set(topics)
        status = next(text for topic, text, _ in got if topic == config["state_topic"])
        shown = rendered(config, status)
        assert shown["yaw"] == str(json.loads(status)["face"]["pose"]["yaw"])
        assert shown["distance"] == "612.2"
        assert shown["attention"] == "attentive"
        assert float(shown["perclos"]) == pytest.approx(7.0)
        assert (shown["face"], shown["camera"]) == ("ON", "OFF")

    @pytest.mark.parametrize(
        ("word", "root"),
        [("on", "homeassistant"), ("TRUE", "homeassistant"), ("ha/house", "ha/house")]
        + [(word, None) for word in ("no", "off", "False", "0")],
    )
    def test_discovery_takes_the_words_of_every_option(self, word: str, root: str | None) -> None:
        client, got = self.listen("#")
        with make_sink(f"{self.uri}&discovery={word}", session()) as sink:
            assert until(lambda: any(topic.endswith("/state") for topic, *_ in got))
            assert sink.statistics.failures == 0
        self.leave(client)
        announced = [topic for topic, *_ in got if topic.endswith("/config")]
        assert announced == ([f"{root}/device/landmarkd-bench/config"] if root else [])

    @pytest.mark.parametrize(
        ("degraded", "face", "camera"), [((), "OFF", "OFF"), (("camera_stalled",), "None", "ON")]
    )
    def test_home_assistant_shows_what_is_not_known_as_unknown(
        self, degraded: tuple[str, ...], face: str, camera: str
    ) -> None:
        client, got = self.listen("homeassistant/#", "landmarkd/#")
        with make_sink(f"{self.uri}&discovery=yes", session()) as sink:
            nothing = replace(report(3, with_face=False), driver=None, degraded=degraded)
            sink.submit(nothing, wait=True)
            assert until(lambda: any(topic.endswith("/status") for topic, *_ in got))
        self.leave(client)
        config = json.loads(next(text for topic, text, _ in got if topic.endswith("/config")))
        shown = rendered(config, next(text for topic, text, _ in got if topic.endswith("/status")))
        known = {"face": face, "camera": camera}
        assert shown == {name: known.get(name, "None") for name in config["components"]}


# The fields of https://www.home-assistant.io/integrations/mqtt/ and its pages on sensors and binary
# sensors, as far as entities that are only read have them.
ENTITY = {
    "platform", "name", "unique_id", "value_template", "device_class", "entity_category", "icon",
    "expire_after", "force_update", "enabled_by_default", "qos", "state_topic",
}  # fmt: skip
FIELDS = {
    "sensor": ENTITY
    | {"unit_of_measurement", "state_class", "suggested_display_precision", "options"},
    "binary_sensor": ENTITY | {"payload_on", "payload_off", "off_delay"},
}
DEVICE_CLASSES = {
    "sensor": {"distance": {"mm", "cm", "m", "km"}, "enum": {None}},
    "binary_sensor": {"occupancy": {None}, "problem": {None}},
}
SHARED = {
    "device", "origin", "components", "state_topic", "availability_topic", "qos", "encoding",
    "payload_available", "payload_not_available", "command_topic",
}  # fmt: skip


def check_discovery(config: dict) -> None:
    """Check a discovery message against the documented fields and rules."""
    assert config.keys() <= SHARED
    assert config["device"].keys() <= {
        "identifiers", "connections", "name", "manufacturer", "model", "model_id", "sw_version",
        "hw_version", "serial_number", "suggested_area", "via_device", "configuration_url",
    }  # fmt: skip
    assert config["device"]["identifiers"]
    assert config["origin"].keys() <= {"name", "sw_version", "support_url"}
    assert config["origin"]["name"]
    seen = set()
    for entity in config["components"].values():
        platform = entity["platform"]
        assert entity.keys() <= FIELDS[platform]
        assert entity["unique_id"] not in seen
        seen.add(entity["unique_id"])
        kind = entity.get("device_class")
        if kind is not None:
            assert entity.get("unit_of_measurement") in DEVICE_CLASSES[platform][kind]
        if kind == "enum":
            assert "state_class" not in entity
            assert set(entity["options"]) == {each.value for each in Attention}
        assert entity.get("state_class") in (None, "measurement", "total", "total_increasing")
        assert entity.get("entity_category") in (None, "diagnostic")


def rendered(config: dict, status: str) -> dict[str, str]:
    """Return a status as rendered by Home Assistant's template engine, which is Jinja's."""
    engine = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 - no HTML
    return {
        name: engine.from_string(entity["value_template"]).render(value_json=json.loads(status))
        for name, entity in config["components"].items()
    }


class Broker:
    """A faulty broker: accepts the connection, then sends the given bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.taken = data, 0
        self.entrance = socket.create_server(("127.0.0.1", 0))
        self.port = self.entrance.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        link, _ = self.entrance.accept()
        with link:
            link.recv(1000)
            link.sendall(b"\x20\x02\0\0" + self.data[:5])
            try:
                for _ in range(64):
                    link.sendall(bytes(1 << 20))
                    self.taken += 1
            except OSError:
                pass


def test_a_broker_cannot_make_it_swallow_a_huge_packet() -> None:
    """A PUBLISH that announces 256 MiB; the connection ends instead."""
    broker = Broker(b"\x30\xff\xff\xff\x7f")
    with make_sink(f"mqtt://127.0.0.1:{broker.port}", session()) as sink:
        assert until(lambda: sink.statistics.failures > 0 or not ticks(sink))
        broker.thread.join(10)
        assert broker.taken < 16, "no more than the kernel's buffers"
    broker.entrance.close()


@pytest.mark.parametrize("data", [b"\xf0\0", b"\x40\x01\0", b"\x30\xff\xff\xff\xff\xff"])
def test_a_broker_that_breaks_the_protocol_is_left_and_tried_again(data: bytes) -> None:
    broker = Broker(data)
    with make_sink(f"mqtt://127.0.0.1:{broker.port}", session()) as sink:
        # Reports keep coming: nothing else shows that the connection is gone.
        assert until(lambda: sink.statistics.failures > 0 or not ticks(sink))
        assert "lost" in (sink.statistics.last_error or "")
    broker.entrance.close()


def ticks(sink) -> bool:
    sink.submit(report(int(time.monotonic() * 1000)))
    return True


def test_every_address_of_the_broker_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with localhost, ::1 first, and a broker that listens on 127.0.0.1 alone."""
    with socket.create_server(("127.0.0.1", 0)) as entrance:
        entrance.settimeout(10)
        port = entrance.getsockname()[1]
        both = [(socket.AF_INET6, ("::1", port, 0, 0)), (socket.AF_INET, ("127.0.0.1", port))]
        answer = [(family, socket.SOCK_STREAM, 6, "", at) for family, at in both]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
        with make_sink(f"mqtt://broker.test:{port}", session()) as sink:
            link, _ = entrance.accept()
            with link:
                assert link.recv(1000)
                link.sendall(b"\x20\x02\0\0")
                assert until(lambda: sink.statistics.connected)


def test_states_and_online_go_on_while_no_frames_come() -> None:
    formatter = MqttFormatter("landmarkd/bench", 1.0)
    reports = report(0, with_face=False), *stalled(report(0), 130.0)
    sent = [piece for each in reports for piece in formatter.format(each, 0)]
    topics = [piece.topic for piece in sent]
    assert topics.count("landmarkd/bench/status") == pytest.approx(131, abs=2)
    assert topics.count("landmarkd/bench/state") == 2


def test_a_secret_is_never_sent_in_clear(tmp_path: Path) -> None:
    """A password alone makes it speak TLS: the first byte is a handshake's, not CONNECT's."""
    secret = tmp_path / "secret"
    secret.write_text("open-sesame\n")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as entrance:
        entrance.settimeout(10)
        uri = f"mqtt://127.0.0.1:{entrance.getsockname()[1]}?user=car&password_file={secret}"
        with make_sink(uri, session()) as sink:
            link, _ = entrance.accept()
            with link:
                data = link.recv(4096)
                assert data[0] == 0x16
                assert b"sesame" not in data
                link.sendall(b"\x20\x02\0\0" * 4)
                assert until(lambda: "TLS" in (sink.statistics.last_error or ""))


def test_tls_with_a_certificate_for_each_device(tmp_path: Path) -> None:
    if MOSQUITTO is None or shutil.which("openssl") is None:
        pytest.skip("needs mosquitto and openssl")
    ca, server, device = (make_certificate(tmp_path, name) for name in ("ca", "localhost", "car7"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "acl").write_text("pattern write landmarkd/%u/#\n")
    (tmp_path / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nuser root\ncafile {ca}.pem\ncertfile {server}.pem\n"
        f"keyfile {server}.key\nrequire_certificate true\nuse_identity_as_username true\n"
        f"acl_file {tmp_path}/acl\n"
    )
    process = subprocess.Popen(
        [MOSQUITTO, "-c", tmp_path / "mosquitto.conf"], stderr=subprocess.DEVNULL
    )
    try:
        uri = f"mqtt://localhost:{port}?ca={ca}.pem"
        named = f"{uri}&topic=landmarkd/car7&cert={device}.pem&key={device}.key"
        with make_sink(named, session()) as sink:
            assert until(lambda: sink.statistics.connected)
        with make_sink(uri, session()) as sink:  # without one of its own it stays outside
            assert until(lambda: sink.statistics.failures > 0)
            assert not sink.statistics.connected
    finally:
        process.kill()
        process.wait()


def make_certificate(folder: Path, name: str) -> Path:
    """Return the path, without suffix, of a key and a certificate; "ca" signs all of them."""
    path, ca = folder / name, folder / "ca"
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{path}.key", "-subj"]
    if name == "ca":
        own = [*new, "/CN=test authority", "-x509", "-days", "2", "-out", f"{path}.pem"]
        subprocess.run(own, check=True, capture_output=True)
        return path
    extension = folder / f"{name}.ext"
    extension.write_text(f"subjectAltName=DNS:{name}\n")
    request = [*new, f"/CN={name}", "-out", f"{path}.csr"]
    sign = [
        "openssl", "x509", "-req", "-in", f"{path}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
        "-CAcreateserial", "-days", "2", "-extfile", str(extension), "-out", f"{path}.pem",
    ]  # fmt: skip
    for command in (request, sign):
        subprocess.run(command, check=True, capture_output=True)
    return path
