"""The generated files and their content."""

from pathlib import Path

from tools.wire_generate.c import header, printer
from tools.wire_generate.json_schema import schema
from tools.wire_generate.lua import dissector
from tools.wire_generate.markdown import document
from tools.wire_generate.micropython import decoder

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "edge" / "landmarkd" / "wire"
MICROPYTHON = PACKAGE / "micropython" / "landmarkd_status.py"
TEMPLATES = Path(__file__).parent / "templates"
DOCS = ROOT / "docs" / "wire.md"


def outputs() -> dict[Path, str]:
    """Return the text of every generated file."""
    return {
        PACKAGE / "c" / "landmarkd_wire.h": header((TEMPLATES / "landmarkd_wire.h").read_text()),
        PACKAGE / "c" / "landmarkd_text.h": printer((TEMPLATES / "landmarkd_text.h").read_text()),
        PACKAGE / "wireshark" / "landmarkd.lua": dissector(
            (TEMPLATES / "landmarkd.lua").read_text()
        ),
        PACKAGE / "report.schema.json": schema(),
        MICROPYTHON: decoder(MICROPYTHON.read_text()),
        DOCS: document(DOCS.read_text()),
    }
