"""`landmarkd models`: list and verify the models; compile them for a Coral."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landmarkd.display import as_text

if TYPE_CHECKING:
    from landmarkd.vision.zoo import Zoo


commands = typer.Typer(invoke_without_command=True)


@commands.callback()
def models(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="Another folder with models and a manifest.json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> int:
    """List the models, and check each file with the manifest.

    Exit code: 0, or 65 if a file is missing or altered.
    """
    if context.invoked_subcommand is not None:
        return 0
    from landmarkd.errors import ExitCode
    from landmarkd.vision.zoo import open_zoo

    zoo = open_zoo(folder)
    entries = _entries(zoo)
    if as_json:
        print(json.dumps(entries, indent=2))
    else:
        _table(zoo, entries)
    return int(ExitCode.DATA) if any(entry["problem"] for entry in entries) else int(ExitCode.OK)


@commands.command("compile")
def compile_(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models; by default all that a Coral runs.")
    ] = None,
    compiler: Annotated[
        Path | None, typer.Option(help="edgetpu_compiler of Google, if it is not in PATH.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--models",
            metavar="DIR",
            help="Folder of the models; a new folder becomes a copy of the installed models, which "
            "may not be writable.",
        ),
    ] = None,
) -> None:
    """Compile models for a Coral, check them, and add them to models and manifest.

    Example: landmarkd models compile --models coral. Then copy the folder to the Pi, and set it as
    folder under model in the configuration.

    Needs edgetpu_compiler of Google, a program for x86-64. An error changes nothing.
    """
    from landmarkd.vision import compiler as edgetpu
    from landmarkd.vision.cards import LandmarkCard
    from landmarkd.vision.zoo import open_zoo

    program = edgetpu.find_compiler(compiler)
    known = folder is not None and (folder / "manifest.json").exists()
    zoo = open_zoo(folder if known else None)
    every = {
        name: card
        for name, card in zoo.manifest.models.items()
        if card.whole or isinstance(card, LandmarkCard)
    }
    # Of a name that is not among them, the error says which there are.
    cards = dict(
        (name, every[name]) if name in every else zoo.landmarks(name) for name in names or every
    )
    target = folder or zoo.folder
    edgetpu.check_writable(target)
    results = edgetpu.compile_models(program, zoo, cards)
    edgetpu.store(results, zoo, target)
    for result in results:
        print(
            f"{result.name}: {result.file}, {len(result.content) / 1e6:.1f} MB; "
            f"{cards[result.name].coral_share} of the multiply-adds run on a Coral, "
            f"{result.left} operators on the processor."
        )
    if folder is not None:
        print(f'In the configuration:\n[model]\nfolder = "{folder.resolve()}"\ndelegate = "coral"')


def _entries(zoo: "Zoo") -> list[dict[str, Any]]:
    """Return the data of each model, with "problem" null or in words."""
    from landmarkd.errors import ModelError
    from landmarkd.vision.cards import LandmarkCard

    entries = []
    for name, card in zoo.manifest.models.items():
        problem = None
        try:
            for file in card.files:
                zoo.verified(file)
        except ModelError as error:
            problem = str(error)
        entry = card.model_dump(mode="json", exclude={"crop", "outputs"})
        entry = {"name": name, "default": zoo.manifest.default.get(card.kind) == name, **entry}
        entry["points"] = card.landmarks.count if isinstance(card, LandmarkCard) else None
        entries.append(entry | {"outputs": list(card.outputs), "problem": problem})
    return entries


def _table(zoo: "Zoo", entries: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("model", "kind", "input", "points", "size", "MMACs", "sha256"):
        numeric = column in {"points", "size", "MMACs"}
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for entry in entries:
        table.add_row(
            as_text(("* " if entry["default"] else "  ") + entry["name"]),
            as_text(entry["kind"]),
            f"{entry['input']['width']}x{entry['input']['height']} {entry['input']['dtype']}",
            str(entry["points"] or ""),
            f"{entry['bytes'] / 1e6:.1f} MB",
            f"{entry['macs'] / 1e6:.0f}" if entry["macs"] else "",
            f"{entry['sha256'][:8]} "
            + ("[bold red]wrong[/]" if entry["problem"] else "[green]✓[/]"),
        )
    console = Console(highlight=False)
    console.print(table)
    for entry in entries:
        if entry["problem"]:
            console.print(Text("✗", "bold red"), as_text(entry["problem"]))
    console.print()
    console.print(
        as_text(f"* is the default; cards in {zoo.folder} have the accuracy of each.", "dim")
    )
