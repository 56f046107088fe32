"""`landmarkd help`: the documentation in the package."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import landmarkd
from landmarkd.errors import UsageError
from landmarkd.uri import nearest


def show(
    topic: Annotated[
        str | None, typer.Argument(help="A page, for example sources; without it, list all pages.")
    ] = None,
) -> None:
    """Show a page of the documentation: start, sources, sinks, troubleshooting and more.

    Begin with: landmarkd help start
    """
    pages = {path.stem: path for path in sorted(_folder().glob("*.md"))}
    if topic is None:
        for name, path in pages.items():
            title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
            print(f"landmarkd help {name:<18} {title}")
        wire = Path(landmarkd.__file__).resolve().parent / "wire"
        print(f"\nC header, MicroPython decoder, Wireshark dissector: {wire}")
        return
    page = pages.get(topic.removesuffix(".md"))
    if page is None:
        from landmarkd.cli.commands import COMMANDS

        if topic in COMMANDS:
            raise UsageError(f"{topic} is a command, not a page; run: landmarkd {topic} --help")
        raise UsageError(
            f"There is no page {topic!r}{nearest(topic, pages)}; landmarkd help lists them."
        )
    text = page.read_text(encoding="utf-8")
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    # Without -R, less shows the codes of colours as text.
    os.environ["LESS"] = f"-R {os.environ.get('LESS', '')}".strip()
    with (console := Console()).pager(styles=True):
        console.print(Markdown(text))


def _folder() -> Path:
    """Return the folder of the pages: in the installed package, or docs of a checkout."""
    package = Path(landmarkd.__file__).resolve().parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parents[1] / "docs"
