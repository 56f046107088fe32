"""What runs beside a walk: a receiver of opentrack's protocol, a microcontroller's program."""

import os
import pty
import re
import socket
import struct
import subprocess
import threading
import tty
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]


class Neighbour:
    """Waits for the first number in a thread of its own; a context manager.

    Attributes:
        serial: path of its serial line; empty without one.
        heard: set when the number arrived.
        said: the number, in words.
    """

    serial = ""

    def __init__(self) -> None:
        self.heard, self.said = threading.Event(), ""
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Neighbour":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _listen(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """End it."""


class Opentrack(Neighbour):
    """A receiver like opentrack's input "UDP over network": six little-endian doubles."""

    def __init__(self, port: int = 4242) -> None:
        super().__init__()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))

    def _listen(self) -> None:
        try:
            data = self._socket.recv(512)
        except OSError:
            return
        _, _, z, yaw, pitch, roll = struct.unpack("<6d", data)
        self.said = f"opentrack received yaw {yaw:.1f} pitch {pitch:.1f} roll {roll:.1f} z {z:.1f}"
        self.heard.set()

    def close(self) -> None:
        """Free the port."""
        self._socket.close()


class Microcontroller(Neighbour):
    """examples/microcontroller.c at the other end of a serial line."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        program = folder / "microcontroller"
        header = ROOT / "edge/landmarkd/wire/c"
        source = ROOT / "examples/microcontroller.c"
        subprocess.run(["cc", "-I", header, source, "-o", program], check=True)
        self._line, slave = pty.openpty()
        tty.setraw(slave)
        self.serial = os.ttyname(slave)
        self._slave = slave
        self._program = subprocess.Popen([program], stdin=self._line, stdout=subprocess.PIPE)

    def _listen(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            if re.match(rb"yaw ", line):
                self.said = f"microcontroller received {line.decode().strip()}"
                self.heard.set()
                return

    def close(self) -> None:
        """End the program and free the line."""
        self._program.kill()
        self._program.wait()
        os.close(self._line)
        os.close(self._slave)
