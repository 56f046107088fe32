"""Frames on a byte stream: consistent overhead byte stuffing (COBS), with a zero after each frame.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking
7(2), 1999. A receiver that starts late or lost bytes is synchronised after the next zero.
"""

import numpy as np

from landmarkd.errors import WireError

DELIMITER = b"\0"
BLOCK = 254
"""Longest run without a zero that one code byte encodes."""
MAX_SERIAL_FRAME = 255
"""Bytes of a frame on serial with stuffing and delimiter; no receiver needs a larger buffer."""
FRAMING_BYTES = 2
"""Bytes that stuffing and delimiter add to a message of one block."""
MAX_SERIAL_MESSAGE = MAX_SERIAL_FRAME - FRAMING_BYTES
MAX_FRAME = 4096
"""Longest frame that a receiver buffers."""

FEW = 3
"""Fewer messages than this are faster one by one."""
# The code byte of a run of this many bytes.
_CODE = [bytes((length + 1,)) for length in range(BLOCK)]


def cobs_encode(data: bytes) -> bytes:
    """Return `data` stuffed, without a zero byte in it and without the delimiter."""
    if len(data) < BLOCK:
        return b"".join([_CODE[len(part)] + part for part in data.split(DELIMITER)])
    out = []
    for part in data.split(DELIMITER):
        rest = part
        while len(rest) >= BLOCK:
            out.append(b"\xff" + rest[:BLOCK])
            rest = rest[BLOCK:]
        out.append(_CODE[len(rest)] + rest)
    # A run that fills its last block needs no code byte after it.
    if len(out) > 1 and out[-1] == b"\x01" and out[-2][0] == 0xFF and data[-1:] != DELIMITER:
        out.pop()
    return b"".join(out)


def _decode(frame: bytes) -> bytes:
    # The frame is not empty and has no zero, which would be an endless loop as a code.
    if len(frame) <= BLOCK:
        # Short frames, the common case: each code after the first is at the place of a zero, and
        # gives the distance to the next one.
        codes, at = frame[1:], frame[0] - 1
        size, message = len(codes), bytearray(codes)
        while at < size:
            message[at] = 0
            at += codes[at]
        if at != size:
            raise WireError("A frame ends inside of a block.")
        return bytes(message)
    size, at, out = len(frame), 0, []
    while at < size:
        code = frame[at]
        if at + code > size:
            raise WireError("A frame ends inside of a block.")
        out.append(frame[at + 1 : at + code])
        at += code
        if code <= BLOCK and at < size:
            out.append(DELIMITER)
    return b"".join(out)


def frame_messages(messages: list[bytes]) -> bytes:
    """Return all messages stuffed and delimited, ready for a serial line.

    Messages that fit one block are encoded together: the code is the distance of two zeros.
    """
    if len(messages) < FEW or max(map(len, messages)) >= BLOCK:
        return b"".join(cobs_encode(message) + DELIMITER for message in messages)
    buffer = bytearray(b"\0" + b"\0\0".join(messages) + b"\0")
    data = np.frombuffer(buffer, np.uint8)
    zeros = np.flatnonzero(data == 0)
    data[zeros[:-1]] = zeros[1:] - zeros[:-1]
    at = -1
    for message in messages:
        at += len(message) + 2
        buffer[at] = 0
    return bytes(buffer)


class StreamSplitter:
    """Finds the frames in a stream of any pieces; buffers at most `limit` bytes.

    Attributes:
        oversize: runs of bytes longer than any frame, which were discarded.
        garbled: frames that were not COBS.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self.oversize = 0
        self.garbled = 0
        self._limit = limit
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes."""
        messages: list[bytes] = []
        keep, limit = messages.append, self._limit
        parts = data.split(DELIMITER)
        parts[0] = self._rest + parts[0]
        self._rest = parts.pop()
        if parts and self._skipping:
            self._skipping = False
            del parts[0]
        for part in parts:
            if len(part) > limit:
                self.oversize += 1
            elif part:
                try:
                    keep(_decode(part))
                except WireError:
                    self.garbled += 1
        if len(self._rest) > limit:
            self.oversize += not self._skipping
            self._skipping = True
        if self._skipping:
            self._rest = b""
        return messages
