"""`landmarkd report`: a recording as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from landmarkd.cli.options import ForceOption
from landmarkd.display import plain
from landmarkd.files import PRIVATE, refuse_existing, refuse_itself, write_atomic, writing


def report(
    recording: Annotated[
        Path, typer.Argument(help="A recording, .lmk, or JSON lines of run, listen or annotate.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File of the page; default: beside the recording."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Make an HTML page of a drive: eyes, PERCLOS, head, gaze zones and events over time.

    It has no picture of a person.

    Example: landmarkd run --sink jsonl:drive.jsonl …; landmarkd report drive.jsonl
    """
    from landmarkd.enums import EventKind
    from landmarkd.web.drive import read_drive
    from landmarkd.web.report import page

    target = out or recording.parent / f"{recording.stem}.html"
    refuse_itself(target, recording)
    refuse_existing(target, force=force)
    drive = read_drive(recording)
    text = page(drive)
    with writing(target, "choose another place with --out"):
        write_atomic(target, text.encode(errors="replace"), mode=PRIVATE)
    if drive.trouble:
        typer.echo(drive.trouble, err=True)
    blinks = sum(event.kind == EventKind.BLINK for event in drive.events)
    others = len({(event.run, event.id) for event in drive.events if event.kind != EventKind.BLINK})
    print(
        f"Wrote {plain(target, 1000)}: {drive.frames} frames, {drive.seconds:.1f} s, "
        f"{blinks} blinks, {others} other events."
    )
