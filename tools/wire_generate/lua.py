"""The tables of the Wireshark dissector."""

from landmarkd.wire.codec import CODECS, CRC_SEED
from landmarkd.wire.field import Wire, wire_fields
from landmarkd.wire.schema import ROWS, TYPES, VERSION, Header

from tools.wire_generate.description import ENUMERATIONS, members


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(name: str, wire: Wire) -> str:
    values = f", values = {wire.names.__name__}" if wire.names is not None else ""
    if wire.unknown is not None:
        values += f", unknown = {wire.unknown}"
    return (
        f"    {{ name = {_quoted(name)}, kind = {_quoted(wire.kind.partition('[')[0])}, "
        f"size = {wire.size}, "
        f"scale = {wire.scale}, unit = {_quoted(wire.unit)}, doc = {_quoted(wire.doc)}{values} }},"
    )


def _message(kind: type, number: int) -> list[str]:
    lines = [f"  [{number}] = {{", f"    name = {_quoted(kind.__name__.upper())},"]
    if kind in ROWS:
        lines.append(f"    row_size = {ROWS[kind].size}, row_scale = {ROWS[kind].scale},")
    lines.append(f"    minimum = {CODECS[number].minimum}, fields = {{")
    lines += [_field(name, wire) for name, wire in wire_fields(kind)]
    return [*lines, "  } },"]


def dissector(template: str) -> str:
    """Return landmarkd.lua."""
    enumerations = []
    for enumeration in ENUMERATIONS:
        pairs = ", ".join(
            f"[{value}] = {_quoted(name.lower())}" for name, value, _ in members(enumeration)
        )
        flag = "true" if enumeration.__name__.endswith("Flag") else "false"
        enumerations.append(
            f"local {enumeration.__name__} = {{ flags = {flag}, names = {{ {pairs} }} }}"
        )
    messages = [line for kind, number in TYPES.items() for line in _message(kind, number)]
    header = "\n".join(_field(name, wire) for name, wire in wire_fields(Header))
    parts = {
        "VERSION": str(VERSION),
        "CRC_SEED": f"0x{CRC_SEED:04X}",
        "ENUMERATIONS": "\n".join(enumerations),
        "HEADER": header,
        "MESSAGES": "\n".join(messages),
    }
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template
