"""The other end: receives what a udp: or serial: sink sends, and decodes it."""

import errno
import os
import socket
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from select import select
from typing import Any, BinaryIO

from landmarkd.errors import (
    EndOfStreamError,
    SourceBusyError,
    SourceError,
    SourceLostError,
    UsageError,
)
from landmarkd.sinks.serial import DEFAULT_BAUD, HIGHEST_BAUD, LOWEST_BAUD, open_port
from landmarkd.uri import Uri, parse_uri
from landmarkd.wire.codec import Packet
from landmarkd.wire.decoder import Decoder, DecoderCounters
from landmarkd.wire.recording import RecordingReader
from landmarkd.wire.seal import Opener, read_key

RECEIVE_BUFFER = 8 << 20
"""Bytes the kernel is asked to hold while the program is busy; it may grant less."""
SO_RCVBUFFORCE = 33
"""Linux: exceed the system's limit, for root; the socket module does not name it."""
MAX_SENDERS = 64
"""Senders that are told apart on one port; beyond that the one silent for longest is forgotten."""
LARGEST_DATAGRAM = 65536
READ_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Received:
    """A message and who sent it.

    Attributes:
        sender: address or device.
        packet: the message.
    """

    sender: str
    packet: Packet


class Receiver(ABC):
    """Receives messages of one or more senders; a context manager."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._decoders: OrderedDict[str, Decoder] = OrderedDict()
        self._forgotten = DecoderCounters()
        self._opener: Opener | None = None

    @property
    def counters(self) -> DecoderCounters:
        """What was seen and lost, of all senders together."""
        total = DecoderCounters()
        for counters in (
            self._forgotten,
            *(decoder.counters for decoder in self._decoders.values()),
        ):
            _add(total, counters)
        return total

    @abstractmethod
    def open(self) -> None:
        """Open the port or device; raises SourceError, SinkError or AccessError."""

    @abstractmethod
    def receive(self, timeout_s: float) -> list[Received]:
        """Return what arrived, nothing if that is nothing within `timeout_s`.

        Raises:
            SourceLostError: the device is gone.
            EndOfStreamError: a recording is at its end.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it; may be called twice."""

    def decoder(self, sender: str) -> Decoder:
        """Return the decoder of a sender, a new one for a new sender."""
        decoder = self._decoders.get(sender)
        if decoder is None:
            decoder = self._decoders[sender] = Decoder(self._opener)
            if len(self._decoders) > MAX_SENDERS:
                _add(self._forgotten, self._decoders.popitem(last=False)[1].counters)
        self._decoders.move_to_end(sender)
        return decoder

    def __enter__(self) -> "Receiver":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _add(total: DecoderCounters, counters: DecoderCounters) -> None:
    for item in fields(DecoderCounters):
        setattr(total, item.name, getattr(total, item.name) + getattr(counters, item.name))


class UdpReceiver(Receiver):
    """``udp://:port``, ``udp://address:port``, or a multicast group, ``udp://239.1.2.3:port?interface=eth0``.

    With the option ``key=FILE`` it takes sealed datagrams only.

    Attributes:
        port: the port that it is bound to, once open; with port 0 the system chooses.
    """

    def __init__(self, uri: Uri) -> None:
        super().__init__(uri.text)
        uri.only({"interface", "key"})
        if uri.port is None or uri.path not in {"", "/"}:
            raise UsageError(f"{uri.text}: use udp://:PORT, for example udp://:5005.")
        self._host, self.port, self._interface = (
            uri.host or "",
            uri.port,
            uri.options.get("interface"),
        )
        self._socket: socket.socket | None = None
        if "key" in uri.options:
            self._opener = Opener(read_key(Path(uri.options["key"])))

    def open(self) -> None:
        """Bind the port, and join the group if the address is one."""
        self.close()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        link = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._bind(link, family)
        except OSError as error:
            link.close()
            if error.errno == errno.EADDRINUSE:
                raise SourceBusyError(
                    f"UDP port {self.port} is in use; end the other program or choose another."
                ) from error
            raise SourceError(
                f"{self.uri}: cannot listen there: {error.strerror or error}."
            ) from error
        self._socket, self.port = link, link.getsockname()[1]

    def _bind(self, link: socket.socket, family: int) -> None:
        group = _multicast(self._host)
        if group:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except OSError:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        link.bind((self._host, self.port))
        if not group:
            return
        index = socket.if_nametoindex(self._interface) if self._interface else 0
        if family == socket.AF_INET6:
            request = socket.inet_pton(family, self._host) + index.to_bytes(4, "little")
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        else:
            request = socket.inet_pton(family, self._host) + bytes(4) + index.to_bytes(4, "little")
            link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)

    def receive(self, timeout_s: float) -> list[Received]:
        """Return the messages of the datagrams that wait, or of the next one."""
        link = self._socket
        if link is None:
            raise SourceLostError("The socket is closed.")
        received: list[Received] = []
        if not select([link], [], [], timeout_s)[0]:
            return received
        # No more than a hundred at once: a flood must not keep the caller from its other work.
        for _ in range(100):
            try:
                data, address = link.recvfrom(LARGEST_DATAGRAM, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            sender = f"{address[0]}:{address[1]}"
            received += (Received(sender, packet) for packet in self.decoder(sender).datagram(data))
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


class SerialReceiver(Receiver):
    """``serial:///dev/ttyUSB0?baud=921600``; a pseudo-terminal will do."""

    def __init__(self, uri: Uri) -> None:
        super().__init__(uri.text)
        uri.only({"baud"})
        if uri.host or not uri.path.startswith("/"):
            raise UsageError(f"{uri.text}: use serial:///dev/DEVICE?baud={DEFAULT_BAUD}.")
        self._device = uri.path
        self._baud = uri.integer("baud", DEFAULT_BAUD, LOWEST_BAUD, HIGHEST_BAUD)
        self._port: Any = None

    def open(self) -> None:
        """Open the device."""
        self.close()
        self._port = open_port(self._device, self._baud, read_timeout_s=0)

    def receive(self, timeout_s: float) -> list[Received]:
        """Return the messages that the next bytes complete."""
        if self._port is None:
            raise SourceLostError("The line is closed.")
        descriptor = self._port.fileno()
        if not select([descriptor], [], [], timeout_s)[0]:
            return []
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise SourceLostError(
                f"{self._device} is gone: {error.strerror}; plug it in and start again."
            ) from error
        if not data:
            raise SourceLostError(f"{self._device} is gone; plug it in and start again.")
        return [Received(self._device, packet) for packet in self.decoder(self._device).feed(data)]

    def close(self) -> None:
        """Close the device."""
        port, self._port = self._port, None
        if port is not None:
            port.close()


