"""Bytes from a serial line."""

import os
from select import select
from typing import Any

from landmarkd.errors import (
    SourceAbsentError,
    SourceBusyError,
    SourceError,
    SourceLostError,
    UsageError,
)
from landmarkd.receive.link import READ_BYTES, Link, Received
from landmarkd.sinks.serial import DEFAULT_BAUD, HIGHEST_BAUD, LOWEST_BAUD, PortErrors, open_port
from landmarkd.uri import Uri

_ERRORS = PortErrors(SourceAbsentError, SourceBusyError, SourceError)


class SerialLink(Link):
    """``serial:///dev/ttyUSB0?baud=921600``; a pseudo-terminal will do."""

    def __init__(self, uri: Uri) -> None:
        super().__init__(uri.text)
        uri.only({"baud"})
        if uri.host or not uri.path.startswith("/"):
            raise UsageError(f"{uri.text}: use serial:///dev/DEVICE?baud={DEFAULT_BAUD}.")
        self._device = uri.path
        self._baud = uri.integer("baud", DEFAULT_BAUD, LOWEST_BAUD, HIGHEST_BAUD)
        self._port: Any = None

    def open(self) -> None:
        """Open the device.

        Raises:
            AccessError: no permission.
            SourceError: missing, used by another program, or not a serial line.
        """
        self.close()
        self._port = open_port(self._device, self._baud, read_timeout_s=0, errors=_ERRORS)

    def receive(self, timeout_s: float) -> list[Received]:
        """Return the messages that the next bytes complete."""
        if self._port is None:
            raise SourceLostError("The line is closed.")
        descriptor = self._port.fileno()
        if not select([descriptor], [], [], timeout_s)[0]:
            return []
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise SourceLostError(
                f"{self._device} is gone: {error.strerror}; plug it in and start again."
            ) from error
        if not data:
            raise SourceLostError(f"{self._device} is gone; plug it in and start again.")
        return self.take_bytes(self._device, data)

    def close(self) -> None:
        """Close the device."""
        port, self._port = self._port, None
        if port is not None:
            port.close()
