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


def main() -> None:
    """Run the command line; an error prints one sentence and has a documented exit code."""
    _open_standard_streams()
    if sys.argv[1:2] == ["run"]:
        # Until the daemon handles the signal: a reload during the start must not end it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Imports make only what stays: a search for garbage meanwhile is a twelfth of the start.
        # The daemon turns it on once it has started.
        gc.disable()
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        code = int(ExitCode.OK)  # the reader of the output, such as `head`, has closed it
    except OSError as error:
        # An error of a file system, a device or a full standard output that nothing else handled.
        where = f"{error.filename}: " if error.filename is not None else ""
        code = _explain(SinkError(f"{where}{error.strerror or error}; choose another place."))
    except MemoryError:
        code = _explain(SourceLostError("There is not enough memory for this."))
    except Exception:
        traceback.print_exc()
        code = int(ExitCode.INTERNAL)
    else:
        sys.exit(code)
    # The rest of the output cannot be written, and the interpreter would try that again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def _open_standard_streams() -> None:
    """Make sure that the standard streams exist and accept any text.

    If one is closed, the next opened file gets its number, and libraries would write their messages
    into a recording. Characters that the encoding of the terminal lacks become question marks.
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
    # Import only the module of the command; the help page and a wrong command need all.
    chosen = arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS
    if not arguments and "_LANDMARKD_COMPLETE" not in os.environ:
        arguments = ["--help"]
    try:
        if arguments == ["status"]:
            # Often called by scripts: without options it needs no parser, whose import is slow.
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
    except SystemExit as ended:
        # The parser makes this of a broken pipe, which `main` knows to be no error.
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise
    return status if isinstance(status, int) else 0
