"""Publish what a landmarkd device sends over UDP as ROS 2 messages.

On the robot, in a shell with ROS 2 and with landmarkd installed for its Python:

    python3 landmarkd_node.py --ros-args -p uri:=udp://:5005 -p frame_id:=camera_optical_frame

On the device: landmarkd run --sink udp://THE_ROBOT:5005

Topics: /landmarkd/head (geometry_msgs/PoseStamped, only with a face) and /diagnostics
(diagnostic_msgs/DiagnosticArray, once a second and at once when the driver's level changes).
"""

from typing import Any

import landmarkd
import numpy as np
from landmarkd.rotation import quaternion_from_matrix
from landmarkd.types import HeadPose, Report

OK, WARN, ERROR = b"\x00", b"\x01", b"\x02"
"""Levels of diagnostic_msgs/DiagnosticStatus."""
NOSE_LEFT_UP = np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]], np.float32)
"""The head's forward, left and up as columns in landmarkd's head frame (x right, y down, z away
from the camera): the axes that REP 103 wants of a body."""


def stamp(report: Report, now_ns: int) -> dict[str, int]:
    """Return builtin_interfaces/Time: that of the capture if the sender's clock is synchronised.

    Args:
        report: what arrived.
        now_ns: the node's clock, nanoseconds since 1970; it stands in for an unknown time.
    """
    utc = report.utc
    synchronised = utc is not None and utc.quality == "synchronised"
    time_ns = report.captured_ns + utc.offset_ns if synchronised else now_ns
    return {"sec": time_ns // 1_000_000_000, "nanosec": time_ns % 1_000_000_000}


def pose(pose: HeadPose) -> dict[str, dict[str, float]]:
    """Return geometry_msgs/Pose of the head: metres, and forward, left, up turned by a quaternion.

    The frame is the camera's optical one (REP 103: x right, y down, z forward). The position is
    the midpoint between the eyes.
    """
    x, y, z = (float(value) / 1000 for value in pose.translation_mm)
    qw, qx, qy, qz = (float(v) for v in quaternion_from_matrix(pose.rotation @ NOSE_LEFT_UP))
    return {
        "position": {"x": x, "y": y, "z": z},
        "orientation": {"x": qx, "y": qy, "z": qz, "w": qw},
    }


def pose_stamped(report: Report, frame_id: str, now_ns: int) -> dict[str, Any] | None:
    """Return the fields of geometry_msgs/PoseStamped, or None without a face."""
    if report.face is None:
        return None
    header = {"stamp": stamp(report, now_ns), "frame_id": frame_id}
    return {"header": header, "pose": pose(report.face.pose)}


def level(report: Report) -> bytes:
    """Return ERROR when the camera stalls or an alarm runs, WARN for what is less, else OK."""
    severity = report.driver.level if report.driver else 0
    if "camera_stalled" in report.degraded or severity >= 3:
        return ERROR
    return WARN if report.degraded or severity == 2 else OK


def diagnostics(report: Report, now_ns: int) -> dict[str, Any]:
    """Return the fields of diagnostic_msgs/DiagnosticArray: state of the driver and the camera."""
    face, driver, counters = report.face, report.driver, report.counters
    values: dict[str, object] = {"face": face is not None}
    if driver is not None:
        values |= {
            "attention": driver.attention,
            "level": driver.level,
            "eyes": driver.eyes,
            "drowsiness": driver.drowsiness,
            "perclos": "unknown" if driver.perclos is None else f"{driver.perclos:.3f}",
            "active": " ".join(driver.active) or "none",
        }
    values |= {
        "degraded": " ".join(report.degraded) or "none",
        "frames skipped": counters.skipped,
        "camera reopened": counters.reopened,
    }
    status = {
        "level": level(report),
        "name": f"landmarkd: {report.source}",
        "message": str(driver.attention) if driver else "face" if face else "no face",
        "hardware_id": report.source,
        "values": [{"key": key, "value": str(value)} for key, value in values.items()],
    }
    return {"header": {"stamp": stamp(report, now_ns), "frame_id": ""}, "status": [status]}


def main() -> None:
    """Receive and publish until Ctrl-C."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from geometry_msgs.msg import PoseStamped
    from rclpy.qos import qos_profile_sensor_data
    from rosidl_runtime_py import set_message_fields

    rclpy.init()
    node = rclpy.create_node("landmarkd")
    uri = node.declare_parameter("uri", "udp://:5005").value
    frame_id = node.declare_parameter("frame_id", "camera_optical_frame").value
    heads = node.create_publisher(PoseStamped, "landmarkd/head", qos_profile_sensor_data)
    diagnosed = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    told: dict[str, tuple[bytes, int]] = {}
    try:
        for report in landmarkd.Receiver(uri):
            if not rclpy.ok():
                break
            now_ns = node.get_clock().now().nanoseconds
            fields = pose_stamped(report, frame_id, now_ns)
            if fields is not None:
                message = PoseStamped()
                set_message_fields(message, fields)
                heads.publish(message)
            # The capture time stands still while the camera delivers nothing.
            due = level(report), now_ns // 1_000_000_000
            if told.get(report.source) != due:
                told[report.source] = due
                message = DiagnosticArray()
                set_message_fields(message, diagnostics(report, now_ns))
                diagnosed.publish(message)
    except KeyboardInterrupt:
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
