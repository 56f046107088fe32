"""The command `landmarkd`: its subcommands, and how an error is printed."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from landmarkd import __version__
from landmarkd.errors import ExitCode, LandmarkdError

# Commands and the modules of this package that define them, in the order of the help page. Each
# module has `register(app)` and imports nothing heavy at its top, so that `landmarkd run` starts
# fast.
COMMANDS = {
    "run": "run",
    "demo": "demo",
    "annotate": "annotate",
    "config": "configuration",
    "listen": "listen",
    "replay": "replay",
    "convert": "convert",
    "key": "key",
    "view": "view",
    "report": "report",
    "models": "models",
    "doctor": "doctor",
    "profile": "profile",
    "status": "status",
    "top": "status",
    "calibrate": "calibrate",
    "help": "help",
}


def build(modules: Iterable[str] = tuple(COMMANDS.values())) -> typer.Typer:
    """Return the command line with the commands of some modules of this package."""
    app = typer.Typer(
        name="landmarkd",
        help="gpsd for faces: camera frames in, dense 3D facial landmarks out, over serial or UDP.",
        epilog="Exit codes: "
        + ", ".join(f"{code.value} {code.name.lower()}" for code in ExitCode)
        + ".",
        rich_markup_mode="markdown",  # "rich" would take [x, y] in a help text for markup
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for module in dict.fromkeys(modules):
        import_module(f"landmarkd.cli.{module}").register(app)
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


def main() -> None:
    """Run the command line; a user's mistake ends in one sentence and a documented exit code."""
    # Only the chosen command's module is imported; the help page and a misspelt command need all.
    arguments = sys.argv[1:]
    chosen = COMMANDS.get(arguments[0]) if arguments else None
    if not arguments and "_LANDMARKD_COMPLETE" not in os.environ:
        arguments = ["--help"]
    try:
        app = build() if chosen is None else build((chosen,))
        status = app(arguments, prog_name="landmarkd", standalone_mode=False)
    except LandmarkdError as error:
        print(f"landmarkd: {error}", file=sys.stderr)
        sys.exit(int(error.exit_code))
    except TyperException as error:
        print(
            f"landmarkd: {error.format_message().rstrip('.')}; see landmarkd --help.",
            file=sys.stderr,
        )
        sys.exit(int(ExitCode.USAGE))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output, `head` for example, has seen enough.
        sys.stderr.close()
        sys.exit(int(ExitCode.OK))
    sys.exit(status if isinstance(status, int) else 0)
