"""Formatters of the binary protocol: for datagrams and for a serial line."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.unsmoothed import wants_unsmoothed
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import MAX_DATAGRAM, Encoder, EncoderOptions
from landmarkd.wire.framing import DELIMITER, frame_messages
from landmarkd.wire.names import Selection
from landmarkd.wire.seal import OVERHEAD, Sealer
from landmarkd.wire.selection import NAMES, indices_of


class DatagramFormatter(Formatter[bytes]):
    """One message in one datagram."""

    def __init__(self, session: Session, options: EncoderOptions) -> None:
        self.encoder = Encoder(session, options)
        self.points_promised_hz = options.points_hz
        count = len(indices_of(options.selection, session.layout))
        rate = f"{options.points_hz:g} Hz" if options.points_hz else "every frame"
        self.promised = (
            f"status for every frame, {f'{count} points at {rate}' if count else 'no points'}"
        )
        self._frames = 0

    @property
    def points_sent_hz(self) -> float:  # type: ignore[override]
        """Complete sets of points in the last second."""
        return self.encoder.points_rate

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return the messages of a report."""
        self._frames += 1
        return self._pack(self.encoder.encode(report, dropped))

    def connected(self) -> Sequence[bytes]:
        """Return a HELLO."""
        return self._pack([self.encoder.hello()])

    def idle(self) -> Sequence[bytes]:
        """Return a HELLO; a HELLO without STATUS means that no frames come."""
        return self._pack([self.encoder.hello()])

    def goodbye(self, dropped: int) -> Sequence[bytes]:
        """Return a BYE, after what is still untold: the silence that follows is on purpose."""
        untold = self.encoder.untold(dropped)
        return self._pack([*untold, self.encoder.bye(self._frames, dropped)])

    def _pack(self, messages: list[bytes]) -> Sequence[bytes]:
        """Return messages as the transport carries them."""
        return messages


class SealedFormatter(DatagramFormatter):
    """One message in one sealed datagram."""

    def __init__(self, session: Session, options: EncoderOptions, sealer: Sealer) -> None:
        super().__init__(session, replace(options, max_message=options.max_message - OVERHEAD))
        self.promised += ", sealed"
        self._sealer = sealer

    def _pack(self, messages: list[bytes]) -> Sequence[bytes]:
        return [self._sealer.seal(message) for message in messages]


class StreamFormatter(DatagramFormatter):
    """All messages of a frame in one piece, stuffed and delimited."""

    def connected(self) -> Sequence[bytes]:
        """End an incomplete frame at the receiver, then send a HELLO."""
        return (DELIMITER, *super().connected())

    def count(self, pieces: Sequence[bytes]) -> int:
        """Return how many messages end in these pieces."""
        return sum(piece.count(DELIMITER) for piece in pieces if piece != DELIMITER)

    def _pack(self, messages: list[bytes]) -> Sequence[bytes]:
        return (frame_messages(messages),) if messages else ()


def options_of(uri: Uri, max_message: int = MAX_DATAGRAM) -> EncoderOptions:
    """Return the options ``points``, ``hz``, ``raw`` and ``smoothing`` of a URI.

    Raises:
        UsageError: one of them cannot be understood.
    """
    return EncoderOptions(
        selection=selection_of(uri, Selection.ALL),
        points_hz=uri.integer("hz", 0, 0, 1000),
        raw=uri.boolean("raw", False) or wants_unsmoothed(uri),
        max_message=max_message,
    )


DefaultT = TypeVar("DefaultT", Selection, None)


def selection_of(uri: Uri, default: DefaultT) -> Selection | DefaultT:
    """Return the option `points` of a URI: none, 68, eyes or all.

    Raises:
        UsageError: any other word.
    """
    return NAMES[uri.choice("points", NAMES)] if "points" in uri.options else default
