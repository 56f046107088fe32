"""Messages to bytes and back, compiled from the schema: header, fixed fields, rows, checksum."""

from binascii import crc_hqx
from math import isnan
from struct import Struct
from struct import error as StructError  # noqa: N812  # by its own name it says nothing
from typing import Any, NamedTuple

import numpy as np

from landmarkd.errors import WireError
from landmarkd.wire.field import Wire, wire_fields
from landmarkd.wire.schema import (
    EVIDENCE_SCALE,
    MAX_EVIDENCE,
    ROWS,
    SCHEMA_HASH,
    TYPES,
    VERSION,
    Event,
    Header,
    Message,
    Points,
)

CRC_SEED = crc_hqx(SCHEMA_HASH, 0xFFFF)
"""CRC-16/CCITT-FALSE (polynomial 0x1021) of the schema's hash; every checksum begins here."""
CRC_SIZE = 2

_CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q"}
_POINT = np.dtype(("<i2", (3,)))
_POINT_BYTES = ROWS[Points].size
# Makes a named tuple from ordered values; calling its class is slower.
_new = tuple.__new__


def _code(wire: Wire) -> str:
    return _CODES.get(wire.kind) or f"{wire.size}s"


def _limits(wire: Wire) -> tuple[int, int]:
    bits = 8 * wire.size
    low, high = (
        (-(1 << bits - 1), (1 << bits - 1) - 1) if wire.kind[0] == "i" else (0, (1 << bits) - 1)
    )
    return low + (low == wire.unknown), high - (high == wire.unknown)


def encode_text(text: str, size: int) -> bytes:
    """Return UTF-8 of at most `size` bytes, never cut inside a character, without padding."""
    data = text.replace("\0", " ").encode("utf-8", "replace")
    return data if len(data) <= size else data[:size].decode("utf-8", "ignore").encode()


def decode_text(data: bytes) -> str:
    """Return the text of a padded field; invalid or unprintable characters become U+FFFD."""
    text = data.partition(b"\0")[0].decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


HEADER = Struct("<" + "".join(_code(wire) for _, wire in wire_fields(Header)))
_SHORTEST = HEADER.size + CRC_SIZE


class Packet(NamedTuple):
    """One message with its header.

    Attributes:
        sequence: counts the messages of the stream, modulo 65536.
        frame: number of the frame at its source, modulo 2**32.
        captured_ns: capture time on the sender's monotonic clock.
        message: Hello, Status, Points, Event or Bye.
    """

    sequence: int
    frame: int
    captured_ns: int
    message: Message


class MessageCodec:
    """The fixed fields of one message type, compiled."""

    def __init__(self, message: type[Message]) -> None:
        items = [wire for _, wire in wire_fields(message)]
        self.message = message
        self.struct = Struct("<" + "".join(_code(wire) for wire in items))
        self.whole = Struct(HEADER.format + self.struct.format[1:])
        self.start = self.whole.size
        self.minimum = self.start + CRC_SIZE
        self._fields = self.whole.unpack_from
        self._count = len(items)
        self._texts = [
            (i, wire.size) for i, wire in enumerate(items) if wire.kind.startswith("char")
        ]
        self._numbers = [
            (i, wire.scale, *_limits(wire), wire.unknown)
            for i, wire in enumerate(items)
            if "[" not in wire.kind
        ]
        self._scaled = [
            (i, wire.scale)
            for i, wire in enumerate(items)
            if wire.scale != 1 and wire.unknown is None
        ]
        self._optional = [
            (i, wire.scale, wire.unknown)
            for i, wire in enumerate(items)
            if wire.unknown is not None
        ]
        rows = ROWS.get(message)
        self.row = (
            Struct("<" + "".join(_code(Wire(kind, "")) for _, kind in rows.columns))
            if rows
            else None
        )

    def pack(self, message: Message) -> bytes:
        """Return the fixed fields; numbers are limited to their type, NaN becomes 0 or unknown."""
        values: list[Any] = list(message[: self._count])
        for index, size in self._texts:
            values[index] = encode_text(values[index], size)
        try:
            # The usual case without checking limits; numbers beyond the limits raise an error here.
            for index, scale in self._scaled:
                values[index] = round(values[index] * scale)
            for index, scale, unknown in self._optional:
                value = values[index]
                if value is None:
                    values[index] = unknown
                    continue
                values[index] = value = round(value * scale)
                if value == unknown:
                    return self._pack_limited(message, values)
            return self.struct.pack(*values)
        except (StructError, ValueError, OverflowError):
            return self._pack_limited(message, values)

    def _pack_limited(self, message: Message, values: list[Any]) -> bytes:
        for index, scale, low, high, unknown in self._numbers:
            number: float | None = message[index]  # type: ignore[assignment]
            if number is None or isnan(number):
                values[index] = unknown or 0
                continue
            value = number * scale
            values[index] = low if value <= low else high if value >= high else round(value)
        return self.struct.pack(*values)

    def unpack(self, data: bytes) -> Packet:
        """Return the packet in the bytes of a message with a checked version, type and checksum.

        Raises:
            WireError: wrong length for the type, or points outside of their frame.
        """
        rest = len(data) - self.minimum
        if rest and (rest < 0 or self.row is None or rest % self.row.size):
            raise WireError(f"{self.message.__name__} cannot have {len(data)} bytes.")
        values: list[Any]
        _, _, sequence, frame, captured_ns, *values = self._fields(data)
        for index, scale in self._scaled:
            values[index] /= scale
        for index, scale, unknown in self._optional:
            value = values[index]
            values[index] = None if value == unknown else value / scale if scale != 1 else value
        for index, _ in self._texts:
            values[index] = decode_text(values[index])
        if self.row is not None:
            named = self.row.iter_unpack(data[self.start : -CRC_SIZE])
            values.append(
                tuple((decode_text(name), value / EVIDENCE_SCALE) for name, value in named)
            )
        return _new(Packet, (sequence, frame, captured_ns, _new(self.message, values)))


