"""Lab Streaming Layer: one sample per frame, for laboratories that record several devices.

LSL uses the monotonic clock of the machine (``lsl_local_clock``), as frames do: the time of a
sample is the capture time of its frame.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from landmarkd.errors import MissingPackageError, UsageError
from landmarkd.sinks.parts import Formatter, Transport
from landmarkd.sinks.table import chosen, columns, row
from landmarkd.sinks.wire import selection_of
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.names import Selection
from landmarkd.wire.selection import indices_of


class Sample(NamedTuple):
    """A sample: numbers, NaN for unknown ones, and the time in seconds."""

    values: list[float]
    time_s: float


class LslFormatter(Formatter[Sample]):
    """The numeric columns of a table (docs/sinks.md).

    Attributes:
        channels: names of the columns.
    """

    def __init__(self, session: Session, selection: Selection) -> None:
        self._indices = indices_of(selection, session.layout)
        kinds = columns(len(self._indices))
        self.channels = [name for name, kind in kinds.items() if kind is not str]
        self._kept = [place for place, kind in enumerate(kinds.values()) if kind is not str]
        self.promised = f"a sample of {len(self.channels)} channels for every frame"

    def format(self, report: Report, dropped: int) -> Sequence[Sample]:
        """Return the sample of a frame."""
        values = row(report, chosen(report, self._indices), len(self._indices))
        numbers = [values[place] for place in self._kept]
        known = [math.nan if number is None else float(number) for number in numbers]
        return (Sample(known, report.captured_ns / 1e9),)


class LslTransport(Transport[Sample]):
    """An outlet of liblsl, which receivers find automatically."""

    def __init__(self, name: str, source_id: str, channels: list[str]) -> None:
        self._name, self._source_id, self._channels = name, source_id, channels
        self._outlet: Any = None

    def check(self) -> None:
        """Check that pylsl and its library are installed."""
        try:
            import pylsl  # noqa: F401
        except (ImportError, RuntimeError, OSError) as error:
            raise MissingPackageError(
                "lsl: needs pylsl and liblsl; pip install 'landmarkd[lsl]'."
            ) from error

    def open(self) -> None:
        """Make the outlet."""
        import pylsl

        info = pylsl.StreamInfo(
            self._name,
            "Gaze",
            len(self._channels),
            pylsl.IRREGULAR_RATE,
            pylsl.cf_double64,
            self._source_id,
        )
        described = info.desc().append_child("channels")
        for channel in self._channels:
            described.append_child("channel").append_child_value("label", channel)
        self._outlet = pylsl.StreamOutlet(info)

    def send(self, pieces: Sequence[Sample]) -> int:
        """Give the samples to liblsl."""
        for piece in pieces:
            self._outlet.push_sample(piece.values, piece.time_s)
        return sum(8 * len(piece.values) for piece in pieces)

    def close(self) -> None:
        """End the outlet."""
        self._outlet = None


class LslSink(QueuedSink[Sample]):
    """``lsl:NAME?points=none|68|eyes|all&smoothing=none``: a stream NAME of the type Gaze."""

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"points", "smoothing"})
        if not uri.path or uri.host or "/" in uri.path or not uri.path.isprintable():
            raise UsageError(f"{uri.text}: name the stream, for example lsl:driver.")
        formatter = LslFormatter(session, selection_of(uri, Selection.NONE))
        transport = LslTransport(uri.path, f"landmarkd-{session.device}", formatter.channels)
        super().__init__(uri, formatter, transport)
