"""A table as text: comma-separated values, one row per frame (RFC 4180 with plain newlines)."""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from landmarkd.sinks.file import OPTIONS, FileRules, FileTransport
from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.table import chosen, columns, row
from landmarkd.sinks.wire import selection_of
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import Pace
from landmarkd.wire.names import Selection
from landmarkd.wire.selection import indices_of


def csv_line(values: Sequence[Any]) -> bytes:
    """Return a row, or the header, as a line with its end; None is an empty field."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode("utf-8", "replace")


class CsvFormatter(Formatter[bytes]):
    """A report as a row: every frame, or `hertz` a second and every frame with an event.

    Attributes:
        header: names of the columns, as the first line.
    """

    def __init__(self, session: Session, selection: Selection, hertz: float) -> None:
        self._indices = indices_of(selection, session.layout)
        self._pace = Pace(hertz)
        self.header = csv_line(list(columns(len(self._indices))))
        rate = f"{hertz:g} rows a second" if hertz else "a row for every frame"
        self.promised = f"{rate}, {len(self._indices)} points"

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return one line, or nothing if none is due."""
        if not self._pace.due(report.paced_ns) and not self.rank(report):
            return ()
        return (csv_line(row(report, chosen(report, self._indices), len(self._indices))),)


class CsvSink(QueuedSink[bytes]):
    """``csv:FILE?points=none|68|eyes|all&hz=N&smoothing=none&size=100M&time=1h&mode=600``.

    Rows are appended to a file with the same header, unless the URI says ``truncate=yes``.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"points", "hz", "smoothing", *OPTIONS})
        selection = selection_of(uri, Selection.NONE)
        formatter = CsvFormatter(session, selection, uri.integer("hz", 0, 0, 1000))
        transport = FileTransport(FileRules.of(uri, append=True), formatter.header)
        super().__init__(uri, formatter, transport)
