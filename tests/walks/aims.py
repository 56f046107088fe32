"""The five aims of docs/start.md: its commands, what a reader fills in, and the first number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "start.md"
SAVED = re.compile(
    r"Save this as `(\S+)`.*?run it with\s+`([^`]+)`.*?```python\n(.*?)```", re.DOTALL
)
YAW = r"[+-]?\d+\.\d"


@dataclass(frozen=True, slots=True)
class Aim:
    """A walk through one section.

    Attributes:
        heading: of the section.
        suite: of Debian that is walked on.
        filled: placeholders of the page, and the values for them.
        number: the first number that the reader can check, in the output of `last` or of a
            neighbour.
        last: the beginning of the command that shows it.
        endless: the beginning of a command that Ctrl-C ends, and the text to wait for.
        hold_s: how long that goes on, seconds.
        neighbour: what runs beside it: "opentrack" or "microcontroller".
    """

    heading: str
    suite: str
    number: re.Pattern[str]
    last: str
    filled: Mapping[str, str] = field(default_factory=dict)
    endless: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    hold_s: float = 0.0
    neighbour: str = ""


AIMS = {
    "flight": Aim(
        "Head tracking for a simulator",
        "trixie",
        re.compile(rf"opentrack received yaw ({YAW})"),
        "landmarkd run",
        {"GAMING-PC": "127.0.0.1"},
        neighbour="opentrack",
    ),
    "driver": Aim(
        "Driver monitoring",
        "bookworm",
        re.compile(r"Wrote .*: (\d+) frames"),
        "landmarkd report",
        {"REPOSITORY": "/srv/landmarkd"},
        {"landmarkd run": re.compile(r"drive-.*\.lmk")},
        hold_s=8.0,
    ),
    "microcontroller": Aim(
        "Microcontroller",
        "trixie",
        re.compile(rf"microcontroller received yaw ({YAW})"),
        "landmarkd run",
        neighbour="microcontroller",
    ),
    "profiling": Aim(
        "Profiling",
        "trixie",
        re.compile(r"(\d+\.\d\d) ms of CPU time a frame"),
        "landmarkd profile",
    ),
    "python": Aim(
        "Python",
        "trixie",
        (shown := re.compile(rf"^yaw ({YAW})", re.MULTILINE)),
        "landmarks/bin/python",
        endless={"landmarks/bin/python": shown},
    ),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a page: commands in order, and the files that the reader saves first."""

    commands: tuple[str, ...]
    files: Mapping[str, str]


def section(heading: str, page: Path = PAGE) -> Section:
    """Return the commands and files of a section.

    Raises:
        KeyError: there is no such section.
    """
    parts = dict(
        re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    )
    text = parts[heading]
    saved = re.search(
        r"Save this as `(\S+)`.*?run it with\s+`([^`]+)`.*?```python\n(.*?)```", text, re.DOTALL
    )
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    commands = re.findall(r"^    (\S.*)$", prose, re.MULTILINE)
    if saved is None:
        return Section(tuple(commands), {})
    return Section((*commands, saved[2]), {saved[1]: saved[3]})


def filled(command: str, aim: Aim) -> str:
    """Return a command with its placeholders filled in."""
    for name, value in aim.filled.items():
        command = command.replace(name, value)
    return command
