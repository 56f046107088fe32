"""Frames of a stream: the loop of receiving, decoding and assembling.

Example::

    with FrameStream("udp://:5005") as stream:
        for received in stream:
            print(received.sender, received.record.status)
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from landmarkd.errors import EndOfStreamError
from landmarkd.receive.link import Link
from landmarkd.receive.links import make_link
from landmarkd.types import Report
from landmarkd.wire.assembler import Assembler, FrameRecord
from landmarkd.wire.codec import Packet
from landmarkd.wire.decoder import DecoderCounters
from landmarkd.wire.restore import report_of

POLL_S = 0.1
"""Longest wait of an iteration."""
PAUSE_S = 0.5
"""Silence after which an incomplete frame is returned. The messages of one frame may be this far
apart: a busy sender or a wireless network stops for longer than `POLL_S` between two of them."""
MOST_UNGREETED = 1000
"""More frames than come between two HELLO."""


class ReceivedFrame(NamedTuple):
    """A frame and its sender.

    Attributes:
        sender: address, device or file name.
        record: the received messages of the frame.
    """

    sender: str
    record: FrameRecord

    def report(self) -> Report | None:
        """Return the report of the frame, or None if it has no STATUS."""
        return report_of(self.record)


class FrameStream:
    """The frames of all senders of a link, in the order of their completion.

    A context manager and an iterator. An iteration ends at the end of a recording and after
    `close`; `poll` is for callers with other work between the frames. Memory is limited: there are
    at most `landmarkd.receive.link.MAX_SENDERS` senders, each with one incomplete frame.

    Args:
        link: an argument of `make_link` (``udp://:5005``, ``serial:///dev/ttyUSB0``, a recording),
            or a link that is not yet open.
        on_packet: called with every message.

    Attributes:
        ended: a recording is at its end.
    """

    def __init__(
        self, link: str | Path | Link, on_packet: Callable[[Packet], None] | None = None
    ) -> None:
        self.link = link if isinstance(link, Link) else make_link(link)
        self.ended = False
        self._on_packet = on_packet
        self._assemblers: dict[str, Assembler] = {}
        self._closed = False
        self._silent_s = 0.0

    @property
    def counters(self) -> DecoderCounters:
        """Received and lost messages of all senders together."""
        return self.link.counters

    @property
    def trouble(self) -> str:
        """A sentence about damage of a recording so far; empty without damage."""
        return self.link.trouble()

    def poll(self, timeout_s: float = POLL_S) -> list[ReceivedFrame]:
        """Return complete frames; waits for messages for at most `timeout_s`.

        Raises:
            SourceLostError: the device is gone.
        """
        if self.ended:
            return []
        before = self.link.arrivals
        try:
            arrived = self.link.receive(timeout_s)
        except EndOfStreamError:
            self.ended = True
            return self._flush()
        if self.link.arrivals != before:
            self._silent_s = 0.0  # a piece of a message on a serial line is no pause
        elif not arrived:
            self._silent_s += timeout_s
            return self._flush() if self._silent_s >= PAUSE_S else []
        frames = []
        for sender, packet in arrived:
            if self._on_packet is not None:
                self._on_packet(packet)
            assembler = self._assemblers.setdefault(sender, Assembler())
            frames += [ReceivedFrame(sender, record) for record in assembler.add(packet)]
        if len(self._assemblers) > len(self.link.senders):
            known = set(self.link.senders)
            self._assemblers = {k: v for k, v in self._assemblers.items() if k in known}
        return frames

    def _flush(self) -> list[ReceivedFrame]:
        return [
            ReceivedFrame(sender, record)
            for sender, assembler in self._assemblers.items()
            for record in assembler.flush()
        ]

    def __iter__(self) -> Iterator[ReceivedFrame]:
        while not (self.ended or self._closed):
            yield from self.poll()

    def close(self) -> None:
        """Close the link; an iteration ends. May be called twice."""
        self._closed = True
        self.link.close()

    def __enter__(self) -> "FrameStream":
        self._closed = self.ended = False
        self.link.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def greeted(records: Iterator[FrameRecord]) -> Iterator[FrameRecord]:
    """Yield the records of a recording; those before its first HELLO get that one.

    There are such if the beginning is damaged. At most `MOST_UNGREETED` records wait for a HELLO.
    """
    held: list[FrameRecord] = []
    for record in records:
        held.append(record)
        if record.hello is not None or len(held) == MOST_UNGREETED:
            break
    for record in held:
        record.hello = held[-1].hello
        yield record
    yield from records


def read_reports(path: Path) -> Iterator[Report]:
    """Yield the reports of a recording.

    Raises:
        SourceError: it cannot be read.
        SourceFormatError: it is no recording.
    """
    with FrameStream(path) as stream:
        for received in stream:
            report = received.report()
            if report is not None:
                yield report
