"""Recordings: the messages of a stream one after another, and an index to find a moment (docs/wire.md)."""

import os
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import BinaryIO

from landmarkd.errors import SourceFormatError
from landmarkd.wire.codec import HEADER
from landmarkd.wire.encoder import MAX_DATAGRAM
from landmarkd.wire.schema import TYPES, Status

MAGIC = b"LMKREC1\n"
INDEX_MAGIC = b"LMKIDX1\n"
INDEX_FRAMES = 256
"""An entry of the index for every so many frames: eight seconds at 30 frames a second."""

_LENGTH = Struct("<H")
_ENTRY = Struct("<QQ")
_TRAILER = Struct("<IQ8s")
_TYPE_AT, _FRAME_AT, _CAPTURED_AT = 1, 4, 8


class RecordingWriter:
    """Makes the bytes of a recording; the caller writes them and says how far it came."""

    def __init__(self) -> None:
        self._index: list[tuple[int, int]] = []
        self._frames = 0
        self._last: bytes | None = None
        self._start = 0

    def add(self, messages: Sequence[bytes], offset: int) -> bytes:
        """Return the records of these messages, which are going to be written at `offset` of the file."""
        parts = [MAGIC] if offset == 0 else []
        offset += len(MAGIC) * (offset == 0)
        for message in messages:
            frame = message[_FRAME_AT : HEADER.size]
            if frame != self._last:
                self._last, self._start = frame, offset
            if message[_TYPE_AT] == TYPES[Status]:
                if self._frames % INDEX_FRAMES == 0:
                    captured_ns = int.from_bytes(message[_CAPTURED_AT : HEADER.size], "little")
                    self._index.append((captured_ns, self._start))
                self._frames += 1
            parts += (_LENGTH.pack(len(message)), message)
            offset += _LENGTH.size + len(message)
        return b"".join(parts)

    def end(self, offset: int) -> bytes:
        """Return index and trailer for a file of `offset` bytes; entries that were never written are left out."""
        index = [entry for entry in self._index if entry[1] < offset]
        entries = b"".join(_ENTRY.pack(*entry) for entry in index)
        return _LENGTH.pack(0) + entries + _TRAILER.pack(len(index), offset, INDEX_MAGIC)


class RecordingReader:
    """Reads a recording, whole or cut off; any content will do.

    Attributes:
        index: capture time and offset, from the trailer; empty if there is none.
        complete: the recording was ended properly.
    """

    def __init__(self, file: BinaryIO, name: str = "the file") -> None:
        """Check the beginning and read the index.

        Raises:
            SourceFormatError: this is no recording.
        """
        self._file = file
        if file.read(len(MAGIC)) != MAGIC:
            raise SourceFormatError(
                f"{name} is not a recording of landmarkd: it does not begin with LMKREC1."
            )
        self.index = self._read_index()
        self.complete = bool(self.index)
        file.seek(len(MAGIC))

    def _read_index(self) -> list[tuple[int, int]]:
        size = self._file.seek(0, os.SEEK_END)
        if size < len(MAGIC) + _LENGTH.size + _TRAILER.size:
            return []
        self._file.seek(size - _TRAILER.size)
        count, offset, magic = _TRAILER.unpack(self._file.read(_TRAILER.size))
        entries = count * _ENTRY.size
        if magic != INDEX_MAGIC or offset + _LENGTH.size + entries + _TRAILER.size != size:
            return []
        self._file.seek(offset + _LENGTH.size)
        index = list(_ENTRY.iter_unpack(self._file.read(entries)))
        return index if all(len(MAGIC) <= at < offset for _, at in index) else []

    def seek(self, captured_ns: int) -> None:
        """Go to the last indexed frame that is not behind this time; without an index, to the beginning."""
        offsets = [at for time_ns, at in self.index if time_ns <= captured_ns]
        self._file.seek(offsets[-1] if offsets else len(MAGIC))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the messages up to the index, or up to where the file was cut off."""
        while True:
            head = self._file.read(_LENGTH.size)
            if len(head) < _LENGTH.size:
                return
            (length,) = _LENGTH.unpack(head)
            if not 0 < length <= MAX_DATAGRAM:
                return
            message = self._file.read(length)
            if len(message) < length:
                return
            yield message
