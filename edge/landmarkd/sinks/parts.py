"""The two parts of a sink: a formatter makes pieces, a transport sends them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from landmarkd.errors import SinkError
from landmarkd.types import Report

PieceT = TypeVar("PieceT")
"""The type of the pieces from formatter to transport, mostly bytes."""


class PieceError(SinkError):
    """A piece was not sent, but the connection is still open."""


class Formatter(ABC, Generic[PieceT]):
    """Turns reports into pieces for the transport. Does not depend on connections.

    Attributes:
        promised: content of the stream, in words.
        points_promised_hz, points_sent_hz: complete sets of points a second.
    """

    promised: str = ""
    points_promised_hz: float = 0.0
    points_sent_hz: float = 0.0

    def split(self, report: Report) -> Sequence[Report]:
        """Return the parts of a report that wait in the queue separately; nothing drops it."""
        return (report,)

    def rank(self, report: Report) -> int:
        """Return the rank of a report; a full queue drops a report of the lowest rank.

        A report without events has rank 0; with events it is the highest level plus 1.
        """
        events = report.driver.events if report.driver is not None else ()
        return max((event.level for event in events), default=-1) + 1

    @abstractmethod
    def format(self, report: Report, dropped: int) -> Sequence[PieceT]:
        """Return the pieces of a report; `dropped` reports were lost on this sink so far."""

    def count(self, pieces: Sequence[PieceT]) -> int:
        """Return how many messages a receiver counts in these pieces."""
        return len(pieces)

    def connected(self) -> Sequence[PieceT]:
        """Return the first pieces on a new connection."""
        return ()

    def idle(self) -> Sequence[PieceT]:
        """Return the pieces after `worker.IDLE_S` seconds without a report."""
        return ()

    def goodbye(self, dropped: int) -> Sequence[PieceT]:
        """Return the last pieces; `dropped` reports were lost on this sink."""
        return ()


class Transport(ABC, Generic[PieceT]):
    """Sends pieces. Does not depend on messages. Used by one thread at a time.

    Attributes:
        note: an unusual state while the connection is open, or None.
        deadline: monotonic seconds after which `open` and `send` must not wait, because the sink
            closes.
        waiting: the highest rank of the waiting reports, -1 for none.
        follows: as that of the sink.
    """

    note: str | None = None
    deadline: float = math.inf
    waiting: int = -1
    follows: bool = False

    def check(self) -> None:
        """Check for errors that waiting cannot correct; raises the same as `Sink.check`."""

    @abstractmethod
    def open(self) -> None:
        """Open the connection; raises OSError or a LandmarkdError."""

    @abstractmethod
    def send(self, pieces: Sequence[PieceT]) -> int:
        """Send all pieces and return the number of bytes.

        Raises:
            PieceError: a piece was not sent; the connection is still open.
            OSError: the connection is lost.
        """

    @property
    def full(self) -> bool:
        """Whether to close and open again, for a file that has reached its limit."""
        return False

    def tend(self) -> None:
        """Do periodic work; called before each report leaves the queue, and when idle.

        Idle means `worker.IDLE_S` seconds without a report. It may wait until `send` can begin.

        Raises:
            PieceError: something that was sent earlier failed; the connection is still open.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection; may be called twice and on one that was never opened."""
