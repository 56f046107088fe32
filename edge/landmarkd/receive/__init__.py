"""Receives, decodes and assembles the streams of the sinks.

`FrameStream` is the loop of `landmarkd listen`, `view`, `report` and `replay`.
"""

from landmarkd.receive.links import make_link
from landmarkd.receive.stream import FrameStream, ReceivedFrame, read_reports

__all__ = ["FrameStream", "ReceivedFrame", "make_link", "read_reports"]
