"""Recordings: the messages of the wire in a file. Each start makes a new file."""

import os
from collections.abc import Sequence
from contextlib import suppress

from landmarkd.sinks.file import OPTIONS, FileRules, FileTransport
from landmarkd.sinks.wire import DatagramFormatter, options_of
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Session
from landmarkd.uri import Uri
from landmarkd.wire.recording import END, records_of


class RecordingTransport(FileTransport):
    """Writes messages as records, and a mark at the end."""

    def settle(self, descriptor: int, *, new: bool) -> None:
        """Begin a new recording, or continue after the last complete record."""
        if new:
            self.written = 0
        os.ftruncate(descriptor, self.written)

    def send(self, pieces: Sequence[bytes]) -> int:
        """Write the records of these messages."""
        if self._descriptor is not None and not os.fstat(self._descriptor).st_size:
            self.written = 0  # another program emptied it: a recording begins again
        return super().send((records_of(pieces, self.written),))

    def close(self) -> None:
        """Write the end mark and close; after a failure, later records replace it."""
        if self._descriptor is not None and self.written:
            with suppress(OSError):
                os.write(self._descriptor, END)
        super().close()


class LmkSink(QueuedSink[bytes]):
    """``lmk:FILE?points=all|68|eyes|none&hz=N&raw=no&smoothing=none&size=100M&time=1h&mode=600``.

    A recording that exists is kept: the new one is called FILE-2, and so on, unless the URI says
    ``truncate=yes``.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"points", "hz", "raw", "smoothing", *OPTIONS})
        transport = RecordingTransport(FileRules.of(uri, append=False))
        super().__init__(uri, DatagramFormatter(session, options_of(uri)), transport)
