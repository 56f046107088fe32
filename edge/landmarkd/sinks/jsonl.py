"""JSON lines to a file or standard output."""

from collections.abc import Sequence

from landmarkd.sinks.file import OPTIONS, FileRules, FileTransport
from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire import jsonl


class JsonFormatter(Formatter[bytes]):
    """A report as a line."""

    promised = "a line of JSON for every frame"

    def format(self, report: Report, dropped: int) -> Sequence[bytes]:
        """Return one line with its end."""
        del dropped
        self.messages += 1
        return (jsonl.encode(report).encode() + b"\n",)


class JsonlSink(QueuedSink[bytes]):
    """``jsonl:FILE?smoothing=none&size=100M&time=1h&mode=600``, or ``jsonl:-`` for standard output.

    Lines are appended to what the file holds, unless the URI says ``truncate=yes``.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        del session
        uri.only({"smoothing", *OPTIONS})
        self.reopens = uri.path != "-"
        transport = FileTransport(FileRules.of(uri, append=True), line_start=b'{"')
        super().__init__(uri, JsonFormatter(), transport)
