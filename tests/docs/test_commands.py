"""This version accepts every landmarkd command in the README and the docs."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from landmarkd.camera import SOURCES
from landmarkd.cli.commands import COMMANDS, build
from landmarkd.sinks import SINKS
from landmarkd.uri import parse_uri

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "examples/README.md", "bridges/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
COMMAND = re.compile(r"(?:^|\s)(?:sudo (?:-u landmarkd )?)?(?:\.venv/bin/)?landmarkd ([a-z].*)$")
ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "2>&1", "<"}


def commands(page: Path) -> list[str]:
    """The arguments after the word landmarkd in code spans and code blocks."""
    text = page.read_text()
    spans = re.findall(r"`(landmarkd [a-z][^`]*)`", text)
    blocks = [line.strip() for line in text.splitlines() if re.match(r"(?:    |sudo )", line)]
    lines = [*spans, *blocks]
    return [match[1] for line in lines if (match := COMMAND.search(line))]


def words(command: str) -> list[str]:
    parts = shlex.split(command.replace("…", "..."), comments=True)
    end = next((n for n, part in enumerate(parts) if part in ENDS), len(parts))
    return parts[:end]


FOUND = [(page.name, command) for page in PAGES for command in commands(page)]


@pytest.fixture(scope="module")
def program() -> typer.core.TyperGroup:
    return typer.main.get_command(build(COMMANDS))


def test_there_are_commands_in_the_docs() -> None:
    assert len(FOUND) > 40
    assert len({page for page, _ in FOUND}) > 8


@pytest.mark.parametrize(("page", "command"), FOUND)
def test_the_command_is_taken(page: str, command: str, program: typer.core.TyperGroup) -> None:
    variants = re.split(r"(?<=[a-z]), (?=[a-z])", command.partition(" #")[0])
    for parts in map(words, variants):
        at: object = program
        context = typer.Context(program, info_name="landmarkd")
        while parts and hasattr(at, "commands"):
            name = parts.pop(0)
            for each in name.split("|"):
                assert each in at.commands, f"{page}: landmarkd {command}"
            at = at.commands[name.split("|")[0]]
            context = typer.Context(at, info_name=name, parent=context)
        if hasattr(at, "commands"):
            return
        values, _, _ = at.make_parser(context).parse_args(parts)
        for name, kinds in (("source", SOURCES), ("sink", SINKS), ("sinks", SINKS)):
            given = values.get(name) or []
            for uri in [given] if isinstance(given, str) else given:
                if ":" in uri:
                    assert parse_uri(uri, kinds).scheme, f"{page}: {uri}"
