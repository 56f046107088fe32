"""UDP: unicast, multicast, broadcast, IPv4 and IPv6."""

import errno
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from landmarkd.errors import UsageError
from landmarkd.sinks.direct import DirectSink
from landmarkd.sinks.parts import Transport
from landmarkd.sinks.resolve import Address, Resolver
from landmarkd.sinks.wire import DatagramFormatter, SealedFormatter, options_of
from landmarkd.types import Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import MAX_DATAGRAM
from landmarkd.wire.seal import OVERHEAD, Sealer, read_key

SEND_BUFFER = 1 << 20
"""Size of the send buffer of the kernel, bytes, so that a burst of chunks does not wait."""
LEAST_MESSAGE = 256
"""A datagram has to hold every message but POINTS in one piece, bytes."""
_FULL = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS}
"""Errors of one datagram after which the socket can still be used."""
TOO_MUCH = "the network takes less than is sent; choose fewer points or a lower hz="
_RETURNED = {
    errno.ECONNREFUSED: "nobody listens there",
    errno.EHOSTUNREACH: "the host does not answer",
    errno.ENETUNREACH: "a router knows no way to the host",
    errno.EMSGSIZE: None,
}
"""Errors that the network returns for a datagram; the kernel reports them at the next send.
EMSGSIZE is the first word of a way with a smaller MTU: from then on the kernel sends fragments."""
NOTED_REPORTS = 8
"""An error is valid for this many reports, because the network does not answer each datagram."""
# ip(7) and ipv6(7), missing in Python's socket: report errors from the network.
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_INTERFACE = re.compile("[!-.0-9;-~]{1,15}")
"""What Linux allows; an interface of this name may come later."""


class UdpTransport(Transport[bytes]):
    """Sends each piece as a datagram.

    Attributes:
        lost: datagrams that the kernel did not accept.
    """

    def __init__(self, host: str, port: int, *, ttl: int = 1, interface: str | None = None) -> None:
        self.lost = 0
        self._noted = 0
        self._ttl, self._interface = ttl, interface
        self._socket: socket.socket | None = None
        self._resolver = Resolver(host, port, socket.SOCK_DGRAM)
        self._address: Any = ()

    def open(self) -> None:
        """Look up the host and make the socket; the receiver need not run."""
        self._connect(self._resolver.find(lambda: self.deadline)[0])

    def _connect(self, address: Address) -> None:
        self.close()
        family, self._address = address
        link = self._socket = socket.socket(family, socket.SOCK_DGRAM)
        link.setblocking(False)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if family == socket.AF_INET6:
            link.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            link.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        if self._interface is not None:
            link.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode() + b"\0"
            )
        if ip_address(str(self._address[0]).partition("%")[0]).is_multicast:
            self._prepare_multicast(link, family)

    def _prepare_multicast(self, link: socket.socket, family: int) -> None:
        index = socket.if_nametoindex(self._interface) if self._interface else 0
        if family == socket.AF_INET6:
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self._ttl)
            if index:
                link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            return
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self._ttl)
        if index:
            # struct ip_mreqn: group, local address, interface.
            request = bytes(8) + index.to_bytes(4, "little")
            link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)

    def send(self, pieces: Sequence[bytes]) -> int:
        """Send each piece; with a full buffer only the piece is lost.

        The host is looked up again every minute, and sooner while nobody listens there.
        """
        newer = self._resolver.refreshed(now=self.note is not None)
        if newer and newer[0].sockaddr != self._address:
            self._connect(newer[0])
        if self._socket is None:
            raise OSError(errno.ENOTCONN, "the socket is closed")
        sent = 0
        for piece in pieces:
            try:
                sent += self._send(self._socket, piece)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                self.lost += 1
                self.note, self._noted = TOO_MUCH, NOTED_REPORTS
        self._noted -= 1
        if self._noted <= 0:
            self.note = None
        return sent

    def _send(self, link: socket.socket, piece: bytes) -> int:
        try:
            return link.sendto(piece, self._address)
        except OSError as error:
            if error.errno not in _RETURNED:
                raise
            said = _RETURNED[error.errno]
        # The error is that of an earlier datagram, and this one was not sent. Empty the error
        # queue.
        with suppress(OSError):
            while True:
                link.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        sent = 0
        try:
            sent = link.sendto(piece, self._address)
        except OSError as error:
            if error.errno not in {errno.ECONNREFUSED, errno.EHOSTUNREACH}:
                raise
            self.lost += 1
        if said is not None:
            self.note, self._noted = said, NOTED_REPORTS
        return sent

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def udp_transport(uri: Uri) -> UdpTransport:
    """Return the transport of ``udp://host:port?ttl=1&interface=eth0`` and similar URIs.

    Raises:
        UsageError: no host or port, or a host or interface that cannot be.
    """
    if not uri.host or not uri.port or uri.path not in {"", "/"}:
        host = uri.host or uri.path.strip("/").partition(":")[0] or "127.0.0.1"
        raise UsageError(
            f"{uri.text}: use {uri.scheme}://HOST:PORT, for example {uri.scheme}://{host}:5005."
        )
    interface = uri.options.get("interface")
    if interface is not None and not _INTERFACE.fullmatch(interface):
        raise UsageError(
            f"{uri.text}: interface is {interface!r}; use its name, such as eth0, at most 15 "
            "characters."
        )
    return UdpTransport(
        uri.host,
        uri.port,
        ttl=uri.integer("ttl", 1, 0, 255),
        interface=interface,
    )


class UdpSink(DirectSink[bytes]):
    """``udp://host:port?points=all|68|eyes|none&hz=N&raw=no&mtu=1400&ttl=1&interface=eth0&key=FILE``."""

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"points", "hz", "raw", "mtu", "ttl", "interface", "key", "smoothing"})
        least = LEAST_MESSAGE + (OVERHEAD if "key" in uri.options else 0)
        options = options_of(uri, uri.integer("mtu", MAX_DATAGRAM, least, MAX_DATAGRAM))
        formatter = DatagramFormatter(session, options)
        if "key" in uri.options:
            formatter = SealedFormatter(
                session, options, Sealer(read_key(Path(uri.options["key"])))
            )
        super().__init__(uri, formatter, udp_transport(uri))
