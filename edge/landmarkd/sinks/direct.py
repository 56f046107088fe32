"""A sink that sends on the caller's thread, for transports whose `send` never waits."""

from landmarkd.sinks.parts import PieceT
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report


class DirectSink(QueuedSink[PieceT]):
    """A sink whose `submit` formats and sends while the connection is open.

    Waking a thread for each report costs several times as much. The thread opens the connection,
    sends what came before it was open, and shows that the sender still runs.
    """

    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Send a report, or queue it while older ones wait or the thread uses the connection."""
        if self._queue or self._closing or not self._working.acquire(blocking=False):
            super().submit(report, wait=wait)
            return
        try:
            connected = self.statistics.connected
            if connected:
                self._deliver(report)
        finally:
            self._working.release()
        if not connected:
            super().submit(report, wait=wait)
