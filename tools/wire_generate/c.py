"""The C99 header with its structures and decoders, and the printer of its example."""

from landmarkd.wire.codec import CODECS, CRC_SEED, HEADER
from landmarkd.wire.field import Wire, wire_fields
from landmarkd.wire.framing import MAX_SERIAL_FRAME
from landmarkd.wire.loss import LEAP
from landmarkd.wire.schema import EVIDENCE_SCALE, POINT_SCALE, ROWS, TYPES, VERSION, Event, Points
from landmarkd.wire.text import decimals

from tools.wire_generate.description import ENUMERATIONS, members, summary

_TYPES = {
    "u8": "uint8_t",
    "i8": "int8_t",
    "u16": "uint16_t",
    "i16": "int16_t",
    "u32": "uint32_t",
    "i32": "int32_t",
}
_TYPES |= {"u64": "uint64_t"}


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).strip(
        "_"
    )


def _declaration(name: str, wire: Wire) -> str:
    if wire.kind.startswith("char"):
        kind = f"char {name}[{wire.size + 1}];"
    elif wire.kind.startswith("bytes"):
        kind = f"uint8_t {name}[{wire.size}];"
    else:
        kind = f"{_TYPES[wire.kind]} {name};"
    unit = f" {wire.unit}" if wire.unit else ""
    if wire.unknown is not None:
        return f"    {kind:<28} /* {wire.doc}{_step(wire, unit)}; {wire.unknown} is unknown */"
    return f"    {kind:<28} /* {wire.doc}{_step(wire, unit)} */"


def _step(wire: Wire, unit: str) -> str:
    return f" [1/{wire.scale}{unit}]" if wire.scale != 1 else f" [{wire.unit}]" if wire.unit else ""


def _structures() -> str:
    blocks = []
    for message in TYPES:
        name = _snake(message.__name__)
        lines = [f"/* {summary(message)} */", "typedef struct {"]
        lines += [_declaration(field, wire) for field, wire in wire_fields(message)]
        if message in ROWS:
            lines.append(
                f"    {'const uint8_t *rows;':<28} /* points into the bytes that were decoded */"
            )
            lines.append(f"    {'uint16_t row_count;':<28}")
        blocks.append("\n".join([*lines, f"}} lmk_{name};"]))
    return "\n\n".join(blocks)


def _enumerations() -> str:
    blocks = []
    for enumeration in ENUMERATIONS:
        prefix = _snake(enumeration.__name__).upper()
        lines = [f"/* {summary(enumeration)} */", "enum {"]
        for name, value, text in members(enumeration):
            note = f" /* {text} */" if text else ""
            lines.append(f"    LMK_{prefix}_{name} = {value},{note}")
        blocks.append("\n".join([*lines, "};"]))
    return "\n\n".join(blocks)


def _scales() -> str:
    lines = [
        f"#define LMK_{message.__name__.upper()}_{name.upper()}_SCALE {wire.scale}"
        for message in TYPES
        for name, wire in wire_fields(message)
        if wire.scale != 1
    ]
    lines += [
        f"#define LMK_{message.__name__.upper()}_{name.upper()}_UNKNOWN {wire.unknown}"
        for message in TYPES
        for name, wire in wire_fields(message)
        if wire.unknown is not None
    ]
    return "\n".join(
        [
            *lines,
            f"#define LMK_POINT_SCALE {POINT_SCALE}",
            f"#define LMK_EVIDENCE_SCALE {EVIDENCE_SCALE}",
        ]
    )


