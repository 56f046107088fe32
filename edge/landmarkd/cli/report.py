"""`landmarkd report`: a recording as one page to look at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from landmarkd.errors import (
    AccessError,
    SinkError,
    SourceError,
    SourceFormatError,
)

LONGEST_LINE = 1 << 20
"""A line of JSON with all points has about 30 kB; more than this is no line of ours."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Try it")(report)


def report(
    recording: Annotated[
        Path, typer.Argument(help="A recording, .lmk, or JSON lines of run, listen or annotate.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page; default: beside it, .html.")
    ] = None,
) -> None:
    """Make an HTML page of a drive: eyes, PERCLOS, head, gaze zones and events over time. No picture of anybody.

    Example: landmarkd run --sink jsonl:drive.jsonl …; landmarkd report drive.jsonl
    """
    from landmarkd.web.report import page

    drive = read_drive(recording)
    target = out or recording.with_suffix(".html")
    try:
        target.write_text(page(drive), encoding="utf-8")
    except PermissionError as error:
        raise AccessError(
            f"{target}: no permission to write there; choose another place with --out."
        ) from error
    except OSError as error:
        raise SinkError(f"{target}: {error.strerror}; choose another place with --out.") from error
    print(
        f"Wrote {target}: {len(drive.moments)} frames, {drive.seconds:.1f} s, {len(drive.events)} event phases."
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """What one frame says; None is unknown."""

    seconds: float
    face: bool
    left: float | None = None
    right: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    gaze_yaw: float | None = None
    zone: str | None = None
    attention: str | None = None
    perclos: float | None = None
    mouth: float | None = None


@dataclass(slots=True)
class Drive:
    """A recording, read."""

    name: str
    moments: list[Moment] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first to the last frame."""
        return self.moments[-1].seconds if self.moments else 0.0


def read_drive(path: Path) -> Drive:
    """Read a recording.

    Raises:
        SourceError: it is missing or cannot be read.
        SourceFormatError: it holds no frame, or something else.
    """
    records = _wire_records(path) if path.suffix == ".lmk" else _lines(path)
    drive = Drive(path.name)
    began: int | None = None
    told: set[tuple[int, str, str]] = set()
    for record in records:
        captured = record.get("captured_ns")
        if not isinstance(captured, int):
            raise SourceFormatError(
                f"{path}: a record has no captured_ns; is it JSON lines of landmarkd?"
            )
        began = captured if began is None else began
        drive.moments.append(_moment(record, (captured - began) / 1e9))
        for event in _dictionary(record.get("driver")).get("events") or []:
            # On the wire each phase is repeated until the next; one is enough here.
            key = (event["id"], event["kind"], event["phase"])
            if key not in told:
                told.add(key)
                drive.events.append({**event, "seconds": (event["at_ns"] - began) / 1e9})
    if not drive.moments:
        raise SourceFormatError(
            f"{path} holds no frame; record with --sink jsonl:FILE or --sink lmk:FILE."
        )
    drive.moments.sort(key=lambda moment: moment.seconds)
    return drive


def _moment(record: dict[str, Any], seconds: float) -> Moment:
    face, driver = _dictionary(record.get("face")), _dictionary(record.get("driver"))
    eyes, pose, gaze = (_dictionary(face.get(name)) for name in ("eyes", "pose", "gaze"))
    return Moment(
        seconds,
        bool(face),
        _number(_dictionary(eyes.get("left")).get("openness")),
        _number(_dictionary(eyes.get("right")).get("openness")),
        _number(pose.get("yaw")),
        _number(pose.get("pitch")),
        _number(gaze.get("yaw")),
        gaze.get("zone"),
        driver.get("attention"),
        _number(driver.get("perclos")),
        _number(driver.get("mouth_openness")),
    )


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    number = 0
    for line in _raw_lines(path):
        number += 1
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number > 1 and not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                return  # the last line of a recording that was cut off
            raise SourceFormatError(f"{path}: line {number} is not JSON.") from error
        if not isinstance(record, dict):
            raise SourceFormatError(f"{path}: line {number} is no record of landmarkd.")
        yield record


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST_LINE):
                yield line
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}; name a recording that can be read."
        ) from error


def _wire_records(path: Path) -> Iterator[dict[str, Any]]:
    from landmarkd.receive import FrameStream
    from landmarkd.wire.jsonl import encode_record

    if not path.is_file():
        raise SourceError(f"{path}: no such file; name a recording.")
    with FrameStream(path) as stream:
        for _, frame in stream:
            if frame.status is not None:
                yield json.loads(encode_record(frame))
    if stream.trouble:
        typer.echo(stream.trouble, err=True)
