"""`landmarkd listen --plot`: the last seconds of a stream as curves in the terminal."""

import time
from collections import deque
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.table import Table

from landmarkd.cli.listen_output import Output
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.decoder import DecoderCounters
from landmarkd.wire.names import StatusFlag
from landmarkd.wire.schema import Status

STEP_S = 0.1
"""One column of a curve; where several frames fall into it, the last one counts."""
COLUMNS = 60
BLOCKS = "▁▂▃▄▅▆▇█"
GAP = " "

Curve = tuple[str, Callable[[Status], float], int, float, float, str]
CURVES: tuple[Curve, ...] = (
    ("yaw", lambda s: s.yaw, StatusFlag.FACE, -60, 60, "{:+.1f}°"),
    ("pitch", lambda s: s.pitch, StatusFlag.FACE, -40, 40, "{:+.1f}°"),
    ("roll", lambda s: s.roll, StatusFlag.FACE, -40, 40, "{:+.1f}°"),
    ("right eye open", lambda s: s.openness_right, StatusFlag.RIGHT_OPENNESS, 0, 1, "{:.2f}"),
    ("left eye open", lambda s: s.openness_left, StatusFlag.LEFT_OPENNESS, 0, 1, "{:.2f}"),
    ("mouth open", lambda s: s.mouth_openness, StatusFlag.MOUTH, 0, 1, "{:.2f}"),
    ("PERCLOS", lambda s: s.perclos, StatusFlag.PERCLOS, 0, 0.4, "{:.3f}"),
    ("latency", lambda s: s.latency, 0, 0, 100, "{:.1f} ms"),
)
"""Name, value, the flag that says that it is known (0: always), both ends of the scale, how the newest is written."""


def curve(values: list[float | None], low: float, high: float) -> str:
    """Return values as one line of blocks, a gap where one is not known."""
    top = len(BLOCKS) - 1
    return "".join(
        GAP
        if value is None
        else BLOCKS[max(0, min(top, round((value - low) / (high - low) * top)))]
        for value in values
    )


class PlotOutput(Output):
    """Curves of the sender that was heard first; others are left to the table."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._sender: str | None = None
        self._newest: Status | None = None
        self._columns: deque[Status | None] = deque(maxlen=COLUMNS)
        self._stepped = time.monotonic()
        self._live = Live(console=Console(), auto_refresh=False)

    def __enter__(self) -> "PlotOutput":
        self._live.start()
        return self

    def record(self, sender: str, record: FrameRecord) -> None:
        """Keep the newest frame."""
        self._sender = self._sender or sender
        if sender == self._sender and record.status is not None:
            self._newest = record.status

    def tick(self, counters: DecoderCounters) -> None:
        """Move on by a column if it is time; silence leaves a gap."""
        now = time.monotonic()
        if now - self._stepped < STEP_S:
            return
        self._stepped = now
        self._columns.append(self._newest)
        self._newest = None
        self._live.update(self.draw(counters), refresh=True)

    def draw(self, counters: DecoderCounters) -> Table:
        """Return the curves as they are now."""
        lost = (
            f"{counters.packets} messages, {counters.missing} missing, {counters.rejected} rejected"
        )
        table = Table(title=self._title, caption=lost)
        table.add_column("", style="dim")
        table.add_column(f"last {COLUMNS * STEP_S:.0f} s", min_width=COLUMNS, no_wrap=True)
        table.add_column("now", justify="right", min_width=8)
        for name, read, flag, low, high, text in CURVES:
            values = [
                read(s) if s is not None and (not flag or s.flags & flag) else None
                for s in self._columns
            ]
            known = next((value for value in reversed(values[-5:]) if value is not None), None)
            line = curve(values, low, high).rjust(COLUMNS)
            table.add_row(name, line, "–" if known is None else text.format(known))
        return table

    def close(self) -> None:
        """Leave the last curves on the screen."""
        self._live.stop()
