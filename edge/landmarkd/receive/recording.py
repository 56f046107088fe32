"""A recording, as fast as it can be read."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from landmarkd.errors import EndOfStreamError, SourceFormatError
from landmarkd.files import reading
from landmarkd.receive.link import Link, Received
from landmarkd.uri import Uri
from landmarkd.wire.recording import RecordingReader

BATCH = 100
"""Messages in one batch."""


class RecordingLink(Link):
    """``lmk:FILE``: a recording, as fast as it can be read.

    Attributes:
        reader: reports damage; None before `open`.
    """

    def __init__(self, uri: Uri) -> None:
        super().__init__(uri.text)
        uri.only(())
        self._path = Path(uri.path)
        self._file: BinaryIO | None = None
        self._messages: Iterator[bytes] = iter(())
        self.reader: RecordingReader | None = None

    def open(self) -> None:
        """Open the file and check that it is a recording."""
        self.close()
        with reading(self._path, remedy="name a recording that can be read"):
            self._file = self._path.open("rb")
        try:
            self.reader = RecordingReader(self._file, str(self._path))
        except SourceFormatError:
            self.close()
            raise
        self._messages = iter(self.reader)

    def receive(self, _timeout_s: float) -> list[Received]:
        """Return the next messages."""
        messages = list(islice(self._messages, BATCH))
        if not messages:
            raise EndOfStreamError(f"{self._path} is at its end.")
        name = self._path.name
        return [received for message in messages for received in self.take_datagram(name, message)]

    def trouble(self) -> str:
        """Return a sentence about damage of the recording, or nothing."""
        if self.reader is None or not self.reader.gaps:
            return ""
        places = "1 place" if self.reader.gaps == 1 else f"{self.reader.gaps} places"
        return (
            f"{self._path}: damaged in {places}; {self.reader.skipped} bytes were passed over, "
            "the frames around them are missing."
        )

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
