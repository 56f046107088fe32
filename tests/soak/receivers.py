"""Receivers of the process under test: they read everything, decode nothing and sometimes
disconnect."""

import os
import pty
import socket
import threading
import time
import tty
from pathlib import Path
from select import select

AWAY_S = 1.0


class Receivers:
    """A serial line and a UDP port, disconnected in turn for a second every `every_s`.

    Attributes:
        sinks: URIs to send to.
        received: bytes that came, by serial and by UDP.
    """

    def __init__(self, folder: Path, every_s: float = 60.0) -> None:
        self.received = [0, 0]
        self._every_s = every_s
        self._name = folder / "ttySOAK"
        self._ends = self._plug()
        self._socket = self._bind(0)
        self._port = self._socket.getsockname()[1]
        self.sinks = [
            f"serial://{self._name}?baud=921600",
            f"udp://127.0.0.1:{self._port}?points=all",
        ]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._done.set()
        self._thread.join()
        for end in self._ends:
            os.close(end)
        self._socket.close()

    def _plug(self) -> tuple[int, int]:
        ends = pty.openpty()
        tty.setraw(ends[1])
        os.set_blocking(ends[0], False)
        self._name.unlink(missing_ok=True)
        self._name.symlink_to(os.ttyname(ends[1]))
        return ends

    @staticmethod
    def _bind(port: int) -> socket.socket:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.setblocking(False)
        link.bind(("127.0.0.1", port))
        return link

    def _run(self) -> None:
        trouble_at, turn = time.monotonic() + self._every_s, 0
        while not self._done.is_set():
            self._drain()
            if time.monotonic() >= trouble_at:
                (self._unplug if turn % 2 == 0 else self._deafen)()
                trouble_at, turn = time.monotonic() + self._every_s, turn + 1

    def _drain(self) -> None:
        # The sleep lets a batch gather, so that reading costs the machine little.
        time.sleep(0.005)
        for ready in select([self._ends[0], self._socket], [], [], 0.2)[0]:
            try:
                while True:
                    if ready is self._socket:
                        self.received[1] += len(self._socket.recv(65536))
                    else:
                        self.received[0] += len(os.read(self._ends[0], 65536))
            except BlockingIOError:
                continue

    def _unplug(self) -> None:
        for end in self._ends:
            os.close(end)
        self._done.wait(AWAY_S)
        self._ends = self._plug()

    def _deafen(self) -> None:
        self._socket.close()
        self._done.wait(AWAY_S)
        self._socket = self._bind(self._port)
