"""A message as one line of text; the C decoder's example prints the same line."""

from binascii import crc_hqx

from landmarkd.wire.codec import CRC_SEED, Packet
from landmarkd.wire.field import Wire, wire_fields
from landmarkd.wire.schema import Event, Message, Points

_FIELDS: dict[type, list[tuple[str, Wire]]] = {}


def decimals(scale: int) -> int:
    """Return how many decimals distinguish all steps of a scale."""
    return len(str(scale - 1)) if scale > 1 else 0


def _text(value: object, wire: Wire) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value or "-"
    if isinstance(value, bytes):
        return value.hex()
    return f"{value:.{decimals(wire.scale)}f}" if wire.scale != 1 else str(value)


def packet_text(packet: Packet) -> str:
    """Return ``STATUS sequence=3 frame=2 captured_ns=... yaw=1.50 ...``, at most two points."""
    message = packet.message
    name = type(message).__name__.upper()
    head = (
        f"{name} sequence={packet.sequence} frame={packet.frame} captured_ns={packet.captured_ns}"
    )
    return " ".join((head, *_fields(message), *_rows(message)))


def _fields(message: Message) -> list[str]:
    kind = type(message)
    if kind not in _FIELDS:
        _FIELDS[kind] = wire_fields(kind)
    return [f"{name}={_text(getattr(message, name), wire)}" for name, wire in _FIELDS[kind]]


def _rows(message: Message) -> list[str]:
    if isinstance(message, Points):
        rows = message.rows
        ends = {"first_row": rows[0], "last_row": rows[-1]} if len(rows) else {}
        digest = crc_hqx(rows.astype("<i2").tobytes(), CRC_SEED)
        shown = (f"{name}={x},{y},{z}" for name, (x, y, z) in ends.items())
        return [f"rows={len(rows)}", f"rows_crc={digest:04x}", *shown]
    if isinstance(message, Event):
        return [f"{name}={value:.3f}" for name, value in message.rows]
    return []
