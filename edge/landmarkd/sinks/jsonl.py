"""JSON lines to a file or standard output."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from landmarkd.errors import AccessError, SinkError, UsageError
from landmarkd.sinks.worker import Formatter, QueuedSink, Transport
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


class FileTransport(Transport[bytes]):
    """Writes whole pieces to a file, or to standard output for the name "-"."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._descriptor: int | None = None
        self._whole = 0

    def open(self) -> None:
        """Create the file, or go on behind the last whole line after a failure.

        Raises:
            AccessError: no permission.
            SinkError: the folder is missing, or it is a folder itself.
        """
        if self._name == "-":
            sys.stdout.flush()
            self._descriptor = os.dup(1)
            return
        path = Path(self._name)
        flags = os.O_WRONLY | os.O_CREAT | (0 if self._whole else os.O_TRUNC)
        try:
            self._descriptor = os.open(path, flags, 0o644)
            if path.is_file():
                os.ftruncate(self._descriptor, self._whole)
                os.lseek(self._descriptor, 0, os.SEEK_END)
        except PermissionError as error:
            raise AccessError(f"{path}: no permission to write; choose another file.") from error
        except OSError as error:
            raise SinkError(
                f"{path}: {error.strerror}; choose a file in a folder that exists"
            ) from error

    def send(self, pieces: Sequence[bytes]) -> int:
        """Write all pieces completely."""
        if self._descriptor is None:
            raise OSError("the file is closed")
        data = memoryview(b"".join(pieces))
        size = len(data)
        while data:
            data = data[os.write(self._descriptor, data) :]
        self._whole += size
        return size

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class JsonlSink(QueuedSink[bytes]):
    """``jsonl:path`` or ``jsonl:-`` for standard output."""

    must_open = True

    def __init__(self, uri: Uri, session: Session) -> None:
        del session
        uri.only(())
        if not uri.path or uri.host:
            raise UsageError(f"{uri.text}: use jsonl:FILE, or jsonl:- for standard output.")
        self.reopens = uri.path != "-"
        super().__init__(uri.text, JsonFormatter(), FileTransport(uri.path))
