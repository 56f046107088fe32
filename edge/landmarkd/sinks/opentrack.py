"""opentrack's "UDP over network": six doubles, for games and simulators on another machine.

The order (x, y, z in centimetres, yaw, pitch, roll in degrees; little-endian) is that of
opentrack's proto-udp and tracker-udp. The signs are those of its camera tracker (tracker-neuralnet,
`NeuralNetTracker::data`): x to image right, y up, z away from the camera; yaw > 0 to image left,
pitch > 0 up, roll > 0 clockwise in the image. In landmarkd only y is different, which points down.
"""

import math
from collections.abc import Sequence
from struct import Struct

from landmarkd.sinks.direct import DirectSink
from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.udp import udp_transport
from landmarkd.types import Report, Session
from landmarkd.uri import Uri

_PACKET = Struct("<6d")


class OpentrackFormatter(Formatter[bytes]):
    """A packet for each frame with a face; without packets opentrack keeps the last pose."""

    promised = "head pose for every frame with a face"

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return one packet, or nothing without a face or with a pose that is not finite."""
        if report.face is None:
            return ()
        pose = report.face.pose
        x, y, z = pose.translation_mm.tolist()
        values = (x / 10, -y / 10, z / 10, pose.yaw, pose.pitch, pose.roll)
        if not all(map(math.isfinite, values)):
            return ()
        return (_PACKET.pack(*values),)


class OpentrackSink(DirectSink[bytes]):
    """``opentrack://host:port?smoothing=none``; opentrack listens on 4242 by default."""

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"ttl", "interface", "smoothing"})
        super().__init__(uri, OpentrackFormatter(), udp_transport(uri))
