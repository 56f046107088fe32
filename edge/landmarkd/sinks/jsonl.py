"""JSON lines to a file or standard output."""

from collections.abc import Sequence

from landmarkd.errors import UsageError
from landmarkd.sinks.file import OPTIONS, FileRules, FileTransport
from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.wire import selection_of
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire import jsonl
from landmarkd.wire.encoder import Pace
from landmarkd.wire.names import Selection

_CARRIED = {
    Selection.NONE: " without points",
    Selection.IBUG68: " with 68 points",
    Selection.ALL: "",
}


class JsonFormatter(Formatter[bytes]):
    """A report as a line: every frame, or `hertz` a second and every frame with an event."""

    def __init__(self, selection: Selection = Selection.ALL, hertz: float = 0) -> None:
        self._selection, self._pace = selection, Pace(hertz)
        rate = f"{hertz:g} lines of JSON a second" if hertz else "a line of JSON for every frame"
        self.promised = rate + _CARRIED[selection]

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return one line with its end, or nothing if none is due."""
        if not self._pace.due(report.paced_ns) and not self.rank(report):
            return ()
        return (jsonl.encode(report, self._selection).encode() + b"\n",)


class JsonlSink(QueuedSink[bytes]):
    """``jsonl:FILE?points=none|68|all&hz=N&smoothing=none``, or ``jsonl:-`` for standard output.

    With ``size=100M``, ``time=1h`` and ``mode=600`` as for every file. Lines are appended to the
    file, unless the URI says ``truncate=yes``.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"points", "hz", "smoothing", *OPTIONS})
        selection = selection_of(uri, Selection.ALL)
        if selection not in _CARRIED:
            raise UsageError(f"{uri.text}: points is 'eyes'; use one of none, 68, all.")
        self.reopens = uri.path != "-"
        transport = FileTransport(FileRules.of(uri, append=True, stdout=True), line_start=b'{"')
        formatter = JsonFormatter(selection, uri.integer("hz", 0, 0, 1000))
        super().__init__(uri, formatter, transport)
