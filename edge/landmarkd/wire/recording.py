"""Recordings: the messages of a stream one after another (docs/wire.md).

A record is a length and a message, and the message has its own checksum: readers skip damaged data
up to the next valid record. There is no index: to find a time, the headers are read one after
another, which takes a second for an hour.
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
"""After the last record of a recording that was ended properly."""
READ_BYTES = 1 << 16

_LENGTH = Struct("<H")
_RECORD = re.compile(
    b"(?s:.)[\\x00-%c]%c[%c-%c]"
    % (MAX_DATAGRAM >> 8, VERSION, min(TYPES.values()), max(TYPES.values()))
)
"""Begin of a record: a possible length, the version, a type."""
_BEGIN = 4
_HOLE = bytes(64)


def records_of(messages: Sequence[bytes], offset: int) -> bytes:
    """Return the records of these messages, to be written at `offset` of the file."""
    parts = [MAGIC] if offset == 0 else []
    for message in messages:
        parts += (_LENGTH.pack(len(message)), message)
    return b"".join(parts)


class RecordingReader:
    """Reads a recording, also a damaged or truncated one; any content is allowed.

    Attributes:
        complete: the recording was ended properly; known at its end.
        skipped: skipped bytes, which were not a valid record.
        gaps: places where that happened.
    """

    def __init__(self, file: BinaryIO, name: str = "the file") -> None:
        """Check the beginning.

        Raises:
            SourceFormatError: not a recording, or one of another version.
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
        """Yield the valid messages."""
        buffer, at, more = b"", 0, True
        passed_over = 0
        while True:
            # The buffer contains a whole record or the end mark, unless the file ends.
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
                # Invalid bytes at the very end are a truncated record, not damage.
                self._gap(passed_over if self.complete else 0)
                return
            to = _next(buffer, at + 1, last=not more)
            passed_over += to - at
            at = to

    def _gap(self, passed_over: int) -> None:
        self.gaps += passed_over > 0
        self.skipped += passed_over


def _record(buffer: bytes, at: int) -> bytes | None:
    """Return the message of the record that begins there, or None if it is not valid."""
    if not _RECORD.match(buffer, at):
        return None
    (length,) = _LENGTH.unpack_from(buffer, at)
    begin = at + _LENGTH.size
    message = buffer[begin : begin + length]
    if not HEADER.size < length <= MAX_DATAGRAM or len(message) < length:
        return None
    return message if checksum_fits(message) else None


def _next(buffer: bytes, at: int, *, last: bool) -> int:
    """Return where the next record may begin, or up to where there is none."""
    # Skip zeros quickly, which a file system leaves after lost data: they contain no version.
    if buffer.startswith(_HOLE, at):
        at = len(buffer) - len(buffer[at:].lstrip(b"\0")) - _LENGTH.size
    found = _RECORD.search(buffer, at)
    if found is not None:
        return found.start()
    if last:
        end = buffer.find(END, at)
        return end if end >= 0 and end + len(END) == len(buffer) else len(buffer)
    # A record may begin near the end of the buffer.
    return max(at, len(buffer) - _BEGIN + 1)
