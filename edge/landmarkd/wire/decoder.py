"""Bytes to messages: never raises an error for received bytes, and counts invalid ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from landmarkd.errors import WireError
from landmarkd.wire.codec import ChecksumError, ForeignError, Packet, decode_packet
from landmarkd.wire.framing import MAX_FRAME, StreamSplitter
from landmarkd.wire.loss import LossCounter
from landmarkd.wire.schema import Hello
from landmarkd.wire.seal import Opener, ReplayedError, StaleError, UnauthenticError

DEVICE_CHARS = 24
"""Length of the name of a device in HELLO."""


@dataclass(slots=True)
class DecoderCounters:
    """Counts of a decoder since its start.

    Attributes:
        bytes: received bytes, valid or not.
        packets: valid messages.
        missing: numbered messages that did not arrive; those that arrive late are subtracted again.
        late: messages that arrived out of order.
        doubled: messages that arrived twice.
        bad_checksum: damaged messages, or a sender with another schema.
        foreign: another version of the protocol, or an unknown type of message.
        malformed: valid checksum with invalid content, or too short.
        garbled: frames of a byte stream that were not COBS or were too long.
        unauthentic: datagrams that were not sealed under the key of the receiver, were altered, or
            name another device than that of their key.
        replayed: sealed datagrams that arrived twice, or too late to check.
        stale: sealed datagrams with an old or future time.
        restarts: restarts of a sender, with another boot id.
    """

    bytes: int = 0
    packets: int = 0
    missing: int = 0
    late: int = 0
    doubled: int = 0
    bad_checksum: int = 0
    foreign: int = 0
    malformed: int = 0
    garbled: int = 0
    unauthentic: int = 0
    replayed: int = 0
    stale: int = 0
    restarts: int = 0

    @property
    def rejected(self) -> int:
        """Received frames that could not be used."""
        wrong = self.bad_checksum + self.foreign + self.malformed + self.garbled
        return wrong + self.unauthentic + self.replayed + self.stale


class Decoder:
    """Decodes the messages of one sender: `feed` for a byte stream, `datagram` for datagrams.

    Example::

        decoder = Decoder()
        while data := port.read(4096):
            for packet in decoder.feed(data):
                print(packet.frame, packet.message)

    Attributes:
        counters: received and lost messages.
        hello: the last HELLO, or None before the first.
    """

    def __init__(self, opener: Opener | None = None, device: str | None = None) -> None:
        """Make a decoder; with an opener, datagrams must be sealed under one of its keys.

        With a device, HELLO must have its name.
        """
        self._device = None if device is None else device[:DEVICE_CHARS]
        self.counters = DecoderCounters()
        self.hello: Hello | None = None
        self._opener = opener
        self._splitter = StreamSplitter(MAX_FRAME)
        self._loss = LossCounter()

    def feed(self, data: bytes) -> list[Packet]:
        """Return the messages that these bytes of a serial line complete; any bytes are allowed."""
        self.counters.bytes += len(data)
        packets = self._decode(self._splitter.feed(data))
        self.counters.garbled = self._splitter.garbled + self._splitter.oversize
        return packets

    def datagram(self, data: bytes) -> list[Packet]:
        """Return the message of one datagram, or nothing; any bytes are allowed."""
        self.counters.bytes += len(data)
        if self._opener is not None:
            try:
                data = self._opener.open(data)
            except ReplayedError:
                self.counters.replayed += 1
                return []
            except StaleError:
                self.counters.stale += 1
                return []
            except UnauthenticError:
                self.counters.unauthentic += 1
                return []
        return self._decode((data,))

    def _decode(self, messages: Iterable[bytes]) -> list[Packet]:
        counters, packets = self.counters, []
        for data in messages:
            try:
                packet = decode_packet(data)
            except ChecksumError:
                counters.bad_checksum += 1
            except ForeignError:
                counters.foreign += 1
            except WireError:
                counters.malformed += 1
            else:
                message = packet.message
                if type(message) is Hello and self._device not in {None, message.device}:
                    counters.unauthentic += 1
                    continue
                packets.append(packet)
        counters.packets += len(packets)
        self._follow(packets)
        return packets

    def _follow(self, packets: list[Packet]) -> None:
        loss = self._loss
        for sequence, _, captured_ns, message in packets:
            if type(message) is Hello:
                anew = self.hello is not None and self.hello.boot_id != message.boot_id
                self.counters.restarts += anew
                self.hello = message
                loss.greeted(anew=anew)
            loss.add(sequence, captured_ns)
        counters = self.counters
        counters.missing, counters.late, counters.doubled = loss.missing, loss.late, loss.doubled
