"""What `landmarkd listen` shows: a live table, JSON lines, or the messages themselves."""

import sys
import time
from typing import IO

from rich.console import Console
from rich.live import Live
from rich.table import Table

from landmarkd.errors import AccessError, SinkError
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.codec import Packet
from landmarkd.wire.decoder import DecoderCounters
from landmarkd.wire.jsonl import encode_record
from landmarkd.wire.names import Attention, StatusFlag
from landmarkd.wire.text import packet_text

REDRAW_S = 0.1
RATE_WINDOW_S = 2.0
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
    "events",
    "latency",
    "dropped / skipped",
)


class Output:
    """Takes what was decoded, and shows nothing of it; a context manager."""

    def packet(self, packet: Packet) -> None:
        """Take a message."""

    def record(self, sender: str, record: FrameRecord) -> None:
        """Take a frame."""

    def tick(self, counters: DecoderCounters) -> None:
        """Called several times a second."""

    def close(self) -> None:
        """End the output."""

    def __enter__(self) -> "Output":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class JsonOutput(Output):
    """A line for each frame whose STATUS arrived."""

    def __init__(self, name: str) -> None:
        self._own = name != "-"
        try:
            self._file: IO[str] = open(name, "w", encoding="utf-8") if self._own else sys.stdout  # noqa: SIM115, PTH123
        except PermissionError as error:
            raise AccessError(f"{name}: no permission to write; choose another file.") from error
        except OSError as error:
            raise SinkError(
                f"{name}: {error.strerror}; choose a file in a folder that exists."
            ) from error

    def record(self, sender: str, record: FrameRecord) -> None:
        """Write the frame."""
        if record.status is not None:
            self._file.write(encode_record(record, sender) + "\n")

    def tick(self, counters: DecoderCounters) -> None:
        """Hand on what was written."""
        del counters
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.flush()
        if self._own:
            self._file.close()


class MessageOutput(Output):
    """A line for each message, with the fields of docs/wire.md."""

    def packet(self, packet: Packet) -> None:
        """Print the message."""
        print(packet_text(packet))

    def tick(self, counters: DecoderCounters) -> None:
        """Hand on what was printed."""
        del counters
        sys.stdout.flush()


class TableOutput(Output):
    """The newest frame of each sender, drawn a few times a second; nothing where there is no terminal."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._newest: dict[str, FrameRecord] = {}
        self._points: dict[str, str] = {}
        self._times: dict[str, list[float]] = {}
        self._drawn = 0.0
        console = Console()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "TableOutput":
        if self._live is not None:
            self._live.start()
        return self

    def record(self, sender: str, record: FrameRecord) -> None:
        """Keep the newest frame."""
        now = time.monotonic()
        if record.points is not None:
            self._points[sender] = str(len(record.points))
        if record.status is not None:
            self._newest[sender] = record
            times = self._times.setdefault(sender, [])
            times.append(now)
            while times and now - times[0] > RATE_WINDOW_S:
                times.pop(0)

    def tick(self, counters: DecoderCounters) -> None:
        """Draw again if it is time."""
        now = time.monotonic()
        if self._live is None or now - self._drawn < REDRAW_S:
            return
        self._drawn = now
        self._live.update(self._draw(counters, now), refresh=True)

    def close(self) -> None:
        """Leave the last table on the screen."""
        if self._live is not None:
            self._live.stop()

    def _draw(self, counters: DecoderCounters, now: float) -> Table:
        lost = (
            f"{counters.packets} messages, {counters.missing} missing, {counters.rejected} rejected"
        )
        table = Table(title=self._title, caption=lost)
        table.add_column("", style="dim")
        columns = []
        for sender, record in self._newest.items():
            times = [t for t in self._times[sender] if now - t <= RATE_WINDOW_S]
            rate = (
                (len(times) - 1) / (times[-1] - times[0])
                if len(times) > 1 and times[-1] > times[0]
                else 0.0
            )
            device = record.hello.device if record.hello is not None else ""
            table.add_column(f"{device} {sender}".strip(), justify="right")
            columns.append([f"{record.frame}", f"{rate:.1f} Hz", *self._cells(sender, record)])
        for row in zip(ROWS, *columns, strict=True):
            table.add_row(*row)
        return table

    def _cells(self, sender: str, record: FrameRecord) -> list[str]:
        status = record.status
        assert status is not None  # noqa: S101  # only such frames are kept
        flags = status.flags
        driver = "off"
        if flags & StatusFlag.DRIVER:
            known = status.attention in Attention._value2member_map_
            driver = Attention(status.attention).name.lower() if known else "?"
            driver += ", calibrating" if flags & StatusFlag.CALIBRATING else ""
        face = (
            f"{status.score:.2f}",
            f"{status.yaw:+6.1f}° {status.pitch:+6.1f}° {status.roll:+6.1f}°",
            f"{status.x / 10:+.0f} {status.y / 10:+.0f} {status.z / 10:.0f} cm",
            f"{status.openness_right:.2f}" if flags & StatusFlag.RIGHT_OPENNESS else UNKNOWN,
            f"{status.openness_left:.2f}" if flags & StatusFlag.LEFT_OPENNESS else UNKNOWN,
            f"{status.gaze_yaw:+.0f}° {status.gaze_pitch:+.0f}°"
            if flags & StatusFlag.GAZE
            else UNKNOWN,
            self._points.get(sender, "none"),
        )
        return [
            *(face if flags & StatusFlag.FACE else ("none", *[UNKNOWN] * (len(face) - 1))),
            driver,
            ", ".join(record.active) or "none",
            f"{status.latency:.1f} ms",
            f"{status.dropped} / {status.skipped}",
        ]
