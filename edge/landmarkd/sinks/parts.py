"""The two replaceable parts of a sink: a formatter makes pieces, a transport carries them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from landmarkd.errors import SinkError
from landmarkd.types import Report

PieceT = TypeVar("PieceT")
"""What a formatter hands to its transport: bytes, mostly."""


class PieceError(SinkError):
    """A piece that was not taken, while the connection is as good as before."""


class Formatter(ABC, Generic[PieceT]):
    """Turns reports into what the transport carries. Knows nothing of connections.

    Attributes:
        promised: what the stream carries, in words.
        points_promised_hz, points_sent_hz: complete sets of points a second.
    """

    promised: str = ""
    points_promised_hz: float = 0.0
    points_sent_hz: float = 0.0

    def split(self, report: Report) -> Sequence[Report]:
        """Return what waits in the queue for a report, each part on its own; nothing drops it."""
        return (report,)

    def rank(self, report: Report) -> int:
        """Return how important a report is; if one must be dropped, it is one of the lowest rank.

        A report with events ranks above one without, by the highest level of its events.
        """
        events = report.driver.events if report.driver is not None else ()
        return max((event.level for event in events), default=-1) + 1

    @abstractmethod
    def format(self, report: Report, dropped: int) -> Sequence[PieceT]:
        """Return the pieces to send for a report; `dropped` were lost on this sink so far."""

    def count(self, pieces: Sequence[PieceT]) -> int:
        """Return how many messages a receiver counts in these pieces."""
        return len(pieces)

    def connected(self) -> Sequence[PieceT]:
        """Return what is sent first on a new connection."""
        return ()

    def idle(self) -> Sequence[PieceT]:
        """Return what is sent when there was no report for `worker.IDLE_S` seconds."""
        return ()

    def goodbye(self, dropped: int) -> Sequence[PieceT]:
        """Return what is sent last; `dropped` were lost on this sink."""
        return ()


class Transport(ABC, Generic[PieceT]):
    """Carries pieces. Knows nothing of messages. Used by one thread at a time.

    Attributes:
        note: what is odd though the connection is open, or None.
        deadline: monotonic seconds after which `open` and `send` must not wait any longer, because
            the sink is being closed.
        waiting: the highest rank among the reports that wait to be sent, -1 for none.
    """

    note: str | None = None
    deadline: float = math.inf
    waiting: int = -1

    def check(self) -> None:
        """Look for mistakes that waiting cannot correct; raises what `Sink.check` does."""

    @abstractmethod
    def open(self) -> None:
        """Open the connection; raises OSError or a LandmarkdError."""

    @abstractmethod
    def send(self, pieces: Sequence[PieceT]) -> int:
        """Send all pieces and return how many bytes that were.

        Raises:
            PieceError: a piece was not taken; the connection stays.
            OSError: the connection is lost.
        """

    @property
    def full(self) -> bool:
        """Whether to close and open again, such as a file that has reached its limit."""
        return False

    def tend(self) -> None:
        """Do periodic work; called about every `worker.IDLE_S` seconds when idle."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; may be called twice and on one that was never opened."""
