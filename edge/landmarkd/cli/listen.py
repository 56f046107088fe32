"""`landmarkd listen`: show the messages of a UDP port, a serial line or a recording."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.cli.options import MAX_SECONDS
from landmarkd.errors import ExitCode, UsageError
from landmarkd.interrupt import usual_end

if TYPE_CHECKING:
    from landmarkd.cli.listen_output import Output
    from landmarkd.receive import FrameStream, ReceivedFrame


def listen(
    uri: Annotated[
        str,
        typer.Argument(
            help="udp://:5005, serial:///dev/ttyUSB0?baud=921600, /dev/ttyUSB0 or lmk:FILE"
        ),
    ],
    jsonl: Annotated[
        str | None, typer.Option(help="Write JSON lines to this file; - is standard output.")
    ] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="Print every message with all its fields.")
    ] = False,
    frames: Annotated[
        int, typer.Option(min=0, help="End after this many frames; 0: no limit.")
    ] = 0,
    duration: Annotated[
        float,
        typer.Option(min=0.0, max=MAX_SECONDS, help="End after this many seconds; 0: no limit."),
    ] = 0.0,
) -> int:
    """Decode a stream, and show a live table, JSON lines, or each message.

    Exit code: 0 if frames arrived, 75 if there were none.

    Examples: landmarkd listen udp://:5005 · landmarkd listen /dev/ttyUSB0 --jsonl drive.jsonl
    """
    from landmarkd.cli.listen_output import JsonOutput, MessageOutput, TableOutput
    from landmarkd.receive import FrameStream

    if jsonl is not None and messages:
        raise UsageError("--jsonl and --messages cannot be combined: use one of them.")
    output: Output
    if jsonl is not None:
        output = JsonOutput(jsonl)
    else:
        output = MessageOutput() if messages else TableOutput(uri)
    stream = FrameStream(uri, on_packet=output.packet)
    seen = 0
    with stream, output, usual_end():
        for sender, record in _frames(stream, output, duration):
            output.record(sender, record)
            seen += record.status is not None
            if frames and seen >= frames:
                break
    counters = stream.counters
    typer.echo(
        f"{seen} frames in {counters.packets} messages, {counters.bytes} bytes; "
        f"{counters.missing} messages missing, {counters.rejected} rejected "
        f"(checksum {counters.bad_checksum}, foreign {counters.foreign}, "
        f"malformed {counters.malformed}, garbled {counters.garbled}, "
        f"unauthentic {counters.unauthentic}, replayed {counters.replayed}, "
        f"stale {counters.stale}).",
        err=True,
    )
    if stream.trouble:
        typer.echo(stream.trouble, err=True)
    if not seen and counters.rejected:
        typer.echo(
            "Bytes arrived, but no valid frame: check the baud rate, the key, the versions of both "
            "sides and, with a key, both clocks.",
            err=True,
        )
    return int(ExitCode.OK if seen else ExitCode.TEMPORARY)


def _frames(stream: "FrameStream", output: "Output", duration: float) -> "Iterator[ReceivedFrame]":
    """Yield frames until the time is over or the recording ends."""
    started = time.monotonic()
    while not stream.ended and (not duration or time.monotonic() - started < duration):
        yield from stream.poll()
        output.tick(stream.counters)
