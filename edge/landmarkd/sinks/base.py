"""The interface of a sink, and its statistics."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from landmarkd.types import Report


@dataclass(slots=True)
class SinkStatistics:
    """What a sink did since it was started.

    Attributes:
        sent: reports that were handed to the transport.
        dropped: reports that were not, because the queue was full or there was no connection.
        messages, bytes: handed to the transport.
        reconnects: times that the connection was opened again after it was lost.
        failures: times that opening, formatting or sending failed, whatever the reason.
        connected: whether it is open now.
        last_error: the last failure in one sentence, or None.
        note: what is unusual although the connection is open, such as "nobody listens", or None.
        promised: what the stream carries, in words.
        points_promised_hz, points_sent_hz: complete sets of points a second, by plan and as sent; 0
            for one with every frame, or none.
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
    """Takes reports and sends them somewhere, on its own thread.

    A sink is built from a URI without touching the network or a device. `submit` never blocks and
    never raises: what cannot be sent is dropped and counted.

    Attributes:
        uri: as it was written.
        statistics: what it did so far; read it from any thread.
        gone: the receiver can never come back: standard output was closed.
        ending: whether the program was asked to end; a `submit` that waits gives up then.
    """

    uri: str
    statistics: SinkStatistics
    gone: bool = False
    ending: Callable[[], object] = staticmethod(lambda: False)

    @property
    def alive(self) -> bool:
        """False if the sink was started and its thread has ended though nobody closed it."""
        return True

    def check(self) -> None:  # noqa: B027 - most sinks of other packages have nothing to check
        """Look for mistakes that waiting cannot correct. Opens nothing and never waits.

        Raises:
            SinkSetupError: a folder, program or line that the URI names cannot be used.
            AccessError: no permission.
            MissingPackageError: a package that the sink needs is missing.
        """

    @abstractmethod
    def start(self) -> None:
        """Begin to open the connection and to send; returns at once.

        A connection that cannot be opened yet is tried again and again.

        Raises:
            LandmarkdError: what `check` raises, and nothing else.
        """

    @abstractmethod
    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Take a report.

        Args:
            report: what to send.
            wait: block while the queue is full, so that a file played at full speed loses nothing.
                Without a connection nothing is waited for.
        """

    def begin_close(self, drain_s: float = 1.0) -> None:  # noqa: B027 - `close` alone will do
        """Say that `close` follows, without waiting: several sinks can then end side by side."""

    @abstractmethod
    def close(self, drain_s: float = 1.0) -> None:
        """Send what is queued for at most `drain_s` seconds, say goodbye and end.

        May be called twice.
        """

    def __enter__(self) -> "Sink":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def close_all(sinks: Sequence[Sink], drain_s: float) -> None:
    """Close sinks side by side: together they take as long as the slowest of them."""
    for sink in sinks:
        sink.begin_close(drain_s)
    for sink in sinks:
        sink.close(drain_s)
