"""`landmarkd listen`: what arrives on a UDP port, on a serial line or lies in a recording."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.errors import EndOfStreamError, ExitCode, UsageError

if TYPE_CHECKING:
    from landmarkd.cli.listen_output import Output
    from landmarkd.receive.receiver import Receiver
    from landmarkd.wire.assembler import Assembler, FrameRecord

POLL_S = 0.1
"""Longest wait for data before the table is drawn again and the clock is looked at."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(listen)


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
    plot: Annotated[bool, typer.Option("--plot", help="Draw the last seconds as curves.")] = False,
    frames: Annotated[int, typer.Option(min=0, help="End after so many frames; 0 is never.")] = 0,
    duration: Annotated[
        float, typer.Option(min=0.0, help="End after so many seconds; 0 is never.")
    ] = 0.0,
) -> int:
    """Decode a stream: a live table, curves, JSON lines, or message by message.

    Ends with 0 when frames arrived, and with 75 when there were none.

    Examples: landmarkd listen udp://:5005 · landmarkd listen /dev/ttyUSB0 --jsonl drive.jsonl
    """
    from landmarkd.cli.listen_output import JsonOutput, MessageOutput, TableOutput
    from landmarkd.cli.listen_plot import PlotOutput
    from landmarkd.receive.receiver import make_receiver

    if (jsonl is not None) + messages + plot > 1:
        raise UsageError("--jsonl, --messages and --plot exclude each other: choose one.")
    receiver = make_receiver(uri)
    output: Output
    if jsonl is not None:
        output = JsonOutput(jsonl)
    else:
        output = MessageOutput() if messages else PlotOutput(uri) if plot else TableOutput(uri)
    seen = 0
    with receiver, output:
        try:
            for sender, record in _records(receiver, output, duration):
                output.record(sender, record)
                seen += record.status is not None
                if frames and seen >= frames:
                    break
        except KeyboardInterrupt:
            pass  # the usual way to end it
    counters = receiver.counters
    typer.echo(
        f"{seen} frames in {counters.packets} messages, {counters.bytes} bytes; {counters.missing} messages missing, "
        f"{counters.rejected} rejected (checksum {counters.bad_checksum}, foreign {counters.foreign}, "
        f"malformed {counters.malformed}, garbled {counters.garbled}, unauthentic {counters.unauthentic}, "
        f"replayed {counters.replayed}).",
        err=True,
    )
    if not seen and counters.rejected:
        typer.echo(
            "Bytes came and none of them made a frame: check the baud rate, the key and both sides' versions.",
            err=True,
        )
    return int(ExitCode.OK if seen else ExitCode.TEMPORARY)


def _records(
    receiver: "Receiver", output: "Output", duration: float
) -> Iterator[tuple[str, "FrameRecord"]]:
    """Yield frames with their sender until the time is up, the recording ends or every sender said goodbye."""
    from landmarkd.receive.receiver import MAX_SENDERS
    from landmarkd.wire.assembler import Assembler

    assemblers: dict[str, Assembler] = {}
    started = time.monotonic()
    try:
        while not duration or time.monotonic() - started < duration:
            arrived = receiver.receive(POLL_S)
            if not arrived:
                # A pause: what is still being collected will not become more complete.
                yield from _flush(assemblers)
            for received in arrived:
                output.packet(received.packet)
                assembler = assemblers.setdefault(received.sender, Assembler())
                for record in assembler.add(received.packet):
                    yield received.sender, record
            output.tick(receiver.counters)
            while len(assemblers) > MAX_SENDERS:
                assemblers.pop(next(iter(assemblers)))
    except EndOfStreamError:
        pass
    yield from _flush(assemblers)


def _flush(assemblers: "dict[str, Assembler]") -> Iterator[tuple[str, "FrameRecord"]]:
    for sender, assembler in assemblers.items():
        for record in assembler.flush():
            yield sender, record
