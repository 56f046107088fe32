"""Bytes to messages: never raises on what arrives, counts what it could not use, keeps no more than a frame."""

from collections.abc import Iterable
from dataclasses import dataclass

from landmarkd.errors import WireError
from landmarkd.wire.codec import ChecksumError, ForeignError, Packet, decode_packet
from landmarkd.wire.framing import MAX_FRAME, StreamSplitter
from landmarkd.wire.schema import Hello
from landmarkd.wire.seal import Opener, ReplayedError, UnauthenticError

_HALF = 0x8000


@dataclass(slots=True)
class DecoderCounters:
    """What a decoder saw since it was made.

    Attributes:
        bytes: received, good or bad.
        packets: good messages.
        missing: messages that the sender numbered and that did not arrive; late ones are taken off
            again.
        late: messages that came out of order or twice.
        bad_checksum: damaged, or from a sender with another schema.
        foreign: another version of the protocol, or an unknown type of message.
        malformed: good checksum, impossible content; or too short to be a message.
        garbled: frames of a byte stream that were not COBS, or longer than any frame.
        unauthentic: datagrams that were not sealed under the receiver's key, or were altered.
        replayed: sealed datagrams that came twice, or too late to tell.
        restarts: a sender that began anew under another boot id.
    """

    bytes: int = 0
    packets: int = 0
    missing: int = 0
    late: int = 0
    bad_checksum: int = 0
    foreign: int = 0
    malformed: int = 0
    garbled: int = 0
    unauthentic: int = 0
    replayed: int = 0
    restarts: int = 0

    @property
    def rejected(self) -> int:
        """Frames that were received and could not be used."""
        wrong = self.bad_checksum + self.foreign + self.malformed + self.garbled
        return wrong + self.unauthentic + self.replayed


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

    def __init__(self, opener: Opener | None = None) -> None:
        """Make a decoder; with an opener, datagrams must be sealed under its key."""
        self.counters = DecoderCounters()
        self.hello: Hello | None = None
        self._opener = opener
        self._splitter = StreamSplitter(MAX_FRAME)
        self._expected: int | None = None

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
            except UnauthenticError:
                self.counters.unauthentic += 1
                return []
        return self._decode((data,))

    def _decode(self, messages: Iterable[bytes]) -> list[Packet]:
        counters, packets = self.counters, []
        for message in messages:
            try:
                packet = decode_packet(message)
            except ChecksumError:
                counters.bad_checksum += 1
            except ForeignError:
                counters.foreign += 1
            except WireError:
                counters.malformed += 1
            else:
                packets.append(packet)
        counters.packets += len(packets)
        self._follow(packets)
        return packets

    def _follow(self, packets: list[Packet]) -> None:
        # On a serial line a report is 17 packets: nothing is looked up for each that can be held
        # here.
        expected = self._expected
        for sequence, _, _, message in packets:
            if type(message) is Hello and self._greet(message):
                expected = None
            if sequence != expected and self._is_late(sequence, expected):
                continue
            expected = sequence + 1 & 0xFFFF
        self._expected = expected

    def _greet(self, hello: Hello) -> bool:
        """Take in who sends; return whether it began anew."""
        anew = self.hello is not None and self.hello.boot_id != hello.boot_id
        self.counters.restarts += anew
        self.hello = hello
        return anew

    def _is_late(self, sequence: int, expected: int | None) -> bool:
        counters, ahead = self.counters, 0 if expected is None else (sequence - expected) & 0xFFFF
        if ahead < _HALF:
            counters.missing += ahead
            return False
        counters.late += 1
        counters.missing = max(0, counters.missing - 1)
        return True
