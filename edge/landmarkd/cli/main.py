"""The command `landmarkd`: its subcommands, and how an error is printed."""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from landmarkd import __version__
from landmarkd.errors import ExitCode, LandmarkdError, SinkError, SourceLostError

TRY, RECEIVE, LOOK_AFTER = "Try it", "Receive and record", "Look after it"
# What each command is ("module:function" of this package, or a group) and where the help page lists
# it, in that order. The modules import nothing heavy at their top, so that `landmarkd run` starts
# fast.
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
    "config": ("configuration:commands", LOOK_AFTER),
    "models": ("models:commands", LOOK_AFTER),
    "doctor": ("doctor:doctor", LOOK_AFTER),
    "profile": ("profile:profile", LOOK_AFTER),
    "status": ("status:status", LOOK_AFTER),
    "top": ("status:top", LOOK_AFTER),
    "calibrate": ("calibrate:commands", LOOK_AFTER),
    "help": ("help:show", LOOK_AFTER),
}


class Root(TyperGroup):
    """The help page of `landmarkd` itself: plain text, in half of the time that rich takes."""

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the page, and each panel's commands with the whole first sentence of their help."""
        super(TyperGroup, self).format_help(ctx, formatter)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the commands by panel, in the order of `COMMANDS`."""
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
    """Return the command line with some of the commands."""
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


def main() -> None:
    """Run the command line; a user's mistake ends in one sentence and a documented exit code."""
    _open_standard_streams()
    if sys.argv[1:2] == ["run"]:
        # Until the daemon obeys it: a reload that comes during the start must not end it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Imports make only what stays: a search for garbage meanwhile is a twelfth of the start.
        # The daemon turns it on once it has started.
        gc.disable()
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        code = int(ExitCode.OK)  # the reader of our output, `head` for example, has seen enough
    except OSError as error:
        # Whatever a file system, a device or a full standard output says where nobody asked.
        where = f"{error.filename}: " if error.filename is not None else ""
        code = _explain(SinkError(f"{where}{error.strerror or error}; choose another place."))
    except MemoryError:
        code = _explain(SourceLostError("There is not enough memory for this."))
    except Exception:
        traceback.print_exc()
        code = int(ExitCode.INTERNAL)
    else:
        sys.exit(code)
    # What the output still holds cannot be written, and the interpreter would try that again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def _open_standard_streams() -> None:
    """Make the standard streams exist and take any text.

    Where one was closed, the next file that is opened gets its number, and libraries write their
    messages into a recording. What the terminal's encoding lacks becomes a question mark.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper


def _explain(error: LandmarkdError) -> int:
    print(f"landmarkd: {error}", file=sys.stderr)
    return int(error.exit_code)


def _run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    # Only the chosen command's module is imported; the help page and a misspelt command need all.
    chosen = arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS
    if not arguments and "_LANDMARKD_COMPLETE" not in os.environ:
        arguments = ["--help"]
    try:
        if arguments == ["status"]:
            # Asked again and again by scripts: without its options it needs no parser, which takes
            # longer to import than the answer.
            import_module("landmarkd.cli.status").status()
        status = build(chosen)(arguments, prog_name="landmarkd", standalone_mode=False)
    except typer.Exit as done:
        return done.exit_code
    except LandmarkdError as error:
        return _explain(error)
    except TyperException as error:
        said = error.format_message().rstrip(".")
        said, _, meant = said.partition(". Did you mean ")
        said += f" (did you mean {meant})" if meant else ""
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "landmarkd"
        print(f"landmarkd: {said}; see {where} --help.", file=sys.stderr)
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return status if isinstance(status, int) else 0
