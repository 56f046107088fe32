"""Formatters of the binary protocol: as datagrams, and stuffed for a serial line."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from landmarkd.errors import UsageError
from landmarkd.sinks.parts import Formatter
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import Encoder, EncoderOptions
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

    @property
    def messages(self) -> int:  # type: ignore[override]
        """Messages encoded since the start."""
        return self.encoder.messages

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return the messages of a report."""
        self._frames += 1
        return self.encoder.encode(report, dropped)

    def connected(self) -> Sequence[bytes]:
        """Send a HELLO."""
        return (self.encoder.hello(),)

    def idle(self) -> Sequence[bytes]:
        """Send a HELLO; a HELLO without STATUS means that no frames come."""
        return (self.encoder.hello(),)

    def goodbye(self, dropped: int) -> Sequence[bytes]:
        """Say that the silence that follows is meant."""
        return (self.encoder.bye(self._frames, dropped),)


class SealedFormatter(DatagramFormatter):
    """One message in one sealed datagram."""

    def __init__(self, session: Session, options: EncoderOptions, sealer: Sealer) -> None:
        super().__init__(session, replace(options, max_message=options.max_message - OVERHEAD))
        self.promised += ", sealed"
        self._sealer = sealer

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return the messages of a report, sealed."""
        return self._seal(super().format(report, dropped))

    def connected(self) -> Sequence[bytes]:
        """Send a HELLO."""
        return self._seal(super().connected())

    def idle(self) -> Sequence[bytes]:
        """Send a HELLO; a HELLO without STATUS means that no frames come."""
        return self._seal(super().idle())

    def goodbye(self, dropped: int) -> Sequence[bytes]:
        """Say that the silence that follows is meant."""
        return self._seal(super().goodbye(dropped))

    def _seal(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        return [self._sealer.seal(message) for message in messages]


class StreamFormatter(DatagramFormatter):
    """All messages of a frame in one piece, stuffed and delimited."""

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return the messages of a report as one run of bytes."""
        messages = super().format(report, dropped)
        return (frame_messages(list(messages)),) if messages else ()

    def connected(self) -> Sequence[bytes]:
        """End a partial frame that the receiver may still hold, then send a HELLO."""
        return (DELIMITER + frame_messages(list(super().connected())),)

    def idle(self) -> Sequence[bytes]:
        """Send a HELLO."""
        return (frame_messages(list(super().idle())),)

    def goodbye(self, dropped: int) -> Sequence[bytes]:
        """Say that the silence that follows is meant."""
        return (frame_messages(list(super().goodbye(dropped))),)


DefaultT = TypeVar("DefaultT", Selection, None)


def selection_of(uri: Uri, default: DefaultT) -> Selection | DefaultT:
    """Return the option `points` of a URI: none, 68, eyes or all.

    Raises:
        UsageError: any other word.
    """
    text = uri.options.get("points")
    if text is None:
        return default
    if text not in NAMES:
        raise UsageError(f"{uri.text}: points is {text!r}; use one of {', '.join(NAMES)}.")
    return NAMES[text]
