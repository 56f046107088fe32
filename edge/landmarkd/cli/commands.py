"""The commands of `landmarkd`, and its help page."""

from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from landmarkd import __version__
from landmarkd.errors import ExitCode

TRY, RECEIVE, MAINTAIN = "Try it", "Receive and record", "Check and configure it"
# "module:function" (or a group) of each command, and its section of the help page, in this order.
# The modules import nothing heavy at the top, so that `landmarkd run` starts fast.
COMMANDS = {
    "run": ("run:run", "Run it"),
    "demo": ("demo:demo", TRY),
    "annotate": ("annotate:annotate", TRY),
    "listen": ("listen:listen", RECEIVE),
    "view": ("view:view", RECEIVE),
    "report": ("report:report", RECEIVE),
    "replay": ("replay:replay", RECEIVE),
    "convert": ("convert:convert", RECEIVE),
    "key": ("key:key", RECEIVE),
    "config": ("configuration:commands", MAINTAIN),
    "models": ("models:commands", MAINTAIN),
    "doctor": ("doctor:doctor", MAINTAIN),
    "profile": ("profile:profile", MAINTAIN),
    "status": ("status:status", MAINTAIN),
    "top": ("status:top", MAINTAIN),
    "calibrate": ("calibrate:commands", MAINTAIN),
    "help": ("help:show", MAINTAIN),
}


class Root(TyperGroup):
    """The help page of `landmarkd` itself: plain text, in half of the time of rich."""

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the page with the whole first sentence of each command."""
        super(TyperGroup, self).format_help(ctx, formatter)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the commands by section, in the order of `COMMANDS`."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, (_, panel) in COMMANDS.items():
            command = self.get_command(ctx, name)
            if command is not None:
                said = command.get_short_help_str(1000)
                panels.setdefault(panel or "Commands", []).append((name, said))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)


def build(names: Iterable[str]) -> typer.Typer:
    """Return the command line with these commands."""
    app = typer.Typer(
        name="landmarkd",
        cls=Root,
        help="gpsd for faces: camera frames in, dense 3D facial landmarks out, over serial or UDP."
        "\n\nBegin with: landmarkd demo, landmarkd run --source 0, landmarkd help start",
        epilog="Exit codes: "
        + ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode)
        + ".",
        rich_markup_mode="markdown",  # "rich" would take [x, y] in a help text for markup
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        target, panel = COMMANDS[name]
        module, _, attribute = target.partition(":")
        command = getattr(import_module(f"landmarkd.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(command)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"landmarkd {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Declare the options of `landmarkd` itself."""
