"""`landmarkd replay`: play a recording to sinks, at the pace it was recorded at."""

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.errors import ExitCode, SourceFormatError, UsageError

if TYPE_CHECKING:
    from landmarkd.wire.assembler import FrameRecord

LONGEST_PAUSE_S = 5.0
"""A gap in the recording is waited for no longer than this."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    recording: Annotated[Path, typer.Argument(help="A file that the sink lmk:FILE wrote.")],
    sink: Annotated[list[str], typer.Option(help="Where to; may be given several times.")],
    fast: Annotated[bool, typer.Option("--fast", help="As fast as the sinks take it.")] = False,
    start: Annotated[
        float, typer.Option("--from", min=0.0, help="Begin so many seconds into the recording.")
    ] = 0.0,
    frames: Annotated[int, typer.Option(min=0, help="End after so many frames; 0 is all.")] = 0,
) -> int:
    """Play a recording to one or more sinks at its own pace.

    Example: landmarkd replay drive.lmk --sink udp://192.168.1.20:5005 --sink jsonl:drive.jsonl
    """
    from landmarkd.sinks import make_sink
    from landmarkd.wire.restore import read_frames, report_of, session_of

    if not sink:
        raise UsageError("Say where to play it: --sink udp://HOST:PORT, for example.")
    records = read_frames(recording)
    first = next(records, None)
    if first is None or first.hello is None:
        raise SourceFormatError(f"{recording} holds no frames.")
    session = replace(session_of(first.hello), boot_id=secrets.randbits(64))
    begin_ns = first.captured_ns + round(start * 1e9)
    played = 0
    with ExitStack() as stack:
        sinks = [stack.enter_context(make_sink(uri, session)) for uri in sink]
        try:
            for record in _paced(_chain(first, records), begin_ns, fast):
                report = report_of(record)
                if report is None:
                    continue
                for each in sinks:
                    each.submit(report, wait=fast)
                played += 1
                if frames and played >= frames:
                    break
        except KeyboardInterrupt:
            pass  # the usual way to end it early
    for each in sinks:
        statistics = each.statistics
        typer.echo(f"{each.uri}: {statistics.sent} sent, {statistics.dropped} dropped", err=True)
    return int(ExitCode.OK if played else ExitCode.DATA)


def _chain(first: "FrameRecord", rest: "Iterator[FrameRecord]") -> "Iterator[FrameRecord]":
    yield first
    yield from rest


def _paced(records: "Iterator[FrameRecord]", begin_ns: int, fast: bool) -> "Iterator[FrameRecord]":
    """Yield each frame when as much time has passed as between the captures."""
    due, last_ns = time.monotonic(), None
    for record in records:
        if record.captured_ns < begin_ns:
            continue
        if not fast and last_ns is not None:
            pause = min(LONGEST_PAUSE_S, max(0.0, (record.captured_ns - last_ns) / 1e9))
            due = max(due + pause, time.monotonic() - 1.0)
            time.sleep(max(0.0, due - time.monotonic()))
        last_ns = record.captured_ns
        yield record
