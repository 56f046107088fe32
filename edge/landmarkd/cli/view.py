"""`landmarkd view`: a page in the browser that shows what a device sends."""

import time
import webbrowser
from typing import Annotated

import typer

from landmarkd.errors import EndOfStreamError

POLL_S = 0.1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(view)


def view(
    uri: Annotated[
        str, typer.Argument(help="udp://:5005, serial:///dev/ttyUSB0?baud=921600 or lmk:FILE")
    ],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0 lets the system choose.")
    ] = 8562,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    duration: Annotated[
        float, typer.Option(min=0.0, help="End after so many seconds; 0 is never.")
    ] = 0.0,
) -> None:
    """Show a stream as a page: the turning mesh, eyes, pose, the driver's state, rates and losses.

    The page is served to this machine only; no video is needed. A recording is played at its own
    pace.

    Example: landmarkd view udp://:5005
    """
    from landmarkd.receive.receiver import make_receiver
    from landmarkd.web.server import RateMeter, ViewServer, link_state
    from landmarkd.wire.assembler import Assembler

    receiver = make_receiver(uri)
    server = ViewServer(port)
    rates, assemblers, pace = RateMeter(), dict[str, Assembler](), _Pace(uri.endswith(".lmk"))
    with receiver:
        server.start()
        typer.echo(f"{server.url} shows {uri}; Ctrl-C ends it.", err=True)
        if browser:
            webbrowser.open(server.url)
        deadline = time.monotonic() + duration if duration else float("inf")
        try:
            while time.monotonic() < deadline:
                for received in receiver.receive(POLL_S):
                    assembler = assemblers.setdefault(received.sender, Assembler())
                    for record in assembler.add(received.packet):
                        pace.wait(record.captured_ns)
                        state = link_state(receiver.counters, rates.tick(received.sender), record)
                        server.board.post(received.sender, record, state)
        except (KeyboardInterrupt, EndOfStreamError):
            pass  # the usual ways to end it
        finally:
            server.close()


class _Pace:
    """Holds the frames of a recording back to the pace of their captures."""

    LONGEST_S = 1.0

    def __init__(self, needed: bool) -> None:
        self._needed = needed
        self._last_ns: int | None = None
        self._due = time.monotonic()

    def wait(self, captured_ns: int) -> None:
        """Return when the frame is due."""
        if not self._needed:
            return
        if self._last_ns is not None:
            pause = min(self.LONGEST_S, max(0.0, (captured_ns - self._last_ns) / 1e9))
            self._due = max(self._due + pause, time.monotonic() - self.LONGEST_S)
            time.sleep(max(0.0, self._due - time.monotonic()))
        self._last_ns = captured_ns