def _decoders() -> str:
    blocks = []
    for message, number in TYPES.items():
        name, at = _snake(message.__name__), HEADER.size
        arguments = f"const uint8_t *data, size_t size, lmk_{name} *out"
        lines = [
            f"static inline int lmk_decode_{name}({arguments})",
            "{",
        ]
        fixed = CODECS[number].minimum
        if message in ROWS:
            row = ROWS[message].size
            lines.append(
                f"    if (size < {fixed} || (size - {fixed}) % {row} != 0) return LMK_MALFORMED;"
            )
        else:
            lines.append(f"    if (size != {fixed}) return LMK_MALFORMED;")
        for field, wire in wire_fields(message):
            if "[" in wire.kind:
                lines.append(f"    memcpy(out->{field}, data + {at}, {wire.size});")
                if wire.kind.startswith("char"):
                    lines.append(f"    out->{field}[{wire.size}] = 0;")
            else:
                lines.append(f"    out->{field} = lmk_{wire.kind}(data + {at});")
            at += wire.size
        if message in ROWS:
            lines.append(f"    out->rows = data + {at};")
            lines.append(
                f"    out->row_count = (uint16_t)((size - {fixed}) / {ROWS[message].size});"
            )
        if message is Points:
            lines.append(
                "    if (out->chunk >= out->chunks || out->first + out->row_count > out->total) "
                "return LMK_MALFORMED;"
            )
        blocks.append("\n".join([*lines, f"    return LMK_{name.upper()};", "}"]))
    return "\n\n".join(blocks)


def header(template: str) -> str:
    """Return landmarkd_wire.h."""
    names = [message.__name__ for message in TYPES]
    parts = {
        "VERSION": str(VERSION),
        "LEAP": str(LEAP),
        "CRC_SEED": f"0x{CRC_SEED:04X}u",
        "HEADER_SIZE": str(HEADER.size),
        "MAX_SERIAL_FRAME": str(MAX_SERIAL_FRAME),
        "TYPES": "\n".join(
            f"    LMK_{m.__name__.upper()} = {n}, /* {summary(m)} */" for m, n in TYPES.items()
        ),
        "SCALES": _scales(),
        "ENUMERATIONS": _enumerations(),
        "STRUCTURES": _structures(),
        "UNION": "\n".join(f"        lmk_{_snake(name)} {_snake(name)};" for name in names),
        "DECODERS": _decoders(),
        "CASES": "\n".join(
            f"    case LMK_{name.upper()}: "
            f"return lmk_decode_{_snake(name)}(data, size, &out->as.{_snake(name)});"
            for name in names
        ),
        "POINT_ROW": str(ROWS[Points].size),
        "EVENT_ROW": str(ROWS[Event].size),
    }
    return _fill(template, parts)


def _print_field(field: str, wire: Wire) -> str:
    printed = _print_known(field, wire)
    if wire.unknown is None:
        return "    " + printed
    return f'    if (m->{field} == {wire.unknown}) fputs(" {field}=-", file);\n    else {printed}'


def _print_known(field: str, wire: Wire) -> str:
    if wire.kind.startswith("char"):
        return f'fprintf(file, " {field}=%s", m->{field}[0] ? m->{field} : "-");'
    if wire.kind.startswith("bytes"):
        loop = f'for (size_t i = 0; i < {wire.size}; i++) fprintf(file, "%02x", m->{field}[i]);'
        return f'fprintf(file, " {field}=");\n    {loop}'
    if wire.scale != 1:
        value = f"(double)m->{field} / {wire.scale}"
        return f'fprintf(file, " {field}=%.{decimals(wire.scale)}f", {value});'
    if wire.kind == "u64":
        return f'fprintf(file, " {field}=%llu", (unsigned long long)m->{field});'
    return f'fprintf(file, " {field}=%ld", (long)m->{field});'


def printer(template: str) -> str:
    """Return landmarkd_text.h."""
    blocks, cases = [], []
    for message in TYPES:
        name = _snake(message.__name__)
        lines = [f"static inline void lmk_print_{name}(FILE *file, const lmk_{name} *m)", "{"]
        lines += [_print_field(field, wire) for field, wire in wire_fields(message)]
        if message in ROWS:
            lines.append(f"    lmk_print_{name}_rows(file, m);")
        blocks.append("\n".join([*lines, "}"]))
        cases.append(
            f'    case LMK_{name.upper()}: fputs("{name.upper()}", file); lmk_print_head(file, m); '
            f"lmk_print_{name}(file, &m->as.{name}); break;"
        )
    return _fill(template, {"PRINTERS": "\n\n".join(blocks), "CASES": "\n".join(cases)})


def _fill(template: str, parts: dict[str, str]) -> str:
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template
