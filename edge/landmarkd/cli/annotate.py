"""`landmarkd annotate`: overlay pictures and JSON lines from images and videos."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from landmarkd.cli.options import ConfigOption, ForceOption, ModelOption, read_configuration
from landmarkd.errors import EndOfStreamError, SourceError, SourceFormatError, UsageError
from landmarkd.files import (
    PRIVATE,
    read_bounded,
    reading,
    refuse_existing,
    write_atomic,
    writing,
)

if TYPE_CHECKING:
    from landmarkd.pipeline import Pipeline
    from landmarkd.types import Box, Report

OTHER_FOLDER = "choose another folder with --out"
MAX_BOXES_BYTES = 64 << 20
LARGEST_SIDE = 1 << 20
"""Limit of the coordinates of a box, pixels."""


def annotate(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT…", help="Pictures, folders of pictures, videos.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the pictures and videos with the overlay.")
    ] = None,
    jsonl: Annotated[
        str | None, typer.Option(help="File for JSON lines, or - for the terminal.")
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            help="JSON file from picture names to face boxes [x0, y0, x1, y1]; no detector."
        ),
    ] = None,
    model: ModelOption = None,
    config: ConfigOption = None,
    force: ForceOption = False,
) -> None:
    """Draw mesh, eyes, pose and driver state into pictures and videos.

    Example: landmarkd annotate drive.mp4 portraits/ --out overlays --jsonl points.jsonl
    """
    from landmarkd.camera import PICTURES
    from landmarkd.cli.progress import progress
    from landmarkd.pipeline import Pipeline

    if out is None and jsonl is None:
        raise UsageError("No output: add --out FOLDER for pictures or --jsonl FILE for numbers.")
    known = _read_boxes(boxes)
    files = list(dict.fromkeys(_files(inputs)))
    if jsonl not in {None, "-"} and Path(str(jsonl)).resolve() in {f.resolve() for f in files}:
        raise UsageError(f"{jsonl} is an input; name another file with --jsonl.")
    targets = _targets(files, out)
    # The lines may go to a pipe or a device; a picture or a video would replace it.
    lines_file = [Path(jsonl)] if jsonl is not None and Path(jsonl).is_file() else []
    for target in (*targets.values(), *lines_file):
        refuse_existing(target, force=force)
    damaged: list[SourceError] = []
    with ExitStack() as stack:
        pipeline = Pipeline(read_configuration(config, model=model))
        stack.callback(pipeline.close)
        lines = stack.enter_context(_lines(jsonl)) if jsonl else None
        if out is not None:
            with writing(out, OTHER_FOLDER):
                out.mkdir(parents=True, exist_ok=True)
        for path in progress(files, "annotate"):
            pipeline.reset()
            try:
                if path.suffix.lower() in PICTURES:
                    _picture(pipeline, path, known.get(path.name), targets.get(path), lines)
                else:
                    _video(pipeline, path, targets.get(path), lines)
            except SourceFormatError as error:
                damaged.append(error)
        if len(damaged) == len(files):
            raise damaged[0]
    for problem in damaged:
        typer.echo(f"Left out: {problem}", err=True)
    if damaged:
        typer.echo(f"{len(damaged)} of {len(files)} inputs could not be used.", err=True)


def _targets(files: list[Path], out: Path | None) -> dict[Path, Path]:
    """Return the output of each input; no output is an input, and all are different."""
    from landmarkd.camera import PICTURES

    if out is None:
        return {}
    taken = {path.resolve() for path in files}
    targets = {}
    for path in files:
        suffix = ".png" if path.suffix.lower() in PICTURES else ".mp4"
        names = (f"{path.stem}{suffix}", *(f"{path.stem}-{n}{suffix}" for n in range(2, 1 << 20)))
        target = next(out / name for name in names if (out / name).resolve() not in taken)
        taken.add(target.resolve())
        targets[path] = target
    return targets


def _picture(
    pipeline: "Pipeline", path: Path, box: "Box | None", target: Path | None, lines: TextIO | None
) -> None:
    from landmarkd.camera import make_source
    from landmarkd.types import Frame

    with make_source(_uri("images", path), fast=True) as source:
        frame = source.read(1.0)
    frame = Frame(str(path), frame.sequence, frame.captured_ns, frame.image)
    report = pipeline.process(frame, box=box, still=True)
    _write_line(lines, report)
    if target is not None:
        import cv2

        from landmarkd.overlay import draw

        _, content = cv2.imencode(target.suffix, draw(frame.image, report, pipeline.layout))
        with writing(target, OTHER_FOLDER):
            write_atomic(target, content.tobytes(), durable=False)


def _video(pipeline: "Pipeline", path: Path, target: Path | None, lines: TextIO | None) -> None:
    from landmarkd.camera import make_source
    from landmarkd.overlay import draw
    from landmarkd.overlay_video import OverlayVideo
    from landmarkd.types import Frame

    with ExitStack() as stack:
        source = stack.enter_context(make_source(_uri("file", path), fast=True))
        video = None
        if target is not None:
            video = stack.enter_context(OverlayVideo(target, source.period_s or 1 / 30))
        try:
            while True:
                taken = source.read(1.0)
                frame = Frame(str(path), taken.sequence, taken.captured_ns, taken.image)
                report = pipeline.process(frame)
                _write_line(lines, report)
                if video is not None:
                    video.write(draw(frame.image, report, pipeline.layout), frame.captured_ns)
        except EndOfStreamError:
            pass


def _files(inputs: list[Path]) -> Iterator[Path]:
    from landmarkd.camera.images import find_pictures

    for path in inputs:
        if not path.exists():
            raise SourceError(f"{path}: no such file or folder.")
        yield from find_pictures(path) if path.is_dir() else (path,)


def _uri(scheme: str, path: Path) -> str:
    from urllib.parse import quote

    return f"{scheme}:{quote(os.fsencode(path))}"


def _read_boxes(path: Path | None) -> "dict[str, Box]":
    if path is None:
        return {}
    try:
        with reading(path, remedy="name a readable JSON file"):
            values = json.loads(read_bounded(path, MAX_BOXES_BYTES))
    except (ValueError, RecursionError) as error:
        raise SourceFormatError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise SourceFormatError(
            f"{path}: expected an object that maps file names to [x0, y0, x1, y1]."
        )
    return {name: _box(path, name, value) for name, value in values.items()}


def _box(path: Path, name: str, value: object) -> "Box":
    if (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(part, int | float) and not isinstance(part, bool) for part in value)
    ):
        x0, y0, x1, y1 = value
        # Compared as integers, because an integer may be larger than any float.
        if all(-LARGEST_SIDE < part < LARGEST_SIDE for part in value) and x1 > x0 and y1 > y0:
            return float(x0), float(y0), float(x1), float(y1)
    raise SourceFormatError(
        f"{path}: {name}: expected [x0, y0, x1, y1] with x1 > x0 and y1 > y0, got {value!r}."
    )


def _lines(target: str) -> TextIO:
    if target == "-":
        import sys

        return open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)
    with writing(target, "choose another file with --jsonl"):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        return open(
            target, "w", encoding="utf-8", opener=lambda name, _: os.open(name, flags, PRIVATE)
        )


def _write_line(lines: TextIO | None, report: "Report") -> None:
    if lines is not None:
        from landmarkd.wire.jsonl import encode

        lines.write(encode(report) + "\n")
