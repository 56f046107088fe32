"""The interface of a sink, and its statistics."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from landmarkd.types import Report


@dataclass(slots=True)
class SinkStatistics:
    """Counts and state of a sink since its start.

    Attributes:
        sent: reports that were given to the transport.
        dropped: reports that were not sent, because the queue was full or there was no connection.
        messages, bytes: given to the transport.
        reconnects: how often the connection was opened again after it was lost.
        failures: how often opening, formatting or sending failed.
        connected: whether it is open now.
        last_error: the last failure in one sentence, or None.
        note: an unusual state while the connection is open, such as "nobody listens", or None.
        promised: content of the stream, in words.
        points_promised_hz, points_sent_hz: complete sets of points a second, planned and sent; 0
            for every frame, or none.
    """

    sent: int = 0
    dropped: int = 0
    messages: int = 0
    bytes: int = 0
    reconnects: int = 0
    failures: int = 0
    connected: bool = False
    last_error: str | None = None
    note: str | None = None
    promised: str = ""
    points_promised_hz: float = 0.0
    points_sent_hz: float = 0.0


class Sink(ABC):
    """Sends reports on its own thread.

    A sink is built from a URI without touching the network or a device. `submit` never blocks and
    never raises an error: reports that cannot be sent are dropped and counted.

    Attributes:
        uri: as given.
        statistics: read it from any thread.
        gone: the receiver cannot come back, because standard output was closed.
        ending: whether the program has to end; then a waiting `submit` returns.
        follows: it follows the sinks before a reload, whose files keep their content.
    """

    uri: str
    statistics: SinkStatistics
    gone: bool = False
    follows: bool = False
    ending: Callable[[], object] = staticmethod(lambda: False)

    @property
    def alive(self) -> bool:
        """False if the thread has ended although the sink was not closed."""
        return True

    def check(self) -> None:  # noqa: B027 - most sinks of other packages have nothing to check
        """Check for errors that waiting cannot correct. Opens nothing and never waits.

        Raises:
            SinkSetupError: a folder, program or line that the URI names cannot be used.
            AccessError: no permission.
            MissingPackageError: a package that the sink needs is missing.
        """

    @abstractmethod
    def start(self) -> None:
        """Start to open the connection and to send; returns at once.

        A connection that cannot be opened is tried again and again.

        Raises:
            LandmarkdError: what `check` raises, and nothing else.
        """

    @abstractmethod
    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Take a report.

        Args:
            report: what to send.
            wait: block while the queue is full, so that a file at full speed loses nothing; does
                not block without a connection.
        """

    def begin_close(self, drain_s: float = 1.0) -> None:  # noqa: B027 - `close` alone will do
        """Prepare `close` without waiting, so that several sinks can end at the same time."""

    @abstractmethod
    def close(self, drain_s: float = 1.0) -> None:
        """Send the queue for at most `drain_s` seconds, send the goodbye and end.

        May be called twice.
        """

    def __enter__(self) -> "Sink":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def close_all(sinks: Sequence[Sink], drain_s: float) -> None:
    """Close sinks at the same time: together they take as long as the slowest one."""
    for sink in sinks:
        sink.begin_close(drain_s)
    for sink in sinks:
        sink.close(drain_s)
