"""The interface of a frame source."""

from abc import ABC, abstractmethod

from edge.types import Frame


class FrameSource(ABC):
    """Delivers frames, one at a time.

    A source is built from a parsed URI without touching the device; `open` does that. Sources are context
    managers that close themselves. All methods are called from one thread.

    Attributes:
        uri: as it was written.
        live: frames come by themselves and are lost if not taken; False for files, which wait.
    """

    uri: str
    live: bool

    @abstractmethod
    def open(self) -> None:
        """Open the device or file.

        Raises:
            SourceError: missing, busy, not a video, ... (see `edge.errors`).
            AccessError: no permission.
        """

    @abstractmethod
    def read(self, timeout_s: float) -> Frame:
        """Return the next frame, waiting for it no longer than `timeout_s`.

        Raises:
            SourceTimeoutError: no frame in time; the source may still recover.
            EndOfStreamError: a finite source is at its end.
            SourceLostError: the device is gone; close and open again.
            SourceFormatError: a frame that cannot be used.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the device; may be called twice and on a source that was never opened."""

    def __enter__(self) -> "FrameSource":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
