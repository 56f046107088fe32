"""OSC: the head bone and blinks as VMC has them (Virtual Motion Capture), and plain numbers under /landmarkd.

VMC's axes are Unity's: left-handed, x to the avatar's right, y up, z where it looks. Each is the
opposite of our camera frame's axis for a face that looks into the camera, so the rotation matrix is
the same in both.
"""

import math
from collections.abc import Sequence

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.udp import udp_transport
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import EyeState, FaceReport, Report, Session
from landmarkd.uri import Uri

Argument = tuple[str, str | int | float]


def _blink(eye: EyeState) -> float:
    """Return 1 for shut and 0 for open, 0 where it is not known."""
    if eye.openness is None or not math.isfinite(eye.openness):
        return 0.0
    return min(1.0, max(0.0, 1.0 - eye.openness))


class OscFormatter(Formatter[bytes]):
    """A bundle for each frame, also without a face."""

    promised = "VMC head bone and blinks for every frame"

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return one bundle."""
        del dropped
        self.messages += 1
        bundle = OscBundleBuilder(IMMEDIATELY)
        face = report.face
        self._add(bundle, "/landmarkd/face", ("i", int(face is not None)))
        self._add(bundle, "/VMC/Ext/OK", ("i", 1))
        self._add(bundle, "/VMC/Ext/T", ("f", report.captured_ns / 1e9))
        if face is not None:
            self._face(bundle, face)
        if report.driver is not None:
            driver = report.driver
            self._add(bundle, "/landmarkd/driver", ("s", driver.attention), ("i", driver.level))
        return (bundle.build().dgram,)

    def _face(self, bundle: OscBundleBuilder, face: FaceReport) -> None:
        pose = face.pose
        position = pose.translation_mm.tolist()
        numbers = (pose.yaw, pose.pitch, pose.roll, *position)
        if all(map(math.isfinite, numbers)) and bool(np.isfinite(pose.rotation).all()):
            w, x, y, z = pose.quaternion
            bone: list[Argument] = [
                ("s", "Head"),
                *(("f", value) for value in (0.0, 0.0, 0.0, x, y, z, w)),
            ]
            self._add(bundle, "/VMC/Ext/Bone/Pos", *bone)
            self._add(bundle, "/landmarkd/pose", *(("f", value) for value in numbers))
        left, right = _blink(face.left), _blink(face.right)
        self._add(bundle, "/VMC/Ext/Blend/Val", ("s", "Blink_L"), ("f", left))
        self._add(bundle, "/VMC/Ext/Blend/Val", ("s", "Blink_R"), ("f", right))
        self._add(bundle, "/VMC/Ext/Blend/Apply")
        if face.gaze is not None and math.isfinite(face.gaze.yaw + face.gaze.pitch):
            self._add(bundle, "/landmarkd/gaze", ("f", face.gaze.yaw), ("f", face.gaze.pitch))

    @staticmethod
    def _add(bundle: OscBundleBuilder, address: str, *arguments: Argument) -> None:
        message = OscMessageBuilder(address)
        for kind, value in arguments:
            message.add_arg(value, kind)
        bundle.add_content(message.build())


class OscSink(QueuedSink[bytes]):
    """``osc://host:port``; VMC's receivers listen on 39539 (performers) or 39540."""

    def __init__(self, uri: Uri, session: Session) -> None:
        del session
        uri.only({"ttl", "interface", "smoothing"})
        super().__init__(uri, OscFormatter(), udp_transport(uri))
