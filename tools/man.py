"""`make man`: manual pages from the commands' own help, one for each command.

GNU help2man writes them from the output of `--help`, so no text is kept twice. Debian's own
packages use it; click-man needs click, which typer no longer uses.

Usage: python -m tools.man [FOLDER]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer
from landmarkd import __version__
from landmarkd.cli.commands import COMMANDS, build
from landmarkd.errors import ExitCode

FOLDER = Path("build/man")
# Long lines, so that no help is cut off; the exit codes have a section of their own.
PROGRAM = """
import sys, typer
from landmarkd.cli.commands import COMMANDS, build

command = typer.main.get_command(build(COMMANDS))
command.epilog = None
arguments = {words} + sys.argv[1:]
command(arguments, prog_name="landmarkd", terminal_width=400, max_content_width=400)
"""
INCLUDED = """[exit status]
{codes}

[see also]
.BR landmarkd (1)
and the pages of the documentation: landmarkd help
"""


def tree() -> Iterator[tuple[tuple[str, ...], typer.core.TyperCommand]]:
    """Yield the words of each command and the command, that of landmarkd itself first."""
    todo = [((), typer.main.get_command(build(COMMANDS)))]
    while todo:
        words, command = todo.pop(0)
        yield words, command
        todo += [((*words, name), each) for name, each in getattr(command, "commands", {}).items()]


def commands() -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words and the purpose of each command, one sentence without the full stop."""
    for words, command in tree():
        purpose = (command.help or "").strip().partition("\n\n")[0]
        yield words, " ".join(purpose.split()).rstrip(".")


def write(folder: Path) -> list[Path]:
    """Write all pages into a folder and return them.

    Raises:
        CalledProcessError: help2man failed on the help of a command.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # help2man reads plain text, not boxes.
    plain = os.environ | {"TYPER_USE_RICH": "0", "LC_ALL": "C.UTF-8"}
    pages = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        codes = "\n".join(
            f".TP\n.B {code.value}\n{code.name.lower().replace('_', ' ')}" for code in ExitCode
        )
        (scratch / "more.h2m").write_text(INCLUDED.format(codes=codes))
        for words, purpose in commands():
            title = "-".join(("landmarkd", *words))
            script = scratch / title
            script.write_text(f"#!{sys.executable}\n{PROGRAM.format(words=list(words))}")
            script.chmod(0o755)
            page = folder / f"{title}.1"
            options = [f"--name={purpose}", f"--include={scratch}/more.h2m", f"--output={page}"]
            options += ["--no-info", f"--version-string={__version__}", "--locale=C.UTF-8"]
            subprocess.run(["help2man", *options, script], check=True, env=plain)  # noqa: S603, S607
            pages.append(page)
    return pages


def main(folder: Path = FOLDER) -> int:
    """Write the pages; return the exit code."""
    if shutil.which("help2man") is None:
        sys.stderr.write("help2man is missing: sudo apt install help2man\n")
        return 69
    sys.stdout.write(f"{len(write(folder))} pages in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
