"""The contract of every sink: nothing lost when waited for, submit never blocks, close ends."""

import json
import os
import pty
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select

import pytest
from landmarkd.sinks import make_sink
from landmarkd.sinks.worker import QUEUE_REPORTS
from landmarkd.wire import Assembler, Decoder
from landmarkd.wire.schema import Bye

from tests.wire.builders import report, session

FRAMES = 60


def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Wait until a condition is true that other threads cause."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.005)
    return True


class Contract(ABC):
    """Subclasses make a sink and say which frames it sent."""

    @pytest.fixture(autouse=True)
    def end(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        self.open_end()
        yield
        self.close_end()

    @abstractmethod
    def open_end(self) -> None: ...

    @abstractmethod
    def close_end(self) -> None: ...

    @abstractmethod
    def uri(self) -> str: ...

    @abstractmethod
    def frames(self) -> list[int]:
        """Numbers of the frames that arrived so far."""

    def test_every_report_arrives_in_order_when_it_is_waited_for(self) -> None:
        with make_sink(self.uri(), session()) as sink:
            for i in range(FRAMES):
                sink.submit(report(i, with_face=i % 3 > 0), wait=True)
            assert until(lambda: len(self.frames()) == FRAMES)
        assert self.frames() == list(range(FRAMES))
        statistics = sink.statistics
        assert (statistics.sent, statistics.dropped, statistics.reconnects) == (FRAMES, 0, 0)
        assert statistics.bytes > FRAMES
        assert statistics.last_error is None

    def test_closing_sends_what_is_queued_and_may_be_repeated(self) -> None:
        sink = make_sink(self.uri(), session())
        sink.start()
        for i in range(QUEUE_REPORTS):
            sink.submit(report(i))
        sink.close(10.0)
        sink.close()
        assert until(lambda: self.frames() == list(range(QUEUE_REPORTS)))

    def test_what_is_submitted_before_the_start_or_after_the_end_does_no_harm(self) -> None:
        sink = make_sink(self.uri(), session())
        for i in range(3 * QUEUE_REPORTS):
            sink.submit(report(i))
        assert sink.statistics.dropped == 2 * QUEUE_REPORTS
        sink.close()
        sink.submit(report(0))
        sink.submit(report(1), wait=True)

    def test_no_thread_is_left_behind(self) -> None:
        with make_sink(self.uri(), session()):
            assert any(self.uri() in thread.name for thread in threading.enumerate())
        assert until(lambda: not any(self.uri() in thread.name for thread in threading.enumerate()))


class TestUdp(Contract):
    family, host = socket.AF_INET, "127.0.0.1"
    options = ""

    def open_end(self) -> None:
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((self.host, 0))
        self.decoder, self.assembler, self.seen = Decoder(), Assembler(), []
        self.messages = []
        self.stop = False
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        while not self.stop:
            if not select([self.socket], [], [], 0.02)[0]:
                self.seen += [r.frame for r in self.assembler.flush() if r.status is not None]
                continue
            for packet in self.decoder.datagram(self.socket.recv(65536)):
                self.messages.append(packet.message)
                self.seen += [r.frame for r in self.assembler.add(packet) if r.status is not None]

    def close_end(self) -> None:
        self.stop = True
        self.reader.join()
        self.socket.close()

    def uri(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"udp://{host}:{self.socket.getsockname()[1]}{self.options}"

    def frames(self) -> list[int]:
        return list(self.seen)

    def test_says_goodbye(self) -> None:
        with make_sink(self.uri(), session()) as sink:
            sink.submit(report(0), wait=True)
        assert until(lambda: Bye(1, 0, 0) in [m for m in self.messages if isinstance(m, Bye)])


class TestUdpIpv6(TestUdp):
    family, host = socket.AF_INET6, "::1"


class TestUdpSubset(TestUdp):
    options = "?points=68&hz=10"


class TestSerial(Contract):
    def open_end(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.decoder, self.assembler, self.seen = Decoder(), Assembler(), []
        self.stop = self.paused = False
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        while not self.stop:
            if self.paused or not select([self.master], [], [], 0.02)[0]:
                self.seen += [r.frame for r in self.assembler.flush() if r.status is not None]
                continue
            for packet in self.decoder.feed(os.read(self.master, 65536)):
                self.seen += [r.frame for r in self.assembler.add(packet) if r.status is not None]

    def close_end(self) -> None:
        self.stop = True
        self.reader.join()
        os.close(self.master)
        os.close(self.slave)

    def uri(self) -> str:
        return f"serial://{os.ttyname(self.slave)}?baud=921600"

    def frames(self) -> list[int]:
        return list(self.seen)

    def test_nothing_is_damaged(self) -> None:
        with make_sink(self.uri(), session()) as sink:
            for i in range(FRAMES):
                sink.submit(report(i), wait=True)
            assert until(lambda: len(self.frames()) == FRAMES)
        assert until(lambda: self.decoder.counters.packets == sink.statistics.messages)
        assert self.decoder.counters.missing == self.decoder.counters.rejected == 0

    def test_a_receiver_that_does_not_read_costs_reports_and_no_time(self) -> None:
        self.paused = True
        sink = make_sink(self.uri(), session())
        sink.start()
        longest = 0.0
        for i in range(300):
            began = time.perf_counter()
            sink.submit(report(i))
            longest = max(longest, time.perf_counter() - began)
        assert sink.statistics.dropped >= 300 - QUEUE_REPORTS - 60
        assert longest < 0.5  # a write to the full line would take its whole timeout of a second
        self.paused = False
        sink.close(0.2)


class TestJsonl(Contract):
    def open_end(self) -> None:
        self.path = self.folder / "out.jsonl"

    def close_end(self) -> None:
        pass

    def uri(self) -> str:
        return f"jsonl:{self.path}"

    def frames(self) -> list[int]:
        if not self.path.exists():
            return []
        lines = self.path.read_text().split("\n")[:-1]
        return [json.loads(line)["sequence"] for line in lines]
