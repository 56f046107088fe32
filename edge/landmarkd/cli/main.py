"""The command `landmarkd`: families of commands, and what a mistake looks like to its user."""

import sys
from importlib import import_module

import typer
from typer.exceptions import TyperException

from landmarkd.errors import ExitCode, LandmarkdError

# Modules of this package, in the order of the help page. Each has `register(app)` and imports
# nothing heavy at module level, so that `landmarkd run` starts fast.
FAMILIES = (
    "run",
    "demo",
    "annotate",
    "configuration",
    "listen",
    "replay",
    "key",
    "view",
    "report",
    "models",
    "doctor",
    "profile",
    "status",
    "calibrate",
)


def build() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        name="landmarkd",
        help="gpsd for faces: camera frames in, dense 3D facial landmarks out, over serial or UDP.",
        epilog=f"Exit codes: {', '.join(f'{code.value} {code.name.lower()}' for code in ExitCode)}.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for family in FAMILIES:
        import_module(f"landmarkd.cli.{family}").register(app)
    return app


def main() -> None:
    """Run the command line; every error a user can make ends in one sentence and a documented exit code."""
    try:
        status = build()(standalone_mode=False)
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
