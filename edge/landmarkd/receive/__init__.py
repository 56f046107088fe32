"""The other end of the sinks: what receives, decodes and assembles a stream.

`FrameStream` is the one loop behind `landmarkd listen`, `view`, `report` and `replay`.
"""

from landmarkd.receive.links import make_link
from landmarkd.receive.stream import FrameStream, ReceivedFrame, read_reports

__all__ = ["FrameStream", "ReceivedFrame", "make_link", "read_reports"]
