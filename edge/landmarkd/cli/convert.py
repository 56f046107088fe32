"""`landmarkd convert`: a recording as a table or as JSON lines."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landmarkd.cli.options import ForceOption
from landmarkd.display import plain
from landmarkd.errors import MissingPackageError, SourceFormatError, UsageError
from landmarkd.files import create, refuse_existing, refuse_itself, writing

if TYPE_CHECKING:
    from landmarkd.wire.assembler import FrameRecord
    from landmarkd.wire.names import Selection
    from landmarkd.wire.schema import Hello

PARQUET_ROWS = 4096
"""Maximum of rows in memory."""


def convert(
    recording: Annotated[Path, typer.Argument(help="A file that the sink lmk:FILE wrote.")],
    target: Annotated[Path, typer.Argument(help="NAME.csv, NAME.jsonl or NAME.parquet.")],
    points: Annotated[
        str | None,
        typer.Option(help="none, 68, eyes or all; default: the points in the recording."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write a recording as a table (csv, parquet) or JSON lines, one row per frame.

    Example: landmarkd convert drive.lmk drive.csv --points 68
    """
    from landmarkd.receive import FrameStream
    from landmarkd.receive.stream import greeted

    writers = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
    write = writers.get(target.suffix)
    if write is None:
        raise UsageError(f"{target}: the name must end with one of {', '.join(writers)}.")
    refuse_existing(target, force=force)
    refuse_itself(target, recording)
    part = target.with_name(f".{target.name}.part")
    try:
        with writing(target, "choose another folder that exists"), FrameStream(recording) as stream:
            os.close(create(part))
            records = greeted(received.record for received in stream)
            known = (record for record in records if record.status is not None)
            written = write(part, known, points)
            trouble = stream.trouble
            if not written:
                raise SourceFormatError(f"{recording} holds no frames.")
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()
    if trouble:
        typer.echo(trouble, err=True)
    typer.echo(f"{plain(target, 1000)}: {written} frames", err=True)


def _jsonl(part: Path, records: "Iterator[FrameRecord]", points: str | None) -> int:
    from landmarkd.wire.jsonl import encode_record
    from landmarkd.wire.names import Selection

    written, chosen = 0, Selection.ALL if points is None else _selection(points)
    if chosen is Selection.EYES:
        raise UsageError("JSON lines carry none, 68 or all points.")
    with part.open("w", encoding="utf-8") as file:
        for record in records:
            if points is not None and record.hello is not None:
                _check_held(chosen, _held(record.hello))
            file.write(encode_record(record, selection=chosen) + "\n")
            written += 1
    return written


def _csv(part: Path, records: "Iterator[FrameRecord]", points: str | None) -> int:
    from landmarkd.sinks.csv_file import csv_line

    names, rows = _table(records, points)
    written = 0
    with part.open("wb") as file:
        file.write(csv_line(list(names)))
        for row in rows:
            file.write(csv_line(row))
            written += 1
    return written


def _parquet(part: Path, records: "Iterator[FrameRecord]", points: str | None) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingPackageError(
            "parquet needs pyarrow; pip install 'landmarkd[parquet]'."
        ) from error
    names, rows = _table(records, points)
    kinds = {int: pa.int64(), float: pa.float32(), str: pa.string()}
    precise = {"timestamp": pa.float64()}
    schema = pa.schema([(n, precise.get(n, kinds[kind])) for n, kind in names.items()])
    written = 0
    # Arrow itself refuses a name that is no UTF-8.
    with part.open("wb") as output, parquet.ParquetWriter(output, schema) as file:
        batch: list[list[Any]] = []

        def flush() -> None:
            columns = [list(column) for column in zip(*batch, strict=True)]
            file.write_table(pa.table(dict(zip(names, columns, strict=True)), schema))
            batch.clear()

        for row in rows:
            batch.append(row)
            written += 1
            if len(batch) == PARQUET_ROWS:
                flush()
        if batch:
            flush()
    return written


def _table(
    records: "Iterator[FrameRecord]", points: str | None
) -> tuple[dict[str, type], Iterator[list[Any]]]:
    """Return the columns, and an iterator over the rows."""
    from landmarkd.sinks.table import columns, row
    from landmarkd.wire.restore import report_of
    from landmarkd.wire.selection import indices_of

    first = next((record for record in records if record.hello is not None), None)
    if first is None or first.hello is None:
        return columns(0), iter(())
    held, layout = _held(first.hello), first.hello.layout
    chosen = held if points is None else _selection(points)
    _check_held(chosen, held)
    indices = indices_of(chosen, layout)
    kept = slice(None) if chosen is held else indices

    def rows() -> Iterator[list[Any]]:
        for record in chain((first,), records):
            report = report_of(record)
            if report is not None:
                values = record.points if record.selection is held else None
                yield row(report, None if values is None else values[kept], len(indices))

    return columns(len(indices)), rows()


def _held(hello: "Hello") -> "Selection":
    from landmarkd.wire.names import Selection

    try:
        return Selection(hello.selection)
    except ValueError as error:
        raise SourceFormatError(
            "The recording holds points that this landmarkd does not know; upgrade it."
        ) from error


def _check_held(chosen: "Selection", held: "Selection") -> None:
    from landmarkd.wire.names import Selection
    from landmarkd.wire.selection import NAMES

    if chosen not in (held, Selection.NONE) and held is not Selection.ALL:
        held_name = next(name for name, each in NAMES.items() if each is held)
        raise UsageError(f"The recording holds the points '{held_name}'; use these, or none.")


def _selection(points: str) -> "Selection":
    from landmarkd.wire.selection import NAMES

    if points not in NAMES:
        raise UsageError(f"--points is {points!r}; use one of {', '.join(NAMES)}.")
    return NAMES[points]
