"""Bytes to messages: never raises on what arrives, and counts what it could not use."""

from collections.abc import Iterable
from dataclasses import dataclass

from landmarkd.errors import WireError
from landmarkd.wire.codec import ChecksumError, ForeignError, Packet, decode_packet
from landmarkd.wire.framing import MAX_FRAME, StreamSplitter
from landmarkd.wire.loss import LossCounter
from landmarkd.wire.schema import Hello
from landmarkd.wire.seal import Opener, ReplayedError, StaleError, UnauthenticError

DEVICE_CHARS = 24
"""So much of a device's name is in its HELLO."""


@dataclass(slots=True)
class DecoderCounters:
    """What a decoder saw since it was made.

    Attributes:
        bytes: received, good or bad.
        packets: good messages.
        missing: messages that the sender numbered and that did not arrive; late ones are taken off
            again.
        late: messages that came out of order.
        doubled: messages that came twice.
        bad_checksum: damaged, or from a sender with another schema.
        foreign: another version of the protocol, or an unknown type of message.
        malformed: good checksum, impossible content; or too short to be a message.
        garbled: frames of a byte stream that were not COBS, or longer than any frame.
        unauthentic: datagrams that were not sealed under the receiver's key, were altered, or name
            another device than their key's.
        replayed: sealed datagrams that came twice, or too late to check.
        stale: sealed datagrams that were sent at another time than now.
        restarts: a sender that restarted with another boot id.
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
        """Frames that were received and could not be used."""
        wrong = self.bad_checksum + self.foreign + self.malformed + self.garbled
        return wrong + self.unauthentic + self.replayed + self.stale


class Decoder:
    """Decodes what one sender sends: `feed` for a byte stream, `datagram` for datagrams.

    Example::

        decoder = Decoder()
        while data := port.read(4096):
            for packet in decoder.feed(data):
                print(packet.frame, packet.message)

    Attributes:
        counters: what was seen and what was lost.
        hello: the last HELLO, or None before the first.
    """

    def __init__(self, opener: Opener | None = None, device: str | None = None) -> None:
        """Make a decoder; with an opener, datagrams must be sealed under one of its keys.

        With a device, its HELLO must name that one.
        """
        self._device = None if device is None else device[:DEVICE_CHARS]
        self.counters = DecoderCounters()
        self.hello: Hello | None = None
        self._opener = opener
        self._splitter = StreamSplitter(MAX_FRAME)
        self._loss = LossCounter()

    def feed(self, data: bytes) -> list[Packet]:
        """Return the messages that these bytes of a serial line complete; any bytes will do."""
        self.counters.bytes += len(data)
        packets = self._decode(self._splitter.feed(data))
        self.counters.garbled = self._splitter.garbled + self._splitter.oversize
        return packets

    def datagram(self, data: bytes) -> list[Packet]:
        """Return the message of one datagram, or nothing; any bytes will do."""
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
        for sequence, _, _, message in packets:
            if type(message) is Hello:
                anew = self.hello is not None and self.hello.boot_id != message.boot_id
                self.counters.restarts += anew
                self.hello = message
                loss.greeted(anew=anew)
            loss.add(sequence)
        counters = self.counters
        counters.missing, counters.late, counters.doubled = loss.missing, loss.late, loss.doubled
