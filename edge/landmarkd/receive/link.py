"""The base of all receivers: a limited number of senders and their decoders."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import fields
from time import monotonic
from typing import NamedTuple

from landmarkd.wire.codec import Packet
from landmarkd.wire.decoder import Decoder, DecoderCounters
from landmarkd.wire.seal import Opener

MAX_SENDERS = 64
"""Maximum of senders on one port; if there are more, the least recent is dropped."""
OWNER_SILENCE_S = 10.0
"""The first valid sender is never dropped unless it is silent for longer."""
READ_BYTES = 65536


class Received(NamedTuple):
    """A message and who sent it.

    Attributes:
        sender: address, serial device, or the name of a device with its own key.
        packet: the message.
    """

    sender: str
    packet: Packet


class Link(ABC):
    """Receives messages of one or more senders; a context manager.

    A sender is stored after its first valid message, so that noise from many addresses uses no
    memory. With more than `MAX_SENDERS` the least recent is dropped, and the total keeps its
    counters. The owner, the first sender, is never dropped, so that many forged addresses cannot
    replace it.

    Attributes:
        uri: as given.
        arrivals: received datagrams or pieces of a line, also without a complete message.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.arrivals = 0
        self._decoders: OrderedDict[str, Decoder] = OrderedDict()
        self._forgotten = DecoderCounters()
        self._owner: tuple[str, float] | None = None
        self._opener: Opener | None = None

    @property
    def counters(self) -> DecoderCounters:
        """Received and lost messages of all senders together."""
        total = DecoderCounters()
        for counters in (
            self._forgotten,
            *(decoder.counters for decoder in self._decoders.values()),
        ):
            _add(total, counters)
        return total

    @property
    def senders(self) -> tuple[str, ...]:
        """The stored senders, the least recent first."""
        return tuple(self._decoders)

    @abstractmethod
    def open(self) -> None:
        """Open the port or device; raises SourceError or AccessError."""

    @abstractmethod
    def receive(self, timeout_s: float) -> list[Received]:
        """Return received messages, or nothing after `timeout_s`.

        Raises:
            SourceLostError: the device is gone.
            EndOfStreamError: a recording is at its end.
        """

    def trouble(self) -> str:
        """Return a sentence about damaged data, or nothing."""
        return ""

    @abstractmethod
    def close(self) -> None:
        """Close it; may be called twice."""

    def take_datagram(self, sender: str, data: bytes) -> list[Received]:
        """Return the message of a datagram, or nothing; any bytes are allowed."""
        self.arrivals += 1
        # The key of a device identifies the sender more reliably than an address.
        device = self._opener.device(data) if self._opener is not None else None
        sender = device or sender
        decoder = self._decoders.get(sender)
        new = decoder is None
        if decoder is None:
            decoder = Decoder(self._opener, device)
        packets = decoder.datagram(data)
        if packets:
            self._heard(sender, decoder)
        elif new:
            _add(self._forgotten, decoder.counters)
        return [Received(sender, packet) for packet in packets]

    def take_bytes(self, sender: str, data: bytes) -> list[Received]:
        """Return the messages that these bytes of a line complete; any bytes are allowed."""
        self.arrivals += 1
        decoder = self._decoders.setdefault(sender, Decoder())
        return [Received(sender, packet) for packet in decoder.feed(data)]

    def _heard(self, sender: str, decoder: Decoder) -> None:
        now = monotonic()
        if self._owner is None or self._owner[0] == sender or now > self._owner[1]:
            self._owner = sender, now + OWNER_SILENCE_S
        self._decoders[sender] = decoder
        self._decoders.move_to_end(sender)
        known = self._opener.devices if self._opener is not None else 0
        if len(self._decoders) > max(MAX_SENDERS, known):
            idlest = next(name for name in self._decoders if name != self._owner[0])
            _add(self._forgotten, self._decoders.pop(idlest).counters)

    def __enter__(self) -> "Link":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _add(total: DecoderCounters, counters: DecoderCounters) -> None:
    for item in fields(DecoderCounters):
        setattr(total, item.name, getattr(total, item.name) + getattr(counters, item.name))
