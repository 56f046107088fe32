"""OSC: head and expression for VMC (Virtual Motion Capture), and numbers under /landmarkd.

The axes of VMC are those of Unity: left-handed, x to the right of the avatar, y up, z forward. For
a face that looks into the camera, each axis is the opposite of that of the camera frame, so that
the rotation matrix is the same in both.
"""

import math
from collections.abc import Sequence

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from landmarkd.signals.blendshapes import Blendshapes, blink
from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.udp import udp_transport
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import FaceReport, Report, Session
from landmarkd.uri import Uri

Argument = tuple[str, str | int | float]


class OscFormatter(Formatter[bytes]):
    """A bundle for each frame, also without a face, and a bundle with the expression of each face.

    Blendshapes have the names of ARKit ("perfect sync"); Blink_L, Blink_R and A are those of plain
    VRM avatars.
    """

    promised = "VMC head bone and blendshapes for every frame"

    def __init__(self) -> None:
        self._blendshapes = Blendshapes()
        self._began_ns: int | None = None

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return the bundles of a frame; each fits into a datagram without fragments."""
        bundle = OscBundleBuilder(IMMEDIATELY)
        face = report.face
        self._add(bundle, "/landmarkd/face", ("i", int(face is not None)))
        self._add(bundle, "/VMC/Ext/OK", ("i", 1))
        if self._began_ns is None:
            self._began_ns = report.captured_ns
        # Its 32 bits cannot tell frames apart in the time since the machine was switched on.
        self._add(bundle, "/VMC/Ext/T", ("f", (report.captured_ns - self._began_ns) / 1e9))
        if face is not None:
            self._face(bundle, face)
        if report.driver is not None:
            driver = report.driver
            self._add(bundle, "/landmarkd/driver", ("s", driver.attention), ("i", driver.level))
        out = [bundle.build().dgram]
        if face is not None:
            out.append(self._expression(face, report.captured_ns))
        return out

    def _expression(self, face: FaceReport, time_ns: int) -> bytes:
        shapes = self._blendshapes.update(face, time_ns)
        shapes |= {"Blink_L": blink(face.left), "Blink_R": blink(face.right)}
        if "jawOpen" in shapes:
            shapes["A"] = shapes["jawOpen"]
        bundle = OscBundleBuilder(IMMEDIATELY)
        for name, value in shapes.items():
            self._add(bundle, "/VMC/Ext/Blend/Val", ("s", name), ("f", value))
        self._add(bundle, "/VMC/Ext/Blend/Apply")
        dgram: bytes = bundle.build().dgram
        return dgram

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
        uri.only({"ttl", "interface", "smoothing"})
        super().__init__(uri, OscFormatter(), udp_transport(uri))