class RecordingReceiver(Receiver):
    """``lmk:FILE``: a recording, as fast as it can be read."""

    def __init__(self, uri: Uri) -> None:
        super().__init__(uri.text)
        uri.only(())
        self._path = Path(uri.path)
        self._file: BinaryIO | None = None
        self._messages: Iterator[bytes] = iter(())

    def open(self) -> None:
        """Open the file and check that it is a recording."""
        self.close()
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            raise SourceError(f"{self._path}: {error.strerror}.") from error
        self._messages = iter(RecordingReader(self._file, str(self._path)))

    def receive(self, timeout_s: float) -> list[Received]:
        """Return the next hundred messages."""
        del timeout_s
        messages = list(islice(self._messages, 100))
        if not messages:
            raise EndOfStreamError(f"{self._path} is at its end.")
        decoder, name = self.decoder(self.uri), self._path.name
        return [
            Received(name, packet) for message in messages for packet in decoder.datagram(message)
        ]

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


RECEIVERS: dict[str, type[Receiver]] = {
    "udp": UdpReceiver,
    "serial": SerialReceiver,
    "lmk": RecordingReceiver,
}


def make_receiver(uri: str) -> Receiver:
    """Return a receiver, not yet open, for ``udp://:5005``, ``serial:///dev/ttyUSB0``, a device's path, or a recording.

    Raises:
        UsageError: anything else.
    """
    text = uri
    if uri.startswith("/dev/"):
        text = f"serial://{uri}"
    elif uri.endswith(".lmk") and not uri.startswith("lmk:"):
        text = f"lmk:{uri}"
    parsed = parse_uri(text, RECEIVERS)
    return RECEIVERS[parsed.scheme](parsed)  # type: ignore[arg-type]
