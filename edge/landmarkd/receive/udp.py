"""Datagrams on a UDP port."""

import errno
import socket
from ipaddress import ip_address
from pathlib import Path
from select import select
from typing import Any

from landmarkd.errors import SourceBusyError, SourceError, SourceLostError, UsageError
from landmarkd.files import reading_secret
from landmarkd.receive.link import Link, Received
from landmarkd.uri import Uri
from landmarkd.wire.seal import TIME_WINDOW_S, Opener, read_key, read_keys

RECEIVE_BUFFER = 8 << 20
"""Size of the receive buffer of the kernel, bytes; the kernel may allow less."""
SO_RCVBUFFORCE = 33
"""Linux: exceed the limit of the system, as root; missing in the module socket."""
LARGEST_DATAGRAM = 65536
MAX_BATCH = 100
"""Maximum of datagrams at once, so that a flood does not block the caller."""


class UdpLink(Link):
    """``udp://:port``, ``udp://address:port``, or a multicast group, ``udp://239.1.2.3:port?interface=eth0``.

    An address or group of one link (fe80::, ff02::) needs its interface, as ``[ff02::1%eth0]`` or
    ``interface=eth0``. With any other address, nothing is received from other interfaces.

    With the option ``key=FILE`` it accepts only sealed datagrams, with ``key=FOLDER`` those of the
    devices whose keys are in the folder as NAME.key. ``window=SECONDS`` is the allowed difference
    of their time and UTC here (30; 0 disables the check).

    Attributes:
        port: the bound port after `open`; with port 0 the system chooses.
    """

    def __init__(self, uri: Uri) -> None:
        super().__init__(uri.text)
        uri.only({"interface", "key", "window"})
        if uri.port is None or uri.path not in {"", "/"}:
            raise UsageError(f"{uri.text}: use udp://:PORT, for example udp://:5005.")
        self._host, self.port = uri.host or "", uri.port
        self._interface = uri.options.get("interface")
        self._socket: socket.socket | None = None
        if "key" in uri.options:
            key = Path(uri.options["key"])
            with reading_secret(key):
                folder = key.is_dir()
            self._opener = Opener(
                read_keys(key) if folder else read_key(key),
                uri.integer("window", TIME_WINDOW_S, 0, 86_400),
            )

    def open(self) -> None:
        """Bind the port, and join the group if the address is one."""
        self.close()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        link = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._bind(link, family)
        except UnicodeError as error:  # no name that a host can have
            link.close()
            raise UsageError(f"{self.uri}: no host can have this name.") from error
        except OSError as error:
            link.close()
            if error.errno == errno.EADDRINUSE:
                raise SourceBusyError(
                    f"UDP port {self.port} is in use; end the other program or choose another."
                ) from error
            reason = error.strerror or str(error)
            if error.errno == errno.EINVAL and family == socket.AF_INET6:
                reason = f"an address of one link needs its interface: [{self._host}%eth0]"
            raise SourceError(f"{self.uri}: cannot listen there: {reason}.") from error
        self._socket, self.port = link, link.getsockname()[1]

    def _bind(self, link: socket.socket, family: int) -> None:
        group = _multicast(self._host)
        index = socket.if_nametoindex(self._interface) if self._interface else 0
        if group:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif self._interface:
            link.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode() + b"\0"
            )
        try:
            link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except OSError:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        address: tuple[Any, ...] = (self._host, self.port)
        if family == socket.AF_INET6:
            # Python's bind alone ignores the link in an address.
            found: Any = socket.getaddrinfo(self._host, self.port, family, socket.SOCK_DGRAM)
            address = found[0][4]
            index = index or address[3]
            address = (*address[:3], index)
        link.bind(address)
        if not group:
            return
        if family == socket.AF_INET6:
            packed = socket.inet_pton(family, address[0].partition("%")[0])
            request = packed + index.to_bytes(4, "little")
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        else:
            request = socket.inet_pton(family, self._host) + bytes(4) + index.to_bytes(4, "little")
            link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)

    def receive(self, timeout_s: float) -> list[Received]:
        """Return the messages of the waiting datagrams, or of the next one."""
        link = self._socket
        if link is None:
            raise SourceLostError("The socket is closed.")
        received: list[Received] = []
        if not select([link], [], [], timeout_s)[0]:
            return received
        for _ in range(MAX_BATCH):
            try:
                data, address = link.recvfrom(LARGEST_DATAGRAM, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            sender = f"{address[0]}:{address[1]}"
            received += self.take_datagram(sender, data)
        return received

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _multicast(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_multicast
    except ValueError:
        return False
