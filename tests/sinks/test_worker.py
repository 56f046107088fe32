"""The thread of a sink: it survives any exception of a transport, and its end is noticed."""

import termios
import threading
from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.sinks.direct import DirectSink
from landmarkd.sinks.parts import Formatter, PieceError, Transport
from landmarkd.sinks.queue import RankedQueue
from landmarkd.sinks.worker import QUEUE_REPORTS, QueuedSink
from landmarkd.types import Report
from landmarkd.uri import Uri

from tests.sinks.test_contract import until
from tests.wire.builders import driver, event, report


class Plain(Formatter[bytes]):
    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        del dropped
        return (str(report.sequence).encode(),)


class Flaky(Transport[bytes]):
    """Raises the given exceptions, one after the other, in the named method."""

    def __init__(self, place: str, *errors: BaseException) -> None:
        self.place, self.errors, self.got = place, list(errors), []

    def fail(self, place: str) -> None:
        if place == self.place and self.errors:
            raise self.errors.pop(0)

    def open(self) -> None:
        self.fail("open")

    def send(self, pieces: Sequence[bytes]) -> int:
        self.fail("send")
        self.got += pieces
        return len(pieces)

    def tend(self) -> None:
        self.fail("tend")

    def close(self) -> None:
        self.fail("close")


def sink_of(transport: Flaky) -> QueuedSink[bytes]:
    return QueuedSink(Uri("test:", "test"), Plain(), transport)


def goes_on(sink: QueuedSink[bytes], transport: Flaky) -> bool:
    """Submit reports until some arrived."""
    numbers = count()

    def arrived() -> bool:
        sink.submit(report(next(numbers)))
        return len(transport.got) > 3

    return until(arrived)


@pytest.mark.parametrize("place", ["open", "send", "close"])
@pytest.mark.parametrize(
    "error",
    [termios.error(5, "Input/output error"), ValueError("odd"), RuntimeError(), OSError(5, "I/O")],
)
def test_whatever_is_raised_is_counted_said_and_tried_again(place: str, error: Exception) -> None:
    errors = [error] if place != "close" else [error, error]
    transport = Flaky(place, *errors)
    with sink_of(transport) as sink:
        assert goes_on(sink, transport)
        assert sink.alive
        if place != "close":
            assert sink.statistics.failures == 1
            assert "tried again" in (sink.statistics.last_error or "")


def test_a_late_failure_of_a_piece_drops_nothing_else() -> None:
    transport = Flaky("tend", PieceError("the command before failed"))
    with sink_of(transport) as sink:
        sink.submit(report(0))
        assert until(lambda: transport.got == [b"0"])
        assert sink.statistics.last_error == "the command before failed"
    statistics = sink.statistics
    assert (statistics.failures, statistics.dropped, statistics.reconnects) == (1, 0, 0)


class Gated(Transport[bytes]):
    """Opens when it is allowed to, and notes the thread that sends each piece."""

    def __init__(self) -> None:
        self.may_open, self.got, self.threads = threading.Event(), [], []

    def open(self) -> None:
        self.may_open.wait()

    def send(self, pieces: Sequence[bytes]) -> int:
        self.got += pieces
        self.threads.append(threading.get_ident())
        return len(pieces)

    def close(self) -> None:
        """Nothing is open."""


def test_a_direct_sink_sends_at_once_but_never_waits_nor_overtakes() -> None:
    transport = Gated()
    sink = DirectSink(Uri("test:", "test"), Plain(), transport)
    with sink:
        for number in range(5):
            sink.submit(report(number))  # the thread still opens the connection
        assert transport.got == []
        transport.may_open.set()
        number = 5
        while threading.get_ident() not in transport.threads:
            sink.submit(report(number))
            number += 1
        before = len(transport.got)
        sink.submit(report(number))
        assert transport.got[before:] == [str(number).encode()]
    sent = [int(piece) for piece in transport.got]
    assert sent == sorted(sent)
    assert len(sent) + sink.statistics.dropped == number + 1
    assert sink.statistics.sent == len(sent)


def test_a_direct_sink_opens_again_what_broke() -> None:
    transport = Flaky("send", OSError(5, "I/O"))
    with DirectSink(Uri("test:", "test"), Plain(), transport) as sink:
        assert goes_on(sink, transport)
        assert sink.statistics.failures == 1
        assert sink.statistics.reconnects == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_noticed() -> None:
    transport = Flaky("send", SystemExit())
    sink = sink_of(transport)
    assert sink.alive
    sink.start()
    sink.submit(report(0))
    assert until(lambda: not sink.alive)
    assert "restart" in (sink.statistics.last_error or "")
    assert not sink.statistics.connected
    for i in range(2 * QUEUE_REPORTS):
        sink.submit(report(i), wait=True)  # nobody waits for a dead thread
    sink.close()
    assert sink.alive, "one that was closed is not dead"


def test_events_are_dropped_last() -> None:
    sink = sink_of(Flaky("send"))
    sink.submit(report(0, state=driver(0, event())))
    for i in range(1, 3 * QUEUE_REPORTS):
        sink.submit(report(i))
    sink.start()
    sink.close(10.0)
    sent = [int(piece) for piece in sink._transport.got]
    assert sent[0] == 0
    assert sent[1:] == list(range(2 * QUEUE_REPORTS + 1, 3 * QUEUE_REPORTS))


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 8), st.booleans())
def test_a_queue_keeps_what_matters_most(ranks: list[int], limit: int, urgent: bool) -> None:
    queue = RankedQueue(limit, urgent_first=urgent)
    dropped = sum(queue.push(report_number(i), rank) for i, rank in enumerate(ranks))
    assert len(queue) == min(limit, len(ranks)) == len(ranks) - dropped
    taken = [queue.take().sequence for _ in range(len(queue))]
    kept = sorted(ranks[i] for i in taken)
    assert kept == sorted(ranks)[len(ranks) - len(kept) :], "the lowest ranks went"
    if urgent:
        assert taken == sorted(taken, key=lambda i: (-ranks[i], i))
    else:
        assert taken == sorted(taken)


def report_number(number: int) -> Report:
    return Report("test:", number, 0, 0, 640, 480, None)
