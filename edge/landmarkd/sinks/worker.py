"""A sink as three parts: a formatter (reports to bytes), a transport (bytes to the world), a thread between."""

import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import Generic, TypeVar

from landmarkd.errors import AccessError, LandmarkdError
from landmarkd.sinks.base import Sink, SinkStatistics
from landmarkd.types import Report

log = logging.getLogger(__name__)

QUEUE_REPORTS = 16
"""Reports that wait at most; half a second at 30 frames a second."""
RETRY_FIRST_S = 0.25
"""Wait after the first failure; doubled with each one that follows."""
RETRY_LONGEST_S = 5.0
LOG_PERIOD_S = 60.0
"""The same sentence is logged no more often than this; `statistics` counts all."""
MAX_TEXTS = 16
IDLE_S = 2.0
"""Without a report for this long, the formatter may say that the sender is still there."""


PieceT = TypeVar("PieceT")
"""What a formatter hands to its transport: bytes, mostly."""


class Formatter(ABC, Generic[PieceT]):
    """Turns reports into what the transport carries. Knows nothing of connections.

    Attributes:
        promised: what the stream carries, in words.
        points_promised_hz, points_sent_hz: complete sets of points a second.
        messages: formatted since the start; what a receiver can count.
    """

    promised: str = ""
    points_promised_hz: float = 0.0
    points_sent_hz: float = 0.0
    messages: int = 0

    @abstractmethod
    def format(self, report: Report, dropped: int) -> Sequence[PieceT]:
        """Return the pieces to send for a report; `dropped` were lost on this sink so far."""

    def connected(self) -> Sequence[PieceT]:
        """Return what is sent first on a new connection."""
        return ()

    def idle(self) -> Sequence[PieceT]:
        """Return what is sent when there was no report for `IDLE_S` seconds."""
        return ()

    def goodbye(self, dropped: int) -> Sequence[PieceT]:
        """Return what is sent last."""
        del dropped
        return ()


class Transport(ABC, Generic[PieceT]):
    """Carries bytes. Knows nothing of messages. Used by one thread at a time."""

    note: str | None = None
    """What is odd though the connection is open, or None."""

    @abstractmethod
    def open(self) -> None:
        """Open the connection; raises OSError or a LandmarkdError."""

    @abstractmethod
    def send(self, pieces: Sequence[PieceT]) -> int:
        """Send all pieces and return how many bytes that were; raises OSError when the connection is lost."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; may be called twice and on one that was never opened."""


