"""docs/architecture.md is true: its table names every room and exactly what each one imports."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "edge" / "landmarkd"
TABLE = re.compile(r"^\| `([^`|]+)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)
MAX_LINES = 300


def table() -> dict[str, set[str]]:
    """Return what each room imports, in the order of the table: from the ground up."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    return {room: set(re.findall(r"`(\w+)`", cell)) for room, cell in TABLE.findall(text)}


def ground() -> set[str]:
    """Return the modules that stand alone at the bottom, as the table lists them."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    return set(re.findall(r"`(\w+)`", re.findall(r"^\| ground \|([^|]*)\|", text, re.MULTILINE)[0]))


def room_of(module: str) -> str:
    """Return the room of a dotted name: a folder of the package, or a module beside them."""
    parts = module.split(".")
    name = parts[1] if len(parts) > 1 else "landmarkd"
    if not ((PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()):
        name = "landmarkd"  # a name of the package itself, its version for one
    return "ground" if name in ground() else name


def mentioned(path: Path) -> set[str]:
    """Return the modules of landmarkd that a file imports, or names in a string to be imported."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "landmarkd":
            found |= {f"landmarkd.{name.name}" for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.partition(":")[0]
            if re.fullmatch(r"landmarkd(\.\w+)+", text) and is_module(text):
                found.add(text)
    return {name for name in found if name.partition(".")[0] == "landmarkd"}


def is_module(name: str) -> bool:
    """Return whether a dotted name is a module: the name of a group of entry points is none."""
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def imports() -> dict[str, set[str]]:
    """Return what each room really imports of the others."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        room = "landmarkd" if parts == ("__init__",) else room_of(f"landmarkd.{parts[0]}")
        found[room] |= {room_of(name) for name in mentioned(path)} - {room}
    return found


def test_every_room_is_in_the_table() -> None:
    assert set(table()) | {"ground"} == set(imports())


@pytest.mark.parametrize("room", table())
def test_a_room_imports_what_the_table_says(room: str) -> None:
    # The version is the package's own, and what everybody may name.
    assert imports()[room] - {"ground", "landmarkd"} == table()[room]


def test_rooms_import_downwards_only() -> None:
    below: set[str] = set()
    for room, allowed in table().items():
        assert allowed <= below, f"{room} imports from above: {allowed - below}"
        below.add(room)
    assert imports()["ground"] <= {"landmarkd"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_module_is_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_the_runtime_imports_nothing_from_the_models() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = [node.module] if isinstance(node, ast.ImportFrom) else node.names
                roots = {str(getattr(name, "name", name)).partition(".")[0] for name in names}
                assert not roots & {"models", "tests", "tools", "calibration", "torch"}, path
