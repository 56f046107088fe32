"""Common options of several commands, and how they override the configuration file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from landmarkd.settings.config import Configuration

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration file; default /etc/landmarkd.toml if it exists."
    ),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="A landmark model; see landmarkd models.")
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        "-s",
        help="camera, 0, /dev/video0, clip.mp4, a folder of pictures, rtsp://… or demo; "
        "see landmarkd help sources.",
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace files that exist already with the same name.")
]
SinkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sink",
        "-k",
        help="udp://host:port, serial:///dev/ttyAMA0, jsonl:path, …; may be given several times; "
        "see landmarkd help sinks. Put a URI with & in quotes.",
    ),
]

MAX_SECONDS = 1_000_000_000
"""Largest time on the command line: 31 years, which also excludes inf."""


def read_configuration(
    path: Path | None,
    *,
    source: str | None = None,
    sinks: list[str] | None = None,
    model: str | None = None,
) -> "Configuration":
    """Return the configuration: command line over file over defaults.

    Raises:
        ConfigurationError: the file is wrong.
    """
    from landmarkd.camera import written_out
    from landmarkd.settings.config import load_configuration, validated
    from landmarkd.uri import unicode_uri

    values = load_configuration(path).model_dump(exclude_unset=True)
    if source is not None:
        if unicode_uri(source) != source:  # before the name of a file is taken for a part of a URI
            source = unicode_uri(written_out(source))
        values.setdefault("source", {})["uri"] = source
    if model is not None:
        values.setdefault("model", {})["name"] = model
    if sinks:
        values["sinks"] = list(map(unicode_uri, sinks))
    return validated(values, "the command line")
