"""`landmarkd help`: the documentation that comes with the package."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import landmarkd
from landmarkd.errors import UsageError
from landmarkd.uri import nearest


def show(
    topic: Annotated[
        str | None, typer.Argument(help="A page, for example sources; none lists them all.")
    ] = None,
) -> None:
    """Show a page of the documentation: where to start, sources, sinks, what went wrong.

    Begin with: landmarkd help start
    """
    pages = {path.stem: path for path in sorted(_folder().glob("*.md"))}
    if topic is None:
        for name, path in pages.items():
            print(f"landmarkd help {name:<18} {_title(path)}")
        print(f"\nC header, MicroPython decoder, Wireshark dissector: {_wire()}")
        return
    page = pages.get(topic.removesuffix(".md"))
    if page is None:
        from landmarkd.cli.main import COMMANDS

        if topic in COMMANDS:
            raise UsageError(f"{topic} is a command, and no page; run: landmarkd {topic} --help")
        raise UsageError(
            f"There is no page {topic!r}{nearest(topic, pages)}; landmarkd help lists them."
        )
    text = page.read_text(encoding="utf-8")
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    with (console := Console()).pager(styles=True):
        console.print(Markdown(text))


def _folder() -> Path:
    """Return where the pages lie: in the installed package, or in docs of a checkout."""
    package = Path(landmarkd.__file__).resolve().parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parents[1] / "docs"


def _wire() -> Path:
    """Return the folder of what other machines need to receive."""
    return Path(landmarkd.__file__).resolve().parent / "wire"


def _title(page: Path) -> str:
    with page.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()
