"""A sink of three parts: a formatter (reports to bytes), a transport (sends bytes), and a thread.

The thread also opens the connection, so that nothing else waits for a name server, a broker or a
disk. No error of formatter or transport ends the thread: it counts and logs each failure and tries
again.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Lock, Thread
from typing import Generic, TypeAlias

from landmarkd.sinks.base import Sink, SinkStatistics
from landmarkd.sinks.parts import Formatter, PieceError, PieceT, Transport
from landmarkd.sinks.queue import RankedQueue
from landmarkd.sinks.unsmoothed import unsmoothed, wants_unsmoothed
from landmarkd.types import Report
from landmarkd.uri import Uri

log = logging.getLogger(__name__)

QUEUE_REPORTS = 16
"""Maximum of waiting reports; half a second at 30 frames a second."""
RETRY_FIRST_S = 0.25
"""Wait after the first failure; doubled after each further failure."""
RETRY_LONGEST_S = 5.0
LOG_PERIOD_S = 60.0
"""Period in which the same message is logged only once; `statistics` counts all."""
MAX_TEXTS = 16
IDLE_S = 2.0
"""After this time without a report, the formatter may send that the sender still runs."""
ENDING_S = 0.1
"""Period in which a waiting `submit` checks whether the program has to end."""
JOIN_S = 0.5
"""How much longer `close` waits for the thread; after that the thread ends alone."""

Format: TypeAlias = Callable[[Report, int], Sequence[PieceT]]
"""`Formatter.format` of one object."""
Send: TypeAlias = Callable[[Sequence[PieceT]], int]
"""`Transport.send` of one object."""


class QueuedSink(Sink, Generic[PieceT]):
    """A bounded queue and a thread that formats and sends; reconnects with growing waits.

    Args:
        uri: as parsed; its option ``smoothing=none`` sends unsmoothed points and pose.
        formatter, transport: the two parts.
        queue: of the waiting reports; one of `QUEUE_REPORTS` by default.

    Attributes:
        reopens: a broken pipe can be opened again.
        waits: `submit` may wait for room in the queue.
    """

    reopens = True
    waits = True

    def __init__(
        self,
        uri: Uri,
        formatter: Formatter[PieceT],
        transport: Transport[PieceT],
        queue: RankedQueue | None = None,
    ) -> None:
        self.uri = uri.text
        self.statistics = SinkStatistics(
            promised=formatter.promised, points_promised_hz=formatter.points_promised_hz
        )
        self._unsmoothed = wants_unsmoothed(uri)
        self._formatter = formatter
        self._transport = transport
        self._format: Format[PieceT] = formatter.format
        self._carry: Send[PieceT] = transport.send
        self._queue = RankedQueue(QUEUE_REPORTS) if queue is None else queue
        self._changed = Condition()
        # Held while formatter and transport are used.
        self._working = Lock()
        self._closing = False
        self._thread: Thread | None = None
        self._retry_s = RETRY_FIRST_S
        self._retry_at = self._used_at = 0.0
        self._opened_before = False
        self._reconnected = False
        self._said: dict[str, float] = {}

    def wrap(
        self,
        around_format: Callable[[Format[PieceT]], Format[PieceT]],
        around_send: Callable[[Send[PieceT]], Send[PieceT]],
    ) -> None:
        """Wrap formatting and sending, for time measurement; call it before `start`."""
        self._format, self._carry = around_format(self._format), around_send(self._carry)

    @property
    def alive(self) -> bool:
        """False if the thread has ended although the sink was not closed."""
        return self._thread is None or self._closing or self._thread.is_alive()

    def check(self) -> None:
        """Check for errors that waiting cannot correct."""
        self._transport.check()

    def start(self) -> None:
        """Check, and start the thread, which opens the connection."""
        if self._thread is not None:
            return
        self.check()
        self._transport.follows = self.follows
        self._thread = Thread(target=self._run, name=f"sink {self.uri}", daemon=True)
        self._thread.start()

    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Queue a report; `wait` waits for room, else a full queue drops a report."""
        for part in self._formatter.split(report):
            rank = self._formatter.rank(part)
            with self._changed:
                if wait and self.waits:
                    # A signal notifies no condition: a reader that hangs must not delay the end.
                    while not self._changed.wait_for(self._has_room, ENDING_S):
                        if self.ending():
                            break
                self.statistics.dropped += self._queue.push(part, rank)
                self._transport.waiting = self._queue.highest
                self._changed.notify_all()

    def _has_room(self) -> bool:
        return not self._queue.full or self._closing or self.gone or not self.alive

    def begin_close(self, drain_s: float = 1.0) -> None:
        """Let the thread send the queue for at most `drain_s` seconds and end."""
        with self._changed:
            if not self._closing:
                self._closing = True
                self._transport.deadline = time.monotonic() + drain_s
            self._changed.notify_all()

    def close(self, drain_s: float = 1.0) -> None:
        """Send the queue for at most `drain_s` seconds, send the goodbye and end."""
        self.begin_close(drain_s)
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(drain_s + JOIN_S)
            if thread.is_alive():
                log.warning("%s: does not end in time and is left behind", self.uri)
        self.statistics.connected = False

    def _run(self) -> None:
        try:
            while not self._work():
                pass
        finally:
            with suppress(Exception):
                self._transport.close()
            self.statistics.connected = False
            with self._changed:
                if not self._closing:
                    self.statistics.last_error = "its thread has ended; restart the daemon"
                self._changed.notify_all()

    def _work(self) -> bool:
        """Send until the sink is closed; return whether it was. Handles every failure."""
        try:
            with self._working:
                self._ready()
                self._used_at = time.monotonic()
            while self._wait():
                with self._working:
                    self._tend()
                    report = self._take()
                    if report is not None:
                        self._deliver(report)
                    elif not self._closing:
                        self._used_at = time.monotonic()
                        self._ready()
                        self._send(self._formatter.idle())
            if self.statistics.connected:
                self._send(self._formatter.goodbye(self.statistics.dropped))
        except Exception as error:  # the thread continues after every error of a library
            self._failed(error)
            log.debug("%s", self.uri, exc_info=True)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, RETRY_FIRST_S)
            return self._closing
        return True

    def _wait(self) -> bool:
        """Wait until a report waits, or none came for long; return False when all is done."""
        with self._changed:
            while not (self._queue or self._closing):
                left = self._used_at + IDLE_S - time.monotonic()
                if left <= 0.0:
                    break
                self._changed.wait(left)
            return bool(self._queue) or not self._closing

    def _tend(self) -> None:
        try:
            self._transport.tend()
        except PieceError as error:
            self._say(str(error))

    def _take(self) -> Report | None:
        with self._changed:
            if self._closing and time.monotonic() > self._transport.deadline:
                self.statistics.dropped += self._queue.clear()
            report = self._queue.take() if self._queue else None
            self._transport.waiting = self._queue.highest
            self._changed.notify_all()
            return report

    def _deliver(self, report: Report) -> None:
        statistics = self.statistics
        self._used_at = time.monotonic()
        if not self._ready():
            statistics.dropped += 1
            return
        try:
            if self._unsmoothed:
                report = unsmoothed(report)
            pieces = self._format(report, statistics.dropped)
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
            self.statistics.bytes += self._carry(pieces)
            self.statistics.note = self._transport.note
        except PieceError as error:
            self._say(str(error))
            return False
        except Exception as error:  # drivers raise other errors too, such as termios.error
            self.gone = not self.reopens and isinstance(error, BrokenPipeError)
            self._failed(error)
            return False
        self._retry_s = RETRY_FIRST_S
        self.statistics.messages += self._formatter.count(pieces)
        if self._reconnected:
            self._reconnected = False
            self._say("connected again", failure=False)
        if self._transport.full:
            self._transport.close()
            self.statistics.connected = self._opened_before = False
        return True

    def _ready(self) -> bool:
        if self.statistics.connected:
            return True
        if self.gone or time.monotonic() < self._retry_at:
            return False
        try:
            self._open()
        except Exception as error:  # as in `_send`
            self._failed(error)
        return self.statistics.connected

    def _open(self) -> None:
        self._transport.open()
        pieces = self._formatter.connected()
        if pieces:
            self.statistics.bytes += self._transport.send(pieces)
            self.statistics.messages += self._formatter.count(pieces)
        self.statistics.note = self._transport.note
        self.statistics.connected = True
        self.statistics.reconnects += self._opened_before
        self._reconnected = self._opened_before
        self._opened_before = True

    def _failed(self, error: Exception) -> None:
        with suppress(Exception):
            self._transport.close()
        self.statistics.connected = False
        self._retry_at = time.monotonic() + self._retry_s
        self._retry_s = min(RETRY_LONGEST_S, self._retry_s * 2)
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self._say(text if self.gone else f"{text}; it is tried again")

    def _say(self, text: str, *, failure: bool = True) -> None:
        now = time.monotonic()
        if now - self._said.get(text, -LOG_PERIOD_S) >= LOG_PERIOD_S:
            self._said[text] = now
            if len(self._said) > MAX_TEXTS:
                del self._said[next(iter(self._said))]
            log.warning("%s: %s", self.uri, text)
        if failure:
            self.statistics.failures += 1
            self.statistics.last_error = text
