"""The outputs of `landmarkd listen`: a live table, JSON lines, or all messages."""

import sys
import time
from collections import deque

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from landmarkd.display import plain
from landmarkd.enums import Lids
from landmarkd.sinks.file import FileRules, FileTransport
from landmarkd.types import EyeState, Report
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.codec import Packet
from landmarkd.wire.decoder import DecoderCounters
from landmarkd.wire.restore import report_of
from landmarkd.wire.text import packet_text

REDRAW_S = 0.1
RATE_WINDOW_S = 2.0
MAX_COLUMNS = 6
"""Maximum of senders side by side."""
MAX_TIMES = 500
MAX_NAMES = 64
"""Devices whose addresses are compared."""
UNKNOWN = "–"
ROWS = (
    "frame",
    "rate",
    "face",
    "yaw pitch roll",
    "position",
    "right eye open",
    "left eye open",
    "gaze",
    "points",
    "driver",
    "eyes",
    "events",
    "latency",
    "dropped / skipped",
)


class Output:
    """Base of the outputs, which shows nothing; a context manager."""

    def packet(self, packet: Packet) -> None:
        """Receive a message."""

    def record(self, sender: str, record: FrameRecord) -> None:
        """Receive a frame."""

    def tick(self, counters: DecoderCounters) -> None:
        """Refresh; called several times a second."""

    def close(self) -> None:
        """End the output."""

    def __enter__(self) -> "Output":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class JsonOutput(Output):
    """A line for each frame whose STATUS arrived."""

    def __init__(self, name: str) -> None:
        # As the sink jsonl:FILE: appends to lines, and never overwrites other content.
        self._file = FileTransport(FileRules(name), line_start=b'{"')
        self._file.check()
        self._file.open()
        self._hosts: dict[str, str | None] = {}  # None: it was said
        if self._file.note:
            print(f"{name} is taken: {self._file.note}", file=sys.stderr)

    def record(self, sender: str, record: FrameRecord) -> None:
        """Write the frame."""
        from landmarkd.wire.jsonl import encode_record

        if record.status is not None:
            self._file.send((encode_record(record, sender).encode() + b"\n",))
            if record.hello is not None:
                self._compare(record.hello.device, sender.rpartition(":")[0])

    def _compare(self, device: str, host: str) -> None:
        """Say once if two hosts send under one name, as units with the same image do."""
        if device not in self._hosts and len(self._hosts) < MAX_NAMES:
            self._hosts[device] = host
        known = self._hosts.get(device)
        if known is not None and known != host:
            self._hosts[device] = None
            print(
                f"{known} and {host} have the same name, {plain(device)}: their lines cannot be "
                "told apart. Set device in [service] of one of them.",
                file=sys.stderr,
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class MessageOutput(Output):
    """A line for each message, with the fields of docs/wire.md."""

    def packet(self, packet: Packet) -> None:
        """Print the message; its texts are printable, see `landmarkd.wire.codec.decode_text`."""
        print(packet_text(packet))

    def tick(self, counters: DecoderCounters) -> None:
        """Flush the output."""
        sys.stdout.flush()


class TableOutput(Output):
    """The newest frame of each sender, several times a second in a terminal.

    The first sender keeps its column; a new sender replaces the least recent one.
    """

    def __init__(self, title: str) -> None:
        self._title = plain(title)
        self._senders: dict[str, _Sender] = {}
        self._drawn = 0.0
        console = Console()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "TableOutput":
        if self._live is not None:
            self._live.start()
        return self

    def record(self, sender: str, record: FrameRecord) -> None:
        """Keep the newest frame."""
        if record.status is None and sender not in self._senders:
            return
        known = self._senders.setdefault(sender, _Sender())
        known.take(record, time.monotonic())
        if len(self._senders) > MAX_COLUMNS:
            others = list(self._senders)[1:]
            del self._senders[min(others, key=lambda name: self._senders[name].heard)]

    def tick(self, counters: DecoderCounters) -> None:
        """Draw again if it is due."""
        now = time.monotonic()
        if self._live is None or now - self._drawn < REDRAW_S:
            return
        self._drawn = now
        self._live.update(self.draw(counters, now), refresh=True)

    def close(self) -> None:
        """Stop, and keep the last table on the screen."""
        if self._live is not None:
            self._live.stop()

    def draw(self, counters: DecoderCounters, now: float) -> Table:
        """Return the table. All cells are text, so that received data is never markup."""
        lost = (
            f"{counters.packets} messages, {counters.missing} missing, {counters.rejected} rejected"
        )
        table = Table(title=Text(self._title), caption=Text(lost))
        table.add_column("", style="dim")
        columns = []
        for name, sender in self._senders.items():
            record = sender.record
            device = record.hello.device if record.hello is not None else ""
            table.add_column(Text(plain(f"{device} {name}".strip(), 60)), justify="right")
            columns.append([f"{record.frame}", f"{sender.rate(now):.1f} Hz", *sender.cells()])
        for row in zip(ROWS, *columns, strict=True):
            table.add_row(*(Text(cell) for cell in row))
        return table


class _Sender:
    """The column of one sender."""

    def __init__(self) -> None:
        self.record = FrameRecord(0, 0)
        self.heard = 0.0
        self._points = "none"
        self._times: deque[float] = deque(maxlen=MAX_TIMES)

    def take(self, record: FrameRecord, now: float) -> None:
        """Store the new data."""
        if record.points is not None:
            self._points = str(len(record.points))
        if record.status is not None:
            self.record, self.heard = record, now
            self._times.append(now)

    def rate(self, now: float) -> float:
        """Return the frames a second of the last seconds."""
        times = [t for t in self._times if now - t <= RATE_WINDOW_S]
        return (len(times) - 1) / (times[-1] - times[0]) if len(set(times)) > 1 else 0.0

    def cells(self) -> list[str]:
        """Return the column without frame and rate."""
        record, report = self.record, report_of(self.record)
        if record.status is None or report is None:
            return [UNKNOWN] * (len(ROWS) - 2)
        state = report.driver
        driver = ["off"] * 3
        if state is not None:
            calibrating = ", calibrating" if state.calibrating else ""
            driver = [state.attention + calibrating, state.eyes, plain(", ".join(state.active))]
        return [
            *self._face(report),
            driver[0],
            driver[1],
            driver[2] or "none",
            f"{record.status.latency:.1f} ms",
            f"{record.status.dropped} / {record.status.skipped}",
        ]

    def _face(self, report: Report) -> tuple[str, ...]:
        face = report.face
        if face is None:
            return ("none", *[UNKNOWN] * 6)
        pose, gaze = face.pose, face.gaze
        x, y, z = (face.pose.translation_mm / 10).tolist()
        return (
            f"{face.observation.score:.2f}",
            f"{pose.yaw:+6.1f}° {pose.pitch:+6.1f}° {pose.roll:+6.1f}°",
            f"{x:+.0f} {y:+.0f} {z:.0f} cm",
            _eye(face.right),
            _eye(face.left),
            UNKNOWN if gaze is None else f"{gaze.yaw:+.0f}° {gaze.pitch:+.0f}°",
            self._points,
        )


def _eye(eye: EyeState) -> str:
    openness = UNKNOWN if eye.openness is None else f"{min(1.0, eye.openness):.0%}"
    return openness if eye.state is Lids.UNKNOWN else f"{openness} {eye.state}"
