"""The binary protocol: messages, framing, checksums. Pure bytes, no I/O. See docs/wire.md.

`Encoder` makes messages from reports, `Decoder` reads them, and `Assembler` collects the messages
of one frame.
"""

from landmarkd.wire.assembler import Assembler, FrameRecord
from landmarkd.wire.codec import Packet
from landmarkd.wire.decoder import Decoder, DecoderCounters
from landmarkd.wire.encoder import Encoder, EncoderOptions
from landmarkd.wire.names import Selection
from landmarkd.wire.schema import VERSION, Bye, Event, Hello, Points, Status

__all__ = [
    "VERSION",
    "Assembler",
    "Bye",
    "Decoder",
    "DecoderCounters",
    "Encoder",
    "EncoderOptions",
    "Event",
    "FrameRecord",
    "Hello",
    "Packet",
    "Points",
    "Selection",
    "Status",
]
