"""The binary protocol: messages, framing, checksums. Pure bytes, no I/O. docs/wire.md is its description.

`Encoder` makes the messages of a stream from reports, `Decoder` reads them, `Assembler` puts together what
belongs to one frame.
"""

from edge.wire.assembler import Assembler, FrameRecord
from edge.wire.codec import Packet
from edge.wire.decoder import Decoder, DecoderCounters
from edge.wire.encoder import Encoder, EncoderOptions
from edge.wire.names import Selection
from edge.wire.schema import VERSION, Bye, Event, Hello, Points, Status

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
