"""The slot of size one between capture and processing: the newest frame wins."""

from threading import Condition

from landmarkd.types import Frame


class LatestFrame:
    """Holds the newest frame that nobody has taken yet. Safe between threads.

    Attributes:
        skipped: frames that were replaced before anybody took them.
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
        """Take the frame out, waiting up to `timeout_s`; None if none came or it was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout_s)
            frame, self._frame = self._frame, None
            return frame

    def close(self) -> None:
        """Wake the waiting thread; a frame that is still there can be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def open(self) -> None:
        """Let `take` wait again after `close`."""
        with self._changed:
            self._closed = False
