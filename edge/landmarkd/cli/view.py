"""`landmarkd view`: a page in the browser that shows a stream."""

import time
import webbrowser
from contextlib import closing
from typing import Annotated

import typer

from landmarkd.cli.options import MAX_SECONDS
from landmarkd.interrupt import usual_end

LONGEST_PAUSE_S = 1.0
"""Longest pause at a gap in a recording."""


def view(
    uri: Annotated[
        str, typer.Argument(help="udp://:5005, serial:///dev/ttyUSB0?baud=921600 or lmk:FILE")
    ],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0 lets the system choose.")
    ] = 8562,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    duration: Annotated[
        float,
        typer.Option(min=0.0, max=MAX_SECONDS, help="End after this many seconds; 0: no limit."),
    ] = 0.0,
) -> None:
    """Show a stream as a page: mesh, eyes, pose, driver state, rates and losses.

    Only this machine can open the page; it needs no video. A recording is played at its own pace.

    Example: landmarkd view udp://:5005
    """
    from landmarkd.pace import Pacer
    from landmarkd.receive import FrameStream
    from landmarkd.receive.recording import RecordingLink
    from landmarkd.web.server import RateMeter, ViewServer, link_state

    stream, server, rates = FrameStream(uri), ViewServer(port), RateMeter()
    pacer = Pacer(LONGEST_PAUSE_S) if isinstance(stream.link, RecordingLink) else None
    with stream:
        server.start()
        typer.echo(f"{server.url} shows {uri}; Ctrl-C ends it.", err=True)
        if browser:
            webbrowser.open(server.url)
        deadline = time.monotonic() + duration if duration else float("inf")
        with closing(server), usual_end():
            while time.monotonic() < deadline and not stream.ended:
                for sender, record in stream.poll():
                    if pacer is not None:
                        pacer.wait(record.captured_ns)
                    state = link_state(stream.counters, rates.tick(sender), record)
                    server.board.post(sender, record, state)
