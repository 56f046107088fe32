"""Which files are generated, and what is in them now."""

from pathlib import Path

from edge.wire.generate.c import header, printer
from edge.wire.generate.lua import dissector
from edge.wire.generate.markdown import document

PACKAGE = Path(__file__).parents[1]
TEMPLATES = Path(__file__).parent / "templates"
DOCS = PACKAGE.parents[1] / "docs" / "wire.md"


def outputs() -> dict[Path, str]:
    """Return the text of every generated file; docs/wire.md only where it exists, outside of an installation."""
    made = {
        PACKAGE / "c" / "landmarkd_wire.h": header((TEMPLATES / "landmarkd_wire.h").read_text()),
        PACKAGE / "c" / "landmarkd_text.h": printer((TEMPLATES / "landmarkd_text.h").read_text()),
        PACKAGE / "wireshark" / "landmarkd.lua": dissector((TEMPLATES / "landmarkd.lua").read_text()),
    }
    if DOCS.exists():
        made[DOCS] = document(DOCS.read_text())
    return made
