"""The speed of the vehicle, from a file or as text over UDP; reading never waits."""

import logging
import math
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

from landmarkd.errors import UsageError
from landmarkd.files import read_bounded
from landmarkd.uri import parse_uri

log = logging.getLogger(__name__)

STALE_S = 2.0
"""An older speed is unknown."""
READ_EVERY_S = 0.2
FASTEST_KMH = 400.0
LARGEST = 64
MAX_BATCH = 1000
"""Datagrams read at once; more do not fit into the usual buffer of a socket."""
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class VehicleSpeed:
    """Reads kilometres an hour as text, ``file:/run/speed`` or ``udp://:5006``.

    `read` never blocks.

    A file is read five times a second and is valid for `STALE_S` seconds after a change; a datagram
    is valid for the same time. Both use the monotonic clock, so that setting the wall clock does
    not make an old speed valid. A file that exists at the start is valid only after its first
    change. Text that is not a number from 0 to 400 is an unknown speed, and so is a file that is
    not regular: a FIFO or a device could block.

    Raises:
        UsageError: the URI cannot be understood.
    """

    def __init__(self, uri: str) -> None:
        parsed = parse_uri(uri, ("file", "udp")).only(())
        self._latest: float | None = None
        self._heard = -math.inf
        self._next = -math.inf
        self._link: socket.socket | None = None
        self._complained = False
        self._look: Callable[[], None]
        if parsed.scheme == "file":
            if not parsed.path.startswith("/"):
                raise UsageError(f"{uri}: name the file with its whole path, file:/run/speed.")
            self._path = Path(parsed.path)
            self._written: tuple[int, int, int] | None = self._sight()
            self._look = self._read_file
            return
        if parsed.port is None:
            raise UsageError(f"{uri}: name the port to listen on, udp://:5006.")
        # Not a name: to look one up takes as long as a name server likes.
        host = {"": "127.0.0.1", "localhost": "127.0.0.1"}.get(parsed.host or "", parsed.host)
        try:
            self._family = FAMILIES[ip_address(str(host)).version]
        except ValueError as error:
            raise UsageError(
                f"{uri}: name this machine's address, udp://127.0.0.1:5006."
            ) from error
        self._address = str(host), parsed.port
        self._look = self._read_datagrams

    @property
    def port(self) -> int | None:
        """The UDP port, None before the first reading."""
        return None if self._link is None else int(self._link.getsockname()[1])

    def read(self) -> float | None:
        """Return the speed in kilometres an hour, or None if it is unknown."""
        now = monotonic()
        if now >= self._next:
            self._next = now + READ_EVERY_S
            self._look()
        return self._latest if now - self._heard <= STALE_S else None

    def close(self) -> None:
        """Release the port."""
        if self._link is not None:
            self._link.close()

    def _sight(self) -> tuple[int, int, int] | None:
        """Return data that changes when the file is written, or None if there is no file."""
        try:
            seen = self._path.stat()
        except OSError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size

    def _read_file(self) -> None:
        written = self._sight()
        if written is None or written == self._written:
            self._written = written
            return
        self._written = written
        text: bytes | None = None
        if self._path.is_file():
            with suppress(OSError):
                text = read_bounded(self._path, LARGEST)
        elif not self._complained:
            self._complained = True
            log.warning("speed from %s: not a regular file, so it is not read", self._path)
        # A shell empties a file before it writes it: the speed before is valid until it is stale.
        if text != b"":
            self._take(text or b"")

    def _listen(self) -> socket.socket | None:
        """Return the port, opened at the first reading.

        During a reload the old service has it before.
        """
        if self._link is None:
            link = socket.socket(self._family, socket.SOCK_DGRAM)
            link.setblocking(False)
            try:
                link.bind(self._address)
            except OSError as error:
                link.close()
                if not self._complained:
                    log.warning(
                        "speed on %s:%d: %s; it is tried again", *self._address, error.strerror
                    )
                self._complained = True
                return None
            self._link = link
        return self._link

    def _read_datagrams(self) -> None:
        link = self._listen()
        newest = None
        if link is None:
            return
        try:
            for _ in range(MAX_BATCH):  # a flood must not hold up the pipeline
                newest = link.recv(LARGEST)
        except OSError:
            pass  # no more datagrams
        if newest is not None:
            self._take(newest)

    def _take(self, text: bytes) -> None:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        self._latest = value if 0.0 <= value <= FASTEST_KMH else None
        self._heard = monotonic()
