"""The first minutes of a new user, timed: docs/start.md, typed into a fresh Debian.

    sudo .venv/bin/python -m tests.walks [--transcript FILE] [AIM...]

For each aim a Debian of its own is unpacked (mmdebstrap, kept in ~/.cache/landmarkd-walks), with
sudo, the network, and a fake USB camera (tests/camera/uvc). Every command of the aim's section is
typed as written. The files that a reader downloads first are in Downloads: the Debian packages of
dist (`make deb`) and a wheel of this checkout. Wall time includes downloads.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.camera.uvc.fake import build
from tests.walks.aims import AIMS, Aim, filled, section
from tests.walks.neighbours import ROOT, Microcontroller, Neighbour, Opentrack
from tests.walks.room import USER, Done, Terminal, base, room

CACHE = Path(os.environ.get("LANDMARKD_WALKS_CACHE", "~/.cache/landmarkd-walks")).expanduser()
ENDED = (0, 130)
"""Exit codes of a command that succeeded, or was ended by Ctrl-C."""
SHOWN = 14
"""Last lines of an output that the transcript shows."""


def main() -> int:
    """Run the walks and print the results; the exit code is 1 if a walk reached no number."""
    parser = argparse.ArgumentParser(prog="python -m tests.walks")
    parser.add_argument("aims", nargs="*", choices=[*AIMS, []], metavar="AIM", help=", ".join(AIMS))
    parser.add_argument("--transcript", type=Path)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("this makes root folders of its own; run it as root")
    lines, summary = [], []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        camera = build(scratch / "camera").folder
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", scratch, ROOT]
        subprocess.run(command, check=True)
        (wheel,) = scratch.glob("*.whl")
        for chosen in arguments.aims or AIMS:
            aim = AIMS[chosen]
            debs = sorted((ROOT / "dist").glob(f"landmarkd_*~{aim.suite}_amd64.deb"))
            archive = base(CACHE, aim.suite)
            with room(archive, [wheel, *debs], camera, ROOT) as folder:
                summary.append(walk(chosen, aim, folder, scratch, lines))
    print("\n".join([*lines, "", *summary]))
    if arguments.transcript:
        arguments.transcript.write_text("\n".join([*lines, "", *summary]) + "\n")
    return int(any("no number" in line for line in summary))


def neighbour(aim: Aim, scratch: Path) -> Neighbour | None:
    """Return the neighbour of an aim, if any."""
    if aim.neighbour == "opentrack":
        return Opentrack()
    return Microcontroller(scratch) if aim.neighbour == "microcontroller" else None


def walk(name: str, aim: Aim, folder: Path, scratch: Path, lines: list[str]) -> str:
    """Type the section's commands; return a line with the times until the first number."""
    asked = section(aim.heading)
    for file, text in asked.files.items():
        path = folder / "home" / USER / file
        path.write_text(text)
        path.chmod(0o644)
    lines += ["", f"== {name}: {aim.heading}, fresh {aim.suite}"]
    wall = processor = 0.0
    beside = neighbour(aim, scratch)
    with Terminal(folder, beside.serial if beside else "") as terminal:
        # Not counted: a machine in use has its lists of packages.
        terminal.type("sudo apt-get update -qq")
        for typed in asked.commands:
            command = filled(typed, aim)
            done, number = step(terminal, command, aim, beside)
            wall, processor = wall + done.wall_s, processor + done.processor_s
            shown = [line.rstrip() for line in done.output.splitlines() if line.strip()]
            shown = [line for line in shown if line.strip() != command and "@@" not in line]
            lines.append(f"$ {command}")
            lines += [f"    {line}" for line in shown[-SHOWN:]]
            ended = f"exit {done.code}, " if done.code not in ENDED else ""
            times = f"{done.wall_s:.1f} s, processor {done.processor_s:.1f} s"
            lines.append(f"    [{ended}{times}; so far {wall:.0f} s, processor {processor:.0f} s]")
            print(f"{name}: $ {command}  [{ended}{times}]", file=sys.stderr, flush=True)
            if done.code not in ENDED:
                break
            if number:
                if beside is not None:
                    lines.append(f"    {beside.said}")
                return (
                    f"{name:<16} {aim.suite:<9} {number:>7}  after {wall:4.0f} s, "
                    f"processor {processor:4.0f} s"
                )
    return f"{name:<16} {aim.suite:<9} no number after {wall:.0f} s"


def step(
    terminal: Terminal, command: str, aim: Aim, beside: Neighbour | None
) -> tuple[Done, str | None]:
    """Type one command; return its result and the first number, if it showed one."""
    last = command.startswith(aim.last)
    if last and beside is not None:
        with beside:
            done = terminal.type(command, until=beside.heard)
        found = aim.number.search(beside.said)
    else:
        until = next((p for start, p in aim.endless.items() if command.startswith(start)), None)
        done = terminal.type(command, until=until, hold_s=aim.hold_s)
        found = aim.number.search(done.output) if last else None
    return done, found[1] if found else None


if __name__ == "__main__":
    sys.exit(main())
