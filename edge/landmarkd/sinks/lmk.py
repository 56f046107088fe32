"""Recordings: the wire itself in a file."""

import os
from collections.abc import Sequence
from contextlib import suppress

from landmarkd.errors import UsageError
from landmarkd.sinks.jsonl import FileTransport
from landmarkd.sinks.wire import DatagramFormatter, selection_of
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import EncoderOptions
from landmarkd.wire.names import Selection
from landmarkd.wire.recording import RecordingWriter


class RecordingTransport(FileTransport):
    """Writes messages as records, and a mark at the end."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._writer = RecordingWriter()

    def send(self, pieces: Sequence[bytes]) -> int:
        """Write the records of these messages."""
        return super().send((self._writer.add(pieces, self._whole),))

    def close(self) -> None:
        """Write the mark and close; what is written later, after a failure, replaces it."""
        if self._descriptor is not None and self._whole:
            end = self._writer.end()
            with suppress(OSError):
                os.pwrite(self._descriptor, end, self._whole)
        super().close()


class LmkSink(QueuedSink[bytes]):
    """``lmk:FILE?points=all|68|eyes|none&hz=N&raw=no``."""

    must_open = True

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"points", "hz", "raw"})
        if not uri.path or uri.host or uri.path == "-":
            raise UsageError(f"{uri.text}: use lmk:FILE, for example lmk:drive.lmk.")
        options = EncoderOptions(
            selection=selection_of(uri, Selection.ALL),
            points_hz=uri.integer("hz", 0, 0, 1000),
            raw=uri.boolean("raw", False),
        )
        super().__init__(
            uri.text, DatagramFormatter(session, options), RecordingTransport(uri.path)
        )