class PointsCodec(MessageCodec):
    """The codec of POINTS, most of a stream: no field has a scale or is a text."""

    def unpack(self, data: bytes) -> Packet:
        """Return the packet, as `MessageCodec.unpack` does."""
        rest = len(data) - self.minimum
        if rest < 0 or rest % _POINT_BYTES:
            raise WireError(f"Points cannot have {len(data)} bytes.")
        _, _, sequence, frame, captured_ns, selection, flags, chunk, chunks, first, total, x, y = (
            self._fields(data)
        )
        count = rest // _POINT_BYTES
        if chunk >= chunks or first + count > total:
            raise WireError("A chunk of points lies outside of its frame.")
        rows = np.frombuffer(data, _POINT, count, self.start)
        points = _new(Points, (selection, flags, chunk, chunks, first, total, x, y, rows))
        return _new(Packet, (sequence, frame, captured_ns, points))


CODECS = {
    number: (PointsCodec if message is Points else MessageCodec)(message)
    for message, number in TYPES.items()
}


def append_checksum(body: bytes) -> bytes:
    """Return the message followed by its checksum."""
    return body + crc_hqx(body, CRC_SEED).to_bytes(CRC_SIZE, "little")


def checksum_fits(message: bytes) -> bool:
    """Return whether the last two bytes are the checksum of the other bytes."""
    return crc_hqx(message[:-2], CRC_SEED) == message[-2] | message[-1] << 8


def _pack_rows(message: Message) -> bytes:
    if isinstance(message, Points):
        return np.ascontiguousarray(message.rows, dtype="<i2").tobytes()
    if isinstance(message, Event):
        row, limit = CODECS[TYPES[Event]].row, 2**31 - 1
        assert row is not None  # noqa: S101  # an Event has rows by its definition
        known = [(name, value) for name, value in message.rows if -np.inf < value < np.inf]
        return b"".join(
            row.pack(encode_text(name, 16), max(-limit, min(limit, round(value * EVIDENCE_SCALE))))
            for name, value in known[:MAX_EVIDENCE]
        )
    return b""


def encode_packet(packet: Packet) -> bytes:
    """Return the bytes of a packet, without framing."""
    sequence, frame, captured_ns, message = packet
    number = TYPES[type(message)]
    header = HEADER.pack(
        VERSION, number, sequence & 0xFFFF, frame & 0xFFFFFFFF, captured_ns & (1 << 64) - 1
    )
    return append_checksum(header + CODECS[number].pack(message) + _pack_rows(message))


class ChecksumError(WireError):
    """Wrong checksum: the message is damaged, or the sender has another schema."""


class ForeignError(WireError):
    """Another version of the protocol, or an unknown type of message."""


def decode_packet(data: bytes) -> Packet:
    """Return the packet in `data`, without framing.

    Raises:
        ChecksumError: damaged, or from another schema.
        ForeignError: another version or an unknown type.
        WireError: a length that does not fit the type.
    """
    if len(data) < _SHORTEST:
        raise WireError(f"A message has at least {_SHORTEST} bytes, this one {len(data)}.")
    if data[0] != VERSION:
        raise ForeignError(
            f"Version {data[0]} of the protocol, not {VERSION}: update the older side."
        )
    if not checksum_fits(data):
        raise ChecksumError(
            "Wrong checksum: damaged on the way, or from a sender with another schema."
        )
    codec = CODECS.get(data[1])
    if codec is None:
        raise ForeignError(f"Unknown type of message {data[1]}.")
    return codec.unpack(data)
