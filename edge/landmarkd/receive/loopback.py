"""Receivers on this machine, for tests: UDP on loopback, and a pseudo-terminal."""

import os
import pty
import threading
import tty
from select import select

from landmarkd.receive.link import READ_BYTES, Link, Received
from landmarkd.receive.udp import UdpLink
from landmarkd.uri import Uri

_POLL_S = 0.05


class PtyLink(Link):
    """The receiving end of a pseudo-terminal, which replaces a serial line.

    Attributes:
        device: path of the end for the sender; known after `open`.
    """

    def __init__(self) -> None:
        super().__init__("pty:")
        self.device = ""
        self._ends: tuple[int, int] | None = None

    @property
    def sink_uri(self) -> str:
        """The URI of a sink that sends here."""
        return f"serial://{self.device}?baud=921600"

    def open(self) -> None:
        """Make the pair."""
        self.close()
        # The end of the sender stays open here too, so that its closing does not end the line.
        master, slave = self._ends = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self.device = os.ttyname(slave)

    def receive(self, timeout_s: float) -> list[Received]:
        """Return the messages that the next bytes complete."""
        if self._ends is None or not select([self._ends[0]], [], [], timeout_s)[0]:
            return []
        data = os.read(self._ends[0], READ_BYTES)
        return self.take_bytes(self.device, data)

    def close(self) -> None:
        """Close both ends."""
        ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)


def udp_loopback() -> tuple[UdpLink, str]:
    """Return an open link on a free port of loopback, and the URI of a sink that sends there."""
    link = UdpLink(Uri("udp://127.0.0.1:0", "udp", host="127.0.0.1", port=0))
    link.open()
    return link, f"udp://127.0.0.1:{link.port}"


class Listener:
    """Receives on its own thread until it is closed, including data that arrived before.

    Args:
        link: open; closed with this.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"listen {link.uri}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; the counters stay readable."""
        self._done.set()
        self._thread.join()
        self.link.close()

    def _listen(self) -> None:
        arrivals = -1
        # A piece without a complete message is not the end.
        while arrivals != self.link.arrivals or not self._done.is_set():
            arrivals = self.link.arrivals
            self.link.receive(_POLL_S)
