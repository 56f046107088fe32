"""The byte tables of docs/wire.md, between the markers in the document."""

import re

from landmarkd.wire.codec import CRC_SEED, CRC_SIZE, HEADER
from landmarkd.wire.field import Wire, wire_fields
from landmarkd.wire.schema import ROWS, SCHEMA_HASH, TYPES, Header

from tools.wire_generate.description import ENUMERATIONS, members, summary

_MARK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def _row(at: int | str, name: str, wire: Wire) -> str:
    scale = f"1/{wire.scale}" if wire.scale != 1 else ""
    unit = " ".join(part for part in (scale, wire.unit) if part)
    doc = wire.doc + (f" ({wire.names.__name__})" if wire.names is not None else "")
    doc += f"; {wire.unknown} is unknown" if wire.unknown is not None else ""
    return f"| {at} | {wire.size} | {wire.kind} | `{name}` | {unit} | {doc} |"


_HEAD = ["| byte | size | type | field | step | meaning |", "|---:|---:|---|---|---|---|"]


def _table(kind: type, start: int) -> list[str]:
    lines, at = list(_HEAD), start
    for name, wire in wire_fields(kind):
        lines.append(_row(at, name, wire))
        at += wire.size
    if kind in ROWS:
        rows = ROWS[kind]
        columns = ", ".join(f"{name} {column}" for name, column in rows.columns)
        lines.append(
            f"| {at} | n × {rows.size} | rows | {columns} | 1/{rows.scale} | each {rows.doc} |"
        )
        lines.append(f"| … | {CRC_SIZE} | u16 | `crc` | | checksum of everything before it |")
    elif kind is not Header:
        lines.append(
            f"| {at} | {CRC_SIZE} | u16 | `crc` | | checksum of everything before it; "
            f"{at + CRC_SIZE} bytes in all |"
        )
    return lines


def _messages() -> str:
    lines = []
    for kind, number in TYPES.items():
        lines += [
            f"### {kind.__name__.upper()} (type {number})",
            "",
            summary(kind),
            "",
            *_table(kind, HEADER.size),
            "",
        ]
    return "\n".join(lines)


def _enumerations() -> str:
    lines = []
    for enumeration in ENUMERATIONS:
        lines += [
            f"**{enumeration.__name__}**: {summary(enumeration)}",
            "",
            "| value | name | meaning |",
            "|---:|---|---|",
        ]
        lines += [
            f"| {value} | {name.lower()} | {text} |" for name, value, text in members(enumeration)
        ]
        lines.append("")
    return "\n".join(lines)


def document(text: str) -> str:
    """Return docs/wire.md with new tables."""
    parts = {
        "header": "\n".join(_table(Header, 0)) + "\n",
        "messages": _messages(),
        "enumerations": _enumerations(),
        "seed": f"Hash of the schema: `{SCHEMA_HASH.hex()}`. "
        f"Seed of the checksum: `0x{CRC_SEED:04X}`.\n",
    }
    return _MARK.sub(lambda match: match[1] + parts[match[2]] + match[3], text)
