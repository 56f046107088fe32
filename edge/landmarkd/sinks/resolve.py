"""Host names to addresses, with a limit for the wait for the name server."""

import socket
import time
from collections.abc import Callable
from ipaddress import ip_address
from threading import Event, Thread
from typing import Any, NamedTuple

from landmarkd.errors import SinkError, UsageError

LOOKUP_S = 5.0
"""How long a sink waits for an answer before it tries again later."""
FRESH_S = 60.0
"""Period after which an address is looked up again, because hosts move."""
_POLL_S = 0.05


class Address(NamedTuple):
    """The address of a socket."""

    family: socket.AddressFamily
    sockaddr: Any
    """as `socket.connect` takes it"""


class Resolver:
    """Looks up a host name on its own thread, because getaddrinfo(3) cannot be interrupted.

    At most one lookup runs at a time; the next caller waits for a lookup that hangs. A numeric
    address needs no lookup.

    Args:
        host, port: what to look up.
        kind: of the socket, such as ``socket.SOCK_DGRAM``.

    Raises:
        UsageError: no host can have this name.
    """

    def __init__(self, host: str, port: int, kind: socket.SocketKind) -> None:
        self._host, self._port, self._kind = host, port, kind
        self._numeric = _is_numeric(host)
        if not self._numeric:
            try:
                host.encode("idna")
            except UnicodeError as error:
                raise UsageError(f"{host!r}: no host can have this name: {error}.") from error
        self._running: _Lookup | None = None
        self._at_s = 0.0

    def find(self, deadline: Callable[[], float]) -> list[Address]:
        """Return the addresses, the best first.

        It waits at most `LOOKUP_S` seconds, and not beyond `deadline()`.

        Args:
            deadline: returns monotonic seconds, which may change during the wait.

        Raises:
            SinkError: no answer in time, or no address.
        """
        if self._numeric:
            return _lookup(self._host, self._port, self._kind)
        running = self._running = self._running or _Lookup(self._host, self._port, self._kind)
        limit = time.monotonic() + LOOKUP_S
        while not running.done.wait(_POLL_S):
            if time.monotonic() >= min(limit, deadline()):
                raise SinkError(f"{self._host}: the name server does not answer")
        answer = self._end(running).answer
        if not answer:
            raise SinkError(f"{self._host}: {running.trouble}")
        return answer

    def refreshed(self, *, now: bool = False) -> list[Address]:
        """Return newer addresses if they are known, else none; never waits.

        A lookup begins if the last one is older than `FRESH_S`, or than `LOOKUP_S` with `now`. A
        failed lookup changes nothing, because the old address may still be right.
        """
        if self._numeric:
            return []
        if self._running is None:
            if time.monotonic() - self._at_s >= (LOOKUP_S if now else FRESH_S):
                self._running = _Lookup(self._host, self._port, self._kind)
            return []
        return self._end(self._running).answer if self._running.done.is_set() else []

    def _end(self, lookup: "_Lookup") -> "_Lookup":
        self._running, self._at_s = None, time.monotonic()
        return lookup


class _Lookup:
    """One call of getaddrinfo(3) on its own thread."""

    def __init__(self, host: str, port: int, kind: socket.SocketKind) -> None:
        self.done = Event()
        self.answer: list[Address] = []
        self.trouble = ""
        self._asked = (host, port, kind)
        Thread(target=self._run, name=f"look up {host}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.answer = _lookup(*self._asked)
        except (OSError, UnicodeError) as error:
            self.trouble = getattr(error, "strerror", None) or str(error)
        finally:
            self.done.set()


def _lookup(host: str, port: int, kind: socket.SocketKind) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=kind)
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
