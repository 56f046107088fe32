"""Time of the wire: encode and decode for each transport, and a paced line of 921600 baud.

python -m tests.bench_wire

Times are processor time of this process, the best of several rounds, so that other programs disturb
them little.
"""

import os
import pty
import sys
import threading
import time
import tty
from collections.abc import Callable
from select import select

from landmarkd.sinks import make_sink
from landmarkd.wire import Assembler, Decoder, Encoder, EncoderOptions, Selection, jsonl
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE, cobs_encode, frame_messages
from landmarkd.wire.seal import Opener, Sealer

from tests.wire.builders import PERIOD_NS, report, session

REPORTS = 60
ROUNDS = 9
GOAL_US = {"full": 60.0, "status": 15.0}
BAUD = 921600
LINE_SECONDS = 10.0
CHIP_BYTES = 64
"""A UART's FIFO and DMA take a few bytes at a time."""


def microseconds(run: Callable[[], object]) -> float:
    """Return the processor time of one report, the best of several rounds over sixty of them."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        run()
        best = min(best, time.process_time_ns() - began)
    return best / 1e3 / REPORTS


def decode_datagrams(reports: list[list[bytes]]) -> None:
    """Decode each datagram once and drop it, as a receiver does; a decoder that saw them before
    would find all of them late."""
    decoder = Decoder()
    for messages in reports:
        for message in messages:
            decoder.datagram(message)


def decode_line(streams: list[bytes]) -> None:
    """Decode a serial line, a report at a time."""
    decoder = Decoder()
    for data in streams:
        decoder.feed(data)


def encode_and_decode() -> list[tuple[str, float, float, float]]:
    """Return name, encode, decode and goal in microseconds."""
    reports, rows = [report(i) for i in range(REPORTS)], []
    for name, options, goal in (
        ("STATUS in a datagram", EncoderOptions(Selection.NONE), "status"),
        ("STATUS and 68 points in datagrams", EncoderOptions(Selection.IBUG68), "full"),
        ("STATUS and 562 points in datagrams", EncoderOptions(Selection.ALL), "full"),
    ):
        encoder = Encoder(session(), options)
        messages = [encoder.encode(r) for r in reports]
        encode = microseconds(lambda encoder=encoder: [encoder.encode(r) for r in reports])
        decode = microseconds(lambda messages=messages: decode_datagrams(messages))
        rows.append((name, encode, decode, GOAL_US[goal]))
    for name, selection, goal in (
        ("STATUS on a serial line", Selection.NONE, "status"),
        ("STATUS and 68 points on a serial line", Selection.IBUG68, "full"),
        ("STATUS and 562 points on a serial line", Selection.ALL, "full"),
    ):
        encoder = Encoder(session(), EncoderOptions(selection, max_message=MAX_SERIAL_MESSAGE))
        streams = [frame_messages(encoder.encode(r)) for r in reports]
        encode = microseconds(
            lambda encoder=encoder: [frame_messages(encoder.encode(r)) for r in reports]
        )
        decode = microseconds(lambda streams=streams: decode_line(streams))
        rows.append((name, encode, decode, GOAL_US[goal]))
    return rows


def ratios() -> list[str]:
    """Return the cost of design choices, each against its alternative in the same run."""
    reports = [report(i) for i in range(REPORTS)]
    encoder = Encoder(session(), EncoderOptions(max_message=MAX_SERIAL_MESSAGE))
    messages = [encoder.encode(r) for r in reports]
    together = microseconds(lambda: [frame_messages(some) for some in messages])
    apart = microseconds(lambda: [[cobs_encode(m) + b"\0" for m in some] for some in messages])
    datagrams = [m for r in reports for m in Encoder(session()).encode(r)]
    sealer, opener = Sealer(bytes(32)), Opener(bytes(32))
    sealing = microseconds(lambda: [sealer.seal(m) for m in datagrams])
    sealed = [sealer.seal(m) for m in datagrams * ROUNDS]
    slices = iter(range(ROUNDS))

    def open_some() -> None:
        first = next(slices) * len(datagrams)
        for m in sealed[first : first + len(datagrams)]:
            opener.open(m)

    opening = microseconds(open_some)
    lines, plain = microseconds(lambda: [jsonl.encode(r) for r in reports]), Encoder(session())
    binary = microseconds(lambda: [plain.encode(r) for r in reports])
    return [
        f"stuffing all frames together: {together:.0f} us, {apart / together:.1f} times as fast",
        f"sealing the datagrams of a report: {sealing:.0f} us; opening them: {opening:.0f} us",
        f"a line of JSON: {lines:.0f} us, {lines / binary:.0f} times the binary messages",
    ]


class PacedLine:
    """The far end of a pseudo-terminal; it reads no more bytes than a line of this rate carries."""

    def __init__(self, baud: int) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.device, self.decoder, self.frames = os.ttyname(self._slave), Decoder(), [0, 0]
        self._rate, self._stop = baud / 10, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        assembler, began, taken = Assembler(), time.monotonic(), 0.0
        while not self._stop.is_set():
            allowed = (time.monotonic() - began) * self._rate - taken
            if allowed < CHIP_BYTES:
                time.sleep(CHIP_BYTES / self._rate)
                continue
            # Idle time of the line is lost and cannot be used later.
            if allowed > 20 * CHIP_BYTES and not select([self._master], [], [], 0)[0]:
                began, taken = time.monotonic(), 0.0
                continue
            if not select([self._master], [], [], 0.01)[0]:
                continue
            data = os.read(self._master, int(allowed))
            taken += len(data)
            for packet in self.decoder.feed(data):
                for record in assembler.add(packet):
                    self.frames[0] += record.status is not None
                    self.frames[1] += record.points is not None

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)


def paced_line() -> str:
    """Return what arrived in ten seconds at thirty frames a second."""
    line = PacedLine(BAUD)
    reports = [report(i % REPORTS) for i in range(int(LINE_SECONDS * 30))]
    with make_sink(f"serial://{line.device}?baud={BAUD}", session()) as sink:
        began = time.monotonic()
        for i, sent in enumerate(reports):
            time.sleep(max(0.0, began + i * PERIOD_NS / 1e9 - time.monotonic()))
            now = 1_000_000_000 + i * PERIOD_NS
            object.__setattr__(sent, "sequence", i)
            object.__setattr__(sent, "captured_ns", now)
            sink.submit(sent)
        time.sleep(1.0)
    time.sleep(0.5)
    line.close()
    counters, statistics = line.decoder.counters, sink.statistics
    return (
        f"{statistics.promised}: {statistics.sent} of {len(reports)} reports sent, "
        f"{statistics.dropped} dropped; "
        f"{line.frames[0]} STATUS and {line.frames[1]} sets of points arrived "
        f"({line.frames[1] / LINE_SECONDS:.1f} a second), {counters.missing} messages missing, "
        f"{counters.rejected} rejected"
    )


def cost_of(uri: str) -> tuple[float, float]:
    """Return processor time per frame in milliseconds, of the pipeline's thread and of all.

    The process only gives thirty frames a second to this sink. Waiting for the scheduler on a busy
    machine is not counted.
    """
    reports, count = [report(i) for i in range(REPORTS)], 90
    with make_sink(uri, session()) as sink:
        thread, process, began = time.thread_time(), time.process_time(), time.perf_counter()
        for i in range(count):
            sink.submit(reports[i % REPORTS])
            time.sleep(max(0.0, began + (i + 1) / 30 - time.perf_counter()))
        return (time.thread_time() - thread) * 1e3 / count, (
            time.process_time() - process
        ) * 1e3 / count


def bad_receivers() -> list[str]:
    """Return the cost of receivers that do not receive, as a share of a frame at 30 a second."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    lines = []
    for name, uri in (
        ("UDP that nobody listens to", "udp://127.0.0.1:9"),
        ("serial line that nobody reads", f"serial://{os.ttyname(slave)}?baud=921600"),
        ("serial device that is not there", "serial:///dev/ttyNONE"),
        ("MQTT broker that is not there", "mqtt://127.0.0.1:9"),
        ("full disk", "jsonl:/dev/full"),
    ):
        thread, process = cost_of(uri)
        lines.append(
            f"{name}: {thread:.3f} ms a frame on the pipeline's thread ({thread * 3:.2f} %), "
            f"{process:.2f} ms in all"
        )
    os.close(master)
    os.close(slave)
    return lines


def main() -> None:
    """Print everything."""
    out = sys.stdout.write
    out(f"{'one report':<42}{'encode us':>10}{'decode us':>10}{'goal us':>9}\n")
    for name, encode, decode, goal in encode_and_decode():
        verdict = "" if max(encode, decode) <= goal else "  over"
        out(f"{name:<42}{encode:>10.1f}{decode:>10.1f}{goal:>9.0f}{verdict}\n")
    for line in (*ratios(), paced_line(), *bad_receivers()):
        out(line + "\n")


if __name__ == "__main__":
    main()
