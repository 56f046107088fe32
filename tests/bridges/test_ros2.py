"""The fields that the ROS 2 node gives its messages. rclpy is not on the package index, so the
node's loop itself is not run here."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landmarkd.api import Receiver
from landmarkd.enums import ClockQuality, EventKind
from landmarkd.rotation import matrix_from_angles
from landmarkd.sinks import make_sink
from landmarkd.types import DriverState, HeadPose, UtcOffset

from tests.wire.builders import driver, report, session

NODE = Path(__file__).resolve().parents[2] / "bridges" / "ros2" / "landmarkd_node.py"
NOW_NS = 7_000_000_123


@pytest.fixture(scope="module")
def node():
    spec = importlib.util.spec_from_file_location("landmarkd_node", NODE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def turned(vector: list[float], q: dict[str, float]) -> np.ndarray:
    """Turn a vector by a quaternion: v + 2 u x (u x v + w v)."""
    v, u = np.array(vector, float), np.array([q["x"], q["y"], q["z"]])
    return v + 2 * np.cross(u, np.cross(u, v) + q["w"] * v)


def head(yaw: float = 0, pitch: float = 0, roll: float = 0) -> HeadPose:
    rotation = matrix_from_angles(yaw, pitch, roll).astype(np.float32)
    return HeadPose(yaw, pitch, roll, rotation, np.array([12, -30, 612], np.float32), "", 0.01)


def test_a_head_that_looks_into_the_camera(node) -> None:
    fields = node.pose(head())
    assert fields["position"] == pytest.approx({"x": 0.012, "y": -0.03, "z": 0.612})
    q = fields["orientation"]
    assert turned([1, 0, 0], q) == pytest.approx([0, 0, -1], abs=1e-6)  # nose to the camera
    assert turned([0, 1, 0], q) == pytest.approx([1, 0, 0], abs=1e-6)  # left ear to image right
    assert turned([0, 0, 1], q) == pytest.approx([0, -1, 0], abs=1e-6)  # up is up


def test_turns_have_the_documented_signs(node) -> None:
    nose = turned([1, 0, 0], node.pose(head(yaw=30))["orientation"])
    assert nose[0] < -0.4  # yaw > 0: the nose to image left
    nose = turned([1, 0, 0], node.pose(head(pitch=20))["orientation"])
    assert nose[1] < -0.3  # pitch > 0: up
    left = turned([0, 1, 0], node.pose(head(roll=20))["orientation"])
    assert left[1] > 0.3  # roll > 0: clockwise in the image, so what is right goes down


def test_the_time_is_that_of_the_capture_when_the_clock_is_kept(node) -> None:
    kept = UtcOffset(1_000_000_000_000_000_000, ClockQuality.SYNCHRONISED)
    sent = replace(report(0), utc=kept)
    assert node.stamp(sent, NOW_NS) == {"sec": 1_000_000_001, "nanosec": 0}
    for utc in (None, replace(kept, quality=ClockQuality.UNSYNCHRONISED)):
        assert node.stamp(replace(sent, utc=utc), NOW_NS) == {"sec": 7, "nanosec": 123}


def test_no_face_is_no_pose(node) -> None:
    assert node.pose_stamped(report(with_face=False), "camera", NOW_NS) is None
    fields = node.pose_stamped(report(), "camera", NOW_NS)
    assert fields["header"]["frame_id"] == "camera"


@pytest.mark.parametrize(
    ("degraded", "severity", "level"),
    [((), 0, b"\x00"), ((), 1, b"\x00"), ((), 2, b"\x01"), ((), 3, b"\x02"),
     (("delegate",), 0, b"\x01"), (("camera_stalled",), 0, b"\x02")],
)  # fmt: skip
def test_levels(node, degraded, severity, level) -> None:
    assert (
        node.level(replace(report(state=DriverState(level=severity)), degraded=degraded)) == level
    )


def test_diagnostics_are_texts(node) -> None:
    fields = node.diagnostics(report(state=driver(0, active=(EventKind.YAWN,))), NOW_NS)
    [status] = fields["status"]
    values = {each["key"]: each["value"] for each in status["values"]}
    assert values["attention"] == "attentive"
    assert values["active"] == "yawn"
    assert values["perclos"] == "0.070"
    assert all(type(text) is str for text in values.values())
    assert status["message"] == "attentive"


def test_what_came_over_the_wire_is_converted(node, tmp_path: Path) -> None:
    with make_sink(f"lmk:{tmp_path}/a.lmk", session()) as sink:
        for index in range(30):
            sink.submit(report(index, with_face=index % 3 != 0), wait=True)
    received = list(Receiver(f"lmk:{tmp_path}/a.lmk"))
    poses = [node.pose_stamped(each, "camera", NOW_NS) for each in received]
    assert [fields is None for fields in poses] == [index % 3 == 0 for index in range(30)]
    names = {node.diagnostics(each, NOW_NS)["status"][0]["name"] for each in received}
    assert names == {"landmarkd: bench"}
