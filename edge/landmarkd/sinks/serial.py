"""Serial lines: 8N1, opened again by the stable name of the device after it was unplugged."""

import errno
import os
import stat
import termios
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from landmarkd.errors import AccessError, LandmarkdError, SinkError, SinkSetupError, UsageError
from landmarkd.sinks.parts import Transport
from landmarkd.sinks.unsmoothed import wants_unsmoothed
from landmarkd.sinks.wire import StreamFormatter, selection_of
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import EncoderOptions
from landmarkd.wire.framing import FRAMING_BYTES, MAX_FRAME, MAX_SERIAL_FRAME
from landmarkd.wire.plan import plan

DEFAULT_BAUD = 115200
LOWEST_BAUD, HIGHEST_BAUD = 9600, 4_000_000
WRITE_TIMEOUT_S = 1.0
"""A line that accepts nothing for this long counts as lost."""
WRITE_BYTES = 480
"""Written at once: half a second at the lowest rate."""
_NO_PERMISSION = (
    "{}: no permission; add the user to the group dialout: sudo usermod -aG dialout $USER"
)
BY_ID = Path("/dev/serial/by-id")


def stable_name(device: str) -> str:
    """Return the name of a device under /dev/serial/by-id, which never changes, or `device`."""
    try:
        target = Path(device).resolve(strict=True)
        return next(
            (str(link) for link in sorted(BY_ID.iterdir()) if link.resolve() == target), device
        )
    except OSError:
        return device


def _numbered(device: str) -> bool:
    """Return whether the kernel gave the name, which any device may get, and not a udev rule."""
    return Path(device).name.startswith("tty")


class PortErrors(NamedTuple):
    """Classes of the errors about a port, for its user."""

    absent: type[LandmarkdError] = SinkError
    busy: type[LandmarkdError] = SinkError
    wrong: type[LandmarkdError] = SinkError


def open_port(
    device: str,
    baud: int,
    *,
    read_timeout_s: float | None = None,
    errors: PortErrors = PortErrors(),  # noqa: B008 - it does not change
) -> Any:
    """Return an open `serial.Serial` with exclusive access.

    Raises:
        AccessError: no permission.
        LandmarkdError: of `errors`: missing, used by another program, or not a serial line.
    """
    import serial

    try:
        return serial.Serial(
            device, baud, timeout=read_timeout_s, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        if number in {errno.EACCES, errno.EPERM}:
            raise AccessError(_NO_PERMISSION.format(device)) from error
        if number == errno.ENOENT:
            raise errors.absent(f"{device}: there is no such device; is it plugged in?") from error
        if number in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in str(error):
            raise errors.busy(
                f"{device}: another program has this port open; end that one"
            ) from error
        raise errors.wrong(f"{device}: not a serial line that can be opened: {error}") from error


class SerialTransport(Transport[bytes]):
    """Writes to a serial device; blocks only its own thread."""

    def __init__(self, device: str, baud: int) -> None:
        self._device, self._baud = device, baud
        self._stable: str | None = None
        self._port: Any = None
        self._stuck = False

    def check(self) -> None:
        """Check device and permission; a device that is not plugged in is no error."""
        device = self._device
        try:
            character_device = stat.S_ISCHR(Path(device).stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return
        except PermissionError as error:
            raise AccessError(_NO_PERMISSION.format(device)) from error
        except OSError as error:
            raise SinkSetupError(f"{device}: {error.strerror}; name a serial device.") from error
        if not character_device:
            raise SinkSetupError(f"{device} is not a serial line; name a serial device.")
        if not os.access(device, os.R_OK | os.W_OK):
            raise AccessError(_NO_PERMISSION.format(device))

    def open(self) -> None:
        """Open the device by its stable name if it was open before, else by the given name.

        Raises:
            AccessError, SinkError: as `open_port`, or another device has the given name now.
        """
        self.close()
        name, found = self._device, stable_name(self._device)
        if self._stable is not None and Path(self._stable).exists():
            name = self._stable
        elif self._stable is not None and found not in {self._stable, name} and _numbered(name):
            raise SinkError(
                f"{self._device}: {found} has this name now; plug {self._stable} in again"
            )
        self._port = open_port(name, self._baud)
        if name == self._device != found:
            self._stable = found

    def send(self, pieces: Sequence[bytes]) -> int:
        """Write everything; the timeout begins again with each part."""
        if self._port is None:
            raise OSError(errno.ENOTCONN, "the line is closed")
        sent = 0
        self._stuck = True
        for piece in pieces:
            # The timeout is that of one write: a slow line needs longer for many events.
            for at in range(0, len(piece), WRITE_BYTES):
                sent += self._port.write(piece[at : at + WRITE_BYTES]) or 0
        self._stuck = False
        return sent

    def close(self) -> None:
        """Close the device; after a failure without waiting for unsent data."""
        port, self._port = self._port, None
        if port is None:
            return
        # The device may be gone, or its driver may fail: ignore these errors.
        with suppress(OSError, termios.error):
            if self._stuck:
                port.reset_output_buffer()
        with suppress(OSError, termios.error):
            port.close()
        self._stuck = False


class SerialSink(QueuedSink[bytes]):
    """``serial:///dev/ttyAMA0?baud=921600&points=all|68|eyes|none&hz=N&fps=60&raw=no&frame=255``.

    With ``smoothing=none`` points and pose are unsmoothed.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"baud", "points", "hz", "fps", "raw", "frame", "smoothing"})
        device = uri.path if not uri.host else ""
        if not device.startswith("/"):
            raise UsageError(f"{uri.text}: use serial:///dev/DEVICE?baud={DEFAULT_BAUD}.")
        baud = uri.integer("baud", DEFAULT_BAUD, LOWEST_BAUD, HIGHEST_BAUD)
        frame = uri.integer("frame", MAX_SERIAL_FRAME, MAX_SERIAL_FRAME, MAX_FRAME)
        try:
            fit = plan(
                baud,
                session.layout,
                selection=selection_of(uri, None),
                points_hz=uri.integer("hz", 0, 0, 1000) or None,
                fps=uri.integer("fps", 60, 1, 1000),
                max_frame=frame,
            )
        except UsageError as error:
            raise UsageError(f"{uri.text}: {error}") from error
        options = EncoderOptions(
            selection=fit.selection,
            points_hz=fit.points_hz,
            status_hz=fit.status_hz,
            raw=uri.boolean("raw", False) or wants_unsmoothed(uri),
            max_message=frame - FRAMING_BYTES,
            line_bytes_s=fit.rest_bytes_s,
        )
        formatter = StreamFormatter(session, options)
        formatter.promised = fit.text
        super().__init__(uri, formatter, SerialTransport(device, baud))
