"""Recordings: the messages of a stream one after another (docs/wire.md).

A record is a length and a message, and the message has its own checksum: what is damaged is passed
over up to the next record that is whole, however many bytes that is. There is no index: to look
for a moment, the headers are read one after another, which takes a second for an hour.
"""

import re
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import BinaryIO

from landmarkd.errors import SourceFormatError
from landmarkd.wire.codec import HEADER, checksum_fits
from landmarkd.wire.encoder import MAX_DATAGRAM
from landmarkd.wire.schema import TYPES, VERSION

MAGIC = b"LMKREC2\n"
END = b"\0\0LMKEND2\n"
"""Behind the last record of a recording that was ended properly."""
READ_BYTES = 1 << 16

_LENGTH = Struct("<H")
_RECORD = re.compile(
    b"(?s:.)[\\x00-%c]%c[%c-%c]"
    % (MAX_DATAGRAM >> 8, VERSION, min(TYPES.values()), max(TYPES.values()))
)
"""How a record begins: a length that can be, the version, a type."""
_BEGIN = 4
_HOLE = bytes(64)


def records_of(messages: Sequence[bytes], offset: int) -> bytes:
    """Return the records of these messages, to be written at `offset` of the file."""
    parts = [MAGIC] if offset == 0 else []
    for message in messages:
        parts += (_LENGTH.pack(len(message)), message)
    return b"".join(parts)


class RecordingReader:
    """Reads a recording, whole, damaged or cut off; any content will do. Holds 128 kB of it.

    Attributes:
        complete: the recording was ended properly; known at its end.
        skipped: bytes passed over because they were no whole record.
        gaps: places where that happened.
    """

    def __init__(self, file: BinaryIO, name: str = "the file") -> None:
        """Check the beginning.

        Raises:
            SourceFormatError: this is no recording, or one of another version.
        """
        self.complete = False
        self.skipped = self.gaps = 0
        self._file = file
        magic = file.read(len(MAGIC))
        if magic[:6] == MAGIC[:6] and magic != MAGIC:
            raise SourceFormatError(
                f"{name} is a recording of version {magic[6:7].decode('ascii', 'replace')}, "
                f"this landmarkd reads version {VERSION}: "
                "play it with the landmarkd that wrote it."
            )
        if magic != MAGIC:
            raise SourceFormatError(
                f"{name} is not a recording of landmarkd: it does not begin with LMKREC2."
            )

    def __iter__(self) -> Iterator[bytes]:
        """Yield the messages that are whole."""
        buffer, at, more = b"", 0, True
        passed_over = 0
        while True:
            # A record or what ends the file lies in the buffer as a whole, unless the file ends.
            if more and len(buffer) - at < MAX_DATAGRAM + _LENGTH.size:
                data = self._file.read(READ_BYTES)
                more = bool(data)
                buffer, at = buffer[at:] + data, 0
            message = _record(buffer, at)
            if message is not None:
                at += _LENGTH.size + len(message)
                self._gap(passed_over)
                passed_over = 0
                yield message
                continue
            rest = len(buffer) - at
            self.complete = not more and buffer[at:] == END
            if self.complete or (not more and not rest):
                # What is no record at the very end was cut off and not damaged.
                self._gap(passed_over if self.complete else 0)
                return
            to = _next(buffer, at + 1, last=not more)
            passed_over += to - at
            at = to

    def _gap(self, passed_over: int) -> None:
        self.gaps += passed_over > 0
        self.skipped += passed_over


def _record(buffer: bytes, at: int) -> bytes | None:
    """Return the message of the record that begins there, or None if there is no whole one."""
    if not _RECORD.match(buffer, at):
        return None
    (length,) = _LENGTH.unpack_from(buffer, at)
    begin = at + _LENGTH.size
    message = buffer[begin : begin + length]
    if not HEADER.size < length <= MAX_DATAGRAM or len(message) < length:
        return None
    return message if checksum_fits(message) else None


def _next(buffer: bytes, at: int, *, last: bool) -> int:
    """Return where the next record may begin, or how far there is certainly none."""
    # Quickly over zeros, which a file system leaves where it lost something: they hold no version.
    if buffer.startswith(_HOLE, at):
        at = len(buffer) - len(buffer[at:].lstrip(b"\0")) - _LENGTH.size
    found = _RECORD.search(buffer, at)
    if found is not None:
        return found.start()
    if last:
        end = buffer.find(END, at)
        return end if end >= 0 and end + len(END) == len(buffer) else len(buffer)
    # The beginning of a record may lie across the end of the buffer.
    return max(at, len(buffer) - _BEGIN + 1)
