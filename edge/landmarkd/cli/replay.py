"""`landmarkd replay`: play a recording to sinks, at its own pace."""

import secrets
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from landmarkd.cli.options import MAX_SECONDS
from landmarkd.errors import ExitCode, SourceFormatError, UsageError
from landmarkd.files import refuse_itself
from landmarkd.interrupt import usual_end
from landmarkd.uri import named_file


def replay(
    recording: Annotated[Path, typer.Argument(help="A file that the sink lmk:FILE wrote.")],
    sink: Annotated[list[str], typer.Option(help="URI of a sink; may be given several times.")],
    fast: Annotated[bool, typer.Option("--fast", help="As fast as the sinks accept it.")] = False,
    start: Annotated[
        float,
        typer.Option(
            "--from", min=0.0, max=MAX_SECONDS, help="Begin this many seconds into the recording."
        ),
    ] = 0.0,
    frames: Annotated[int, typer.Option(min=0, help="End after this many frames; 0: all.")] = 0,
) -> int:
    """Play a recording to one or more sinks at its own pace.

    A recording made with points=68 or points=eyes is played without points.

    Example: landmarkd replay drive.lmk --sink udp://192.168.1.20:5005 --sink jsonl:drive.jsonl
    """
    from landmarkd.pace import Pacer
    from landmarkd.receive import FrameStream
    from landmarkd.receive.stream import greeted
    from landmarkd.sinks import make_sink
    from landmarkd.wire.restore import report_of, session_of

    if not sink:
        raise UsageError("No sink: add one, for example --sink udp://HOST:PORT.")
    for uri in sink:
        refuse_itself(named_file(uri), recording, uri)
    played, pacer = 0, Pacer()
    with ExitStack() as stack:
        stream = stack.enter_context(FrameStream(recording))
        records = greeted(received.record for received in stream)
        first = next((record for record in records if record.hello is not None), None)
        if first is None or first.hello is None:
            raise SourceFormatError(f"{recording} holds no frames.")
        session = replace(session_of(first.hello), boot_id=secrets.randbits(64))
        begin_ns = first.captured_ns + round(start * 1e9)
        sinks = [stack.enter_context(make_sink(uri, session)) for uri in sink]
        ended = True
        with usual_end():
            for record in chain((first,), records):
                report = report_of(record)
                if report is None or record.captured_ns < begin_ns:
                    continue
                if not fast:
                    pacer.wait(record.captured_ns)
                for each in sinks:
                    each.submit(report, wait=fast)
                played += 1
                if (frames and played >= frames) or all(each.gone for each in sinks):
                    break
            ended = False
    if stream.trouble:
        typer.echo(stream.trouble, err=True)
    for each in sinks:
        statistics = each.statistics
        typer.echo(f"{each.uri}: {statistics.sent} sent, {statistics.dropped} dropped", err=True)
    if not played and not ended:
        raise SourceFormatError(
            f"{recording} has no frames from {start:g} s on; choose an earlier --from."
        )
    return int(ExitCode.OK)
