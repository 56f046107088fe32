"""Formats of other programs, read by independent code: opentrack, OSC/VMC."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landmarkd.rotation import matrix_from_angles
from landmarkd.sinks import make_sink
from landmarkd.types import Report

from tests.sinks.test_contract import until
from tests.wire.builders import PERIOD_NS, report, session

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
            wanted = "/VMC/Ext/Blend/Apply" if sent.face is not None else "/landmarkd/driver"
            assert until(lambda: any(address == wanted for address, _ in self.got))
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
        """Left-handed, y up: to the own right is +y, up is -x, a tilt to the own left is +z."""
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

    def test_an_expression_arrives_by_the_names_of_arkit(self) -> None:
        found = dict(self.send(report(4))["/VMC/Ext/Blend/Val"])
        assert found.keys() >= {
            "jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "browInnerUp",
            "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight",
            "eyeBlinkLeft", "eyeBlinkRight", "eyeLookUpLeft", "eyeLookDownRight",
            "eyeLookInLeft", "eyeLookOutLeft", "Blink_L", "Blink_R", "A",
        }  # fmt: skip
        assert all(0 <= value <= 1 for value in found.values())

    def test_no_datagram_is_cut_up_on_its_way(self) -> None:
        from landmarkd.sinks.osc import OscFormatter

        assert all(len(piece) <= 1400 for piece in OscFormatter().format(report(4), 0))

    def test_frames_differ_in_their_time_after_months(self) -> None:
        from landmarkd.sinks.osc import OscFormatter
        from pythonosc.osc_bundle import OscBundle

        formatter, months_ns = OscFormatter(), 90 * 86_400 * 10**9
        times = []
        for index in range(3):
            sent = report(index)
            late = replace(sent, captured_ns=sent.captured_ns + months_ns)
            bundle = OscBundle(formatter.format(late, 0)[0])
            times += [each.params[0] for each in bundle if each.address == "/VMC/Ext/T"]
        assert times == pytest.approx([0, PERIOD_NS / 1e9, 2 * PERIOD_NS / 1e9])

    def test_no_face_is_told(self) -> None:
        found = self.send(report(0, with_face=False))
        assert found["/landmarkd/face"] == [(0,)]
        assert "/VMC/Ext/Bone/Pos" not in found
