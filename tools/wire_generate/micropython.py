"""The table of STATUS in the decoder for MicroPython, between the markers in the file."""

import re

from landmarkd.wire.codec import CRC_SEED, CRC_SIZE, HEADER
from landmarkd.wire.field import wire_fields
from landmarkd.wire.schema import TYPES, VERSION, Status

_FORMATS = {"u8": "<B", "u16": "<H", "u32": "<I", "i16": "<h", "i8": "<b", "i32": "<i"}
_MARK = re.compile(r"(# begin layout\n).*?(# end layout\n)", re.DOTALL)


def decoder(text: str) -> str:
    """Return landmarkd_status.py with the layout of this schema."""
    rows, at = [], HEADER.size
    for name, wire in wire_fields(Status):
        if name != "flags":
            rows.append(
                f'    ({at}, "{_FORMATS[wire.kind]}", {wire.scale}, {wire.unknown}, "{name}"),'
            )
        at += wire.size
    layout = [
        f"VERSION = {VERSION}",
        f"STATUS = {TYPES[Status]}",
        f"SEED = 0x{CRC_SEED:04X}",
        f"SIZE = {at + CRC_SIZE}",
        "",
        "# Byte, format, steps in a unit, the number that says unknown, name.",
        "FIELDS = (",
        *rows,
        ")",
    ]
    return _MARK.sub(lambda mark: mark[1] + "\n".join(layout) + "\n" + mark[2], text)