class QueuedSink(Sink, Generic[PieceT]):
    """A bounded queue and a thread that formats and sends; reconnects with growing waits.

    Attributes:
        must_open: a first failure to open is the user's mistake and waiting would not mend it.
        reopens: a broken pipe can be opened again.
    """

    must_open = False
    reopens = True

    def __init__(
        self, uri: str, formatter: Formatter[PieceT], transport: Transport[PieceT]
    ) -> None:
        self.uri = uri
        self.statistics = SinkStatistics(
            promised=formatter.promised, points_promised_hz=formatter.points_promised_hz
        )
        self._formatter = formatter
        self._transport = transport
        self._queue: deque[Report] = deque()
        self._changed = Condition()
        self._closing = False
        self._deadline = 0.0
        self._thread: Thread | None = None
        self._retry_s = RETRY_FIRST_S
        self._retry_at = 0.0
        self._opened_before = False
        self._reconnected = False
        self._said: dict[str, float] = {}
        self._counted = 0

    def wrap(
        self,
        formatter: Callable[[Formatter[PieceT]], Formatter[PieceT]],
        transport: Callable[[Transport[PieceT]], Transport[PieceT]],
    ) -> None:
        """Put something around formatter and transport, a stopwatch for one; only before `start`."""
        self._formatter, self._transport = formatter(self._formatter), transport(self._transport)

    def start(self) -> None:
        """Open the connection once here, so that a user's mistake shows at once, then start the thread."""
        if self._thread is not None:
            return
        try:
            self._open()
        except OSError as error:
            if self.must_open or isinstance(error, AccessError):
                raise
            self._failed(error)
        self._thread = Thread(target=self._run, name=f"sink {self.uri}", daemon=True)
        self._thread.start()

    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Queue a report; the oldest one makes room if the queue is full and not waited for."""
        with self._changed:
            if wait:
                self._changed.wait_for(
                    lambda: len(self._queue) < QUEUE_REPORTS or self._closing or self.gone
                )
            if len(self._queue) >= QUEUE_REPORTS:
                self._queue.popleft()
                self.statistics.dropped += 1
            self._queue.append(report)
            self._changed.notify_all()

    def close(self, drain_s: float = 1.0) -> None:
        """Send what is queued for at most `drain_s` seconds, say goodbye and end."""
        with self._changed:
            self._closing = True
            self._deadline = time.monotonic() + drain_s
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(drain_s + 1.0)
            self._thread = None
        self._transport.close()
        self.statistics.connected = False

    def _run(self) -> None:
        while True:
            report = self._take()
            if report is not None:
                self._deliver(report)
            elif self._closing:
                break
            else:
                self._send(self._formatter.idle())
        self._send(self._formatter.goodbye(self.statistics.dropped))

    def _take(self) -> Report | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing, IDLE_S)
            if self._closing and time.monotonic() > self._deadline:
                self.statistics.dropped += len(self._queue)
                self._queue.clear()
            if not self._queue:
                return None
            report = self._queue.popleft()
            self._changed.notify_all()
            return report

    def _deliver(self, report: Report) -> None:
        statistics = self.statistics
        if not self._ready():
            statistics.dropped += 1
            return
        try:
            pieces = self._formatter.format(report, statistics.dropped)
        except Exception as error:  # a report that cannot be formatted must not end the thread
            statistics.dropped += 1
            self._say(f"a report cannot be sent: {error}")
            return
        if self._send(pieces):
            statistics.sent += 1
            statistics.points_sent_hz = self._formatter.points_sent_hz
        else:
            statistics.dropped += 1

    def _send(self, pieces: Sequence[PieceT]) -> bool:
        if not pieces:
            return self.statistics.connected
        if not self._ready():
            return False
        try:
            self.statistics.bytes += self._transport.send(pieces)
            self.statistics.note = self._transport.note
        except BrokenPipeError as error:
            self._failed(error)
            self.gone = not self.reopens
        except OSError as error:
            self._failed(error)
        else:
            self._retry_s = RETRY_FIRST_S
            self._count()
            if self._reconnected:
                self._reconnected = False
                self._say("connected again", failure=False)
            return True
        self._counted = self._formatter.messages
        return False

    def _count(self) -> None:
        formatted = self._formatter.messages
        self.statistics.messages += formatted - self._counted
        self._counted = formatted

    def _ready(self) -> bool:
        if self.statistics.connected:
            return True
        if self.gone or time.monotonic() < self._retry_at:
            return False
        try:
            self._open()
        except (OSError, LandmarkdError) as error:
            self._failed(error)
            return False
        return True

    def _open(self) -> None:
        self._transport.open()
        pieces = self._formatter.connected()
        if pieces:
            self.statistics.bytes += self._transport.send(pieces)
            self._count()
        self.statistics.connected = True
        if self._opened_before:
            self.statistics.reconnects += 1
            self._reconnected = True
        self._opened_before = True

    def _failed(self, error: Exception) -> None:
        self._transport.close()
        self.statistics.connected = False
        self._retry_at = time.monotonic() + self._retry_s
        self._retry_s = min(RETRY_LONGEST_S, self._retry_s * 2)
        self._say(f"{getattr(error, 'strerror', None) or error}; it is tried again")

    def _say(self, text: str, *, failure: bool = True) -> None:
        now = time.monotonic()
        if now - self._said.get(text, -LOG_PERIOD_S) >= LOG_PERIOD_S:
            self._said[text] = now
            if len(self._said) > MAX_TEXTS:
                del self._said[next(iter(self._said))]
            log.warning("%s: %s", self.uri, text)
        if failure:
            self.statistics.last_error = text
