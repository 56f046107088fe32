"""A sink of your own: how many frames had a face. Install it beside landmarkd, then:

landmarkd run --sink count:faces.txt
"""

from pathlib import Path

from landmarkd.sinks.base import Sink, SinkStatistics
from landmarkd.types import Report, Session
from landmarkd.uri import Uri


class CountSink(Sink):
    """Writes one line, at the end."""

    def __init__(self, uri: Uri, session: Session) -> None:
        self.uri, self.statistics = uri.only(()).text, SinkStatistics()
        self._path, self._device = Path(uri.path), session.device
        self._faces = 0

    def start(self) -> None:
        """Open nothing."""
        self.statistics.connected = True

    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Count a report; slow work needs its own thread."""
        del wait
        self.statistics.sent += 1
        self._faces += report.face is not None

    def close(self, drain_s: float = 1.0) -> None:
        """Write the line."""
        del drain_s
        self._path.write_text(
            f"{self._device}: {self._faces} of {self.statistics.sent} frames with a face\n"
        )
        self.statistics.connected = False
