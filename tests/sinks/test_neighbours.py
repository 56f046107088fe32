"""The formats of others, read by others: opentrack, OSC/VMC, MQTT on a real mosquitto."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landmarkd.errors import AccessError, UsageError
from landmarkd.rotation import matrix_from_angles
from landmarkd.sinks import make_sink
from landmarkd.types import EventPhase, Report

from tests.sinks.test_contract import until
from tests.wire.builders import driver, event, report, session

pythonosc = pytest.importorskip("pythonosc", reason="needs the extra osc")
paho = pytest.importorskip("paho.mqtt.client", reason="needs the extra mqtt")


def posed(index: int, yaw: float, pitch: float, roll: float) -> Report:
    sent = report(index)
    assert sent.face is not None
    rotation = matrix_from_angles(yaw, pitch, roll).astype(np.float32)
    pose = replace(sent.face.pose, yaw=yaw, pitch=pitch, roll=roll, rotation=rotation)
    return replace(sent, face=replace(sent.face, pose=pose))


class TestOpentrack:
    def test_an_independent_receiver_reads_the_pose(self) -> None:
        script = Path(__file__).with_name("opentrack_receiver.py")
        process = subprocess.Popen([sys.executable, script, "2"], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with make_sink(f"opentrack://127.0.0.1:{port}", session()) as sink:
            sink.submit(posed(0, 12.5, -7.25, 3.0), wait=True)
            sink.submit(report(1, with_face=False), wait=True)
            nan = report(2)
            assert nan.face is not None
            sink.submit(
                replace(nan, face=replace(nan.face, pose=replace(nan.face.pose, yaw=float("nan")))),
                wait=True,
            )
            sink.submit(posed(3, -40.0, 0.0, -90.0), wait=True)
            lines = process.communicate(timeout=20)[0].splitlines()
        # Position 12.4 right, 30.6 up (ours is down), 612.2 away, in centimetres; angles as they
        # are.
        assert lines == [
            "1.240 3.060 61.220 12.500 -7.250 3.000",
            "1.240 3.060 61.220 -40.000 0.000 -90.000",
        ]


class TestOsc:
    @pytest.fixture(autouse=True)
    def receiver(self) -> Iterator[None]:
        from pythonosc.dispatcher import Dispatcher
        from pythonosc.osc_server import BlockingOSCUDPServer

        self.got: list[tuple[str, tuple]] = []
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(lambda address, *values: self.got.append((address, values)))
        with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
            self.uri = f"osc://127.0.0.1:{server.server_address[1]}"
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            yield
            server.shutdown()
            thread.join()

    def send(self, sent: Report) -> dict[str, list[tuple]]:
        with make_sink(self.uri, session()) as sink:
            sink.submit(sent, wait=True)
            assert until(lambda: any(address == "/landmarkd/driver" for address, _ in self.got))
        found: dict[str, list[tuple]] = {}
        for address, values in self.got:
            found.setdefault(address, []).append(values)
        return found

    @pytest.mark.parametrize(
        ("angles", "axis"),
        [
            ((90, 0, 0), (0, 1, 0)),
            ((0, 90, 0), (-1, 0, 0)),
            ((0, 0, 90), (0, 0, 1)),
            ((0, 0, 0), (0, 0, 0)),
        ],
    )
    def test_the_head_turns_in_unitys_axes(
        self, angles: tuple[float, ...], axis: tuple[int, ...]
    ) -> None:
        """Turning to the own right is +y, looking up is -x, tilting to the own left is +z (left-handed, y up)."""
        found = self.send(posed(0, *angles))
        ((name, *position, x, y, z, w),) = found["/VMC/Ext/Bone/Pos"]
        assert (name, position) == ("Head", [0, 0, 0])
        half = np.sqrt(0.5) if any(axis) else 0.0
        np.testing.assert_allclose((x, y, z), np.array(axis) * half, atol=1e-6)
        assert w == pytest.approx(half or 1.0, abs=1e-6)

    def test_blinks_and_plain_numbers(self) -> None:
        sent = posed(4, 10, 20, 30)
        assert sent.face is not None
        found = self.send(sent)
        blinks = dict(found["/VMC/Ext/Blend/Val"])
        assert blinks["Blink_L"] == pytest.approx(1 - sent.face.left.openness, abs=1e-6)
        assert found["/VMC/Ext/Blend/Apply"] == [()]
        assert found["/landmarkd/face"] == [(1,)]
        assert found["/landmarkd/pose"][0] == pytest.approx(
            (10, 20, 30, 12.4, -30.6, 612.2), abs=1e-4
        )
        assert found["/landmarkd/driver"] == [("attentive", 0)]

    def test_no_face_is_told(self) -> None:
        found = self.send(report(0, with_face=False))
        assert found["/landmarkd/face"] == [(0,)]
        assert "/VMC/Ext/Bone/Pos" not in found


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

    def listen(self) -> tuple["paho.Client", list[tuple[str, str, bool]]]:
        from paho.mqtt.enums import CallbackAPIVersion

        client, got, ready = paho.Client(CallbackAPIVersion.VERSION2), [], threading.Event()
        client.on_message = lambda _c, _d, m: got.append((m.topic, m.payload.decode(), m.retain))
        client.on_subscribe = lambda *_: ready.set()
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        client.subscribe("landmarkd/#", 1)
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
            sink.submit(report(7), wait=True)
            assert until(lambda: sink.statistics.sent == 1)
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

    def test_wrong_uris_are_told_what_is_right(self) -> None:
        for uri, reason in (
            ("mqtt:broker", "use mqtt://HOST:PORT"),
            ("mqtt://b?topic=a/%23", "no '#' or"),
            ("mqtt://b?password=/nowhere", "cannot be read"),
        ):
            with pytest.raises(UsageError, match=reason):
                make_sink(uri, session())
