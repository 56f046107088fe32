"""The command `landmarkd`: how it begins and ends, and how an error is printed.

Only what is light is imported at the top: until `main` runs, Ctrl-C prints a traceback.
"""

import gc
import io
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from landmarkd import interrupt
from landmarkd.errors import ExitCode, LandmarkdError, SinkError, SourceLostError

if TYPE_CHECKING:
    from typing_extensions import Buffer

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell says it."""


def main() -> None:
    """Run the command line; an error prints one sentence and has a documented exit code."""
    with interrupt.obeyed():
        try:
            code = _command()
        except KeyboardInterrupt:
            # What is not yet written may wait for a reader that hangs.
            interrupt.handled()
            _forget_output()
            code = INTERRUPTED
    sys.exit(code)


def _command() -> int:
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
        import traceback

        traceback.print_exc()
        code = int(ExitCode.INTERNAL)
    else:
        return code
    _forget_output()
    return code


def _forget_output() -> None:
    """Drop the rest of the output: it cannot be written, and the interpreter would try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


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
    original = sys.__stderr__
    if original is not None and sys.stderr is original:  # else a program has its own
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Messages(2, "w", closefd=False)),
            encoding=original.encoding,
            errors=original.errors,
            line_buffering=True,
        )


class _Messages(io.FileIO):
    """Standard error: a message that cannot be written changes neither the work nor the exit code.

    It may be a file on a full disk, or a pipe whose reader has ended.
    """

    def write(self, content: "Buffer", /) -> int:
        try:
            return super().write(content)
        except OSError:
            return memoryview(content).nbytes


def _explain(error: LandmarkdError) -> int:
    print(f"landmarkd: {error}", file=sys.stderr)
    return int(error.exit_code)


def _run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    import typer
    from typer.exceptions import TyperException

    from landmarkd.cli.commands import COMMANDS, build

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
    except typer.Abort as ended:  # what the parser makes of Ctrl-C
        raise KeyboardInterrupt from ended
    except SystemExit as ended:
        # The parser makes this of a broken pipe, which `main` knows to be no error.
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise
    return status if isinstance(status, int) else 0
