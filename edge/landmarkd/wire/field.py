"""The layout of the fields of a message."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import get_type_hints

SIZES = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "u64": 8}


@dataclass(frozen=True, slots=True)
class Wire:
    """The layout of one field.

    Attributes:
        kind: a key of `SIZES`, "char[N]" (UTF-8, padded with zeros) or "bytes[N]".
        doc: what it means.
        unit: of the value.
        scale: steps in one unit; 1 for plain integers.
        names: the enumeration or flags of its values; the number of a member is its position.
        unknown: the number on the wire for an unknown value, which is None in Python.
    """

    kind: str
    doc: str
    unit: str = ""
    scale: int = 1
    names: type[IntEnum] | type[IntFlag] | type[StrEnum] | None = None
    unknown: int | None = None

    @property
    def size(self) -> int:
        """Bytes that the field takes."""
        return SIZES.get(self.kind) or int(self.kind[self.kind.index("[") + 1 : -1])


Maybe = float | None
"""A number, or None where it is not known."""


def maybe(kind: str, doc: str, unit: str = "", scale: int = 1) -> Wire:
    """Return a number that may be unknown: 255 of a u8 and -32768 of an i16 stand for that."""
    return Wire(kind, doc, unit, scale, unknown={"u8": 255, "i16": -32768}[kind])


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows after the fixed fields of a message; the length of the message gives their number.

    Attributes:
        columns: name and type of each column.
        scale: steps in one unit, for the numbers.
        doc: meaning of a row.
    """

    columns: tuple[tuple[str, str], ...]
    scale: int
    doc: str

    @property
    def size(self) -> int:
        """Bytes of a row."""
        return sum(Wire(kind, "").size for _, kind in self.columns)


def wire_fields(message: type) -> list[tuple[str, Wire]]:
    """Return name and layout of the fixed fields of a message, in their order on the wire."""
    hints = get_type_hints(message, include_extras=True)
    return [
        (name, hint.__metadata__[0])
        for name, hint in hints.items()
        if hasattr(hint, "__metadata__")
    ]
