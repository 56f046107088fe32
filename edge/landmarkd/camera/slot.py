"""A slot for the newest frame, between capture and processing."""

from threading import Condition

from landmarkd.types import Frame


class LatestFrame:
    """Stores the newest frame until it is taken. Safe between threads.

    Attributes:
        skipped: frames that were replaced before they were taken.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._frame: Frame | None = None
        self._closed = False
        self._changed = Condition()

    def put(self, frame: Frame) -> None:
        """Store a frame; never waits."""
        with self._changed:
            self.skipped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def take(self, timeout_s: float) -> Frame | None:
        """Take the frame, waiting for up to `timeout_s`; None without a frame or after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout_s)
            frame, self._frame = self._frame, None
            return frame

    def close(self) -> None:
        """Wake the waiting thread; a stored frame can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def open(self) -> None:
        """Let `take` wait again after `close`."""
        with self._changed:
            self._closed = False
