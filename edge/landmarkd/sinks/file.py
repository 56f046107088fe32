"""Files that sinks write: the content of a file is never overwritten unless the user says so.

A file of lines is opened with O_APPEND, and opened again when logrotate has renamed it. A recording
is a new file at each start. If a name is used or a limit is reached, the next file is NAME-2,
NAME-3, and so on. ``{start}`` in a name is the UTC time at which the file begins.
"""

import errno
import logging
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from landmarkd.errors import AccessError, SinkError, SinkSetupError, UsageError
from landmarkd.files import PRIVATE
from landmarkd.sinks.parts import Transport
from landmarkd.uri import Uri

log = logging.getLogger(__name__)

OPTIONS = ("truncate", "size", "time", "mode")
MAX_FILES = 10_000
"""Maximum of files with one name; then the user has to remove some."""
LOOK_S = 1.0
"""Period of the check whether the file was renamed."""
MAX_LINE = 1 << 20
"""Longest line of landmarkd."""
_UNITS = {"k": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class FileRules:
    """How a file is written.

    Attributes:
        name: as in the URI, "-" for standard output.
        append: write at the end of the file; else each start makes a new file.
        truncate: delete the content of the file at the start, not at a reload.
        size, seconds: limits after which a new file begins; None for no limit.
        mode: permissions of a new file.
    """

    name: str
    append: bool = True
    truncate: bool = False
    size: int | None = None
    seconds: int | None = None
    mode: int = PRIVATE

    @classmethod
    def of(cls, uri: Uri, *, append: bool, stdout: bool = False) -> "FileRules":
        """Return the rules of a URI: truncate=yes, size=100M, time=1h, mode=640.

        With `stdout` the name "-" is allowed and is standard output.

        Raises:
            UsageError: no path, or an option that cannot be understood.
        """
        name, mode = uri.path, uri.options.get("mode", "600")
        if not name or uri.host or (name == "-" and not stdout):
            raise UsageError(
                f"{uri.text}: use {uri.scheme}:FILE, for example {uri.scheme}:drive.{uri.scheme}."
            )
        if not (len(mode) == 3 and set(mode) <= set("01234567")):
            raise UsageError(f"{uri.text}: mode is {mode!r}; use three octal digits, such as 640.")
        return cls(
            name,
            append,
            uri.boolean("truncate", False),
            _amount(uri, "size", _UNITS, "100M"),
            _amount(uri, "time", _SECONDS, "1h"),
            int(mode, 8),
        )

    def paths(self) -> Iterator[Path]:
        """Yield the possible names of the file, in their order."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = Path(self.name.replace("{start}", now))
        yield path
        for number in range(2, MAX_FILES + 1):
            yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _amount(uri: Uri, name: str, units: dict[str, int], example: str) -> int | None:
    text = uri.options.get(name)
    if text is None:
        return None
    unit = units.get(text[-1:], 0)
    digits = text[:-1] if unit else text
    if not (digits.isdecimal() and digits.isascii() and 0 < len(digits) < 13 and int(digits)):
        raise UsageError(
            f"{uri.text}: {name} is {text!r}; use a number with one of the units "
            f"{', '.join(units)}, such as {example}."
        )
    return int(digits) * (unit or 1)


class FileTransport(Transport[bytes]):
    """Writes whole pieces to a file, or to standard output if the name is "-".

    Args:
        rules: how the file is written.
        header: begin of a new file.
        line_start: begin of each line, to recognise an incomplete line. A file with another begin
            than these is not appended to.

    Attributes:
        path: of the current file, None before the first one.
        written: bytes of this file, up to the last complete piece.
    """

    def __init__(self, rules: FileRules, header: bytes = b"", line_start: bytes = b"") -> None:
        self.rules = rules
        self.path: Path | None = None
        self.written = 0
        self._header, self._line_start = header, line_start
        self._descriptor: int | None = None
        self._identity: tuple[int, int] | None = None
        self._truncated = self._lost = self._too_large = False
        self._began_s = self._looked_s = 0.0

    def check(self) -> None:
        """Check for a missing folder and for permission.

        A read-only file system is no error here: it may become writable again.
        """
        if self.rules.name == "-":
            return
        path = next(self.rules.paths())
        try:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            wanted = path if self.rules.append and path.exists() else path.parent
            read_only = os.statvfs(f"{path.parent}/").f_flag & os.ST_RDONLY
            permitted = os.access(wanted, os.W_OK) or read_only
        except PermissionError:
            permitted = False
        except OSError as error:
            said = f"{path}: {error.strerror}; choose a file in a folder that exists."
            raise SinkSetupError(said) from error
        if not permitted:
            raise AccessError(f"{path}: no permission to write; choose another file.")

    def open(self) -> None:
        """Open the file; after a failure the same one, if it still has its name.

        Raises:
            AccessError: no permission.
            SinkError: for any other reason.
        """
        if self.rules.name == "-":
            sys.stdout.flush()
            self._descriptor = os.dup(1)
            return
        path = self.path or Path(self.rules.name)
        try:
            again = self._identity is not None and not self.full
            path, flags = (path, 0) if again else self._choose()
            created = not again and not os.path.lexists(path)
            flags |= os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK
            flags |= os.O_CREAT | os.O_EXCL if created else 0
            self._descriptor = os.open(path, flags, self.rules.mode)
            if created:
                with suppress(OSError):  # FAT has no permissions
                    os.fchmod(self._descriptor, self.rules.mode)  # whatever the umask
            # A pipe was opened without waiting for its reader; writing may wait.
            os.set_blocking(self._descriptor, True)
            if not again:
                self._adopt(path, self._descriptor)
            elif not self._ours(os.fstat(self._descriptor)):
                self._lost = True
                raise OSError(errno.ESTALE, "another file has its name now")
            self.settle(self._descriptor, new=not again)
        except PermissionError as error:
            raise AccessError(f"{path}: no permission to write; choose another file.") from error
        except OSError as error:
            raise SinkError(f"{path}: {error.strerror or error}") from error

    def _choose(self) -> tuple[Path, int]:
        """Return the next file, and flags to open it."""
        rules = self.rules
        if rules.truncate and not (self._truncated or self.follows):
            return next(rules.paths()), os.O_TRUNC
        if (path := self.path) and self._lost and (not path.exists() or self._may_append(path)):
            return path, 0
        last: Path | None = None
        for path in rules.paths():
            if not path.exists():
                if last is not None and self._identity is None and self._may_append(last):
                    return last, 0
                return path, 0
            last = path
        raise SinkError(f"{rules.name}: {MAX_FILES} files of this name are there; remove some")

    def _may_append(self, path: Path) -> bool:
        if not self.rules.append or path.is_dir():
            return False
        if not path.is_file():
            return True  # a pipe or a device
        size = path.stat().st_size
        if self.rules.size is not None and size >= self.rules.size:
            return False
        begin = self._header or self._line_start
        if not begin or not size:
            return True
        # Do not write into another file with this name, such as a video or a recording.
        with path.open("rb") as file:
            return file.read(len(begin)) == begin

    def _adopt(self, path: Path, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self._identity, self._truncated = (status.st_dev, status.st_ino), True
        self._lost = self._too_large = False
        self.path, self.written, self._began_s = path, status.st_size, time.monotonic()
        self.note = None if str(path) == self.rules.name else f"writes {path}"
        log.info("%s: writes %s", self.rules.name, path)

    def settle(self, descriptor: int, *, new: bool) -> None:
        """Prepare the end of a file that was just opened for writing.

        `new` is False if this object opens the file again after a failure.
        """
        self.written = os.fstat(descriptor).st_size  # 0 for a pipe: a reader begins anew
        if self.written and self.path is not None:
            self._end_line(self.path, descriptor)
        elif self._header:
            self._write(descriptor, self._header)

    def _end_line(self, path: Path, descriptor: int) -> None:
        """Remove an incomplete last line, which a killed process leaves."""
        with path.open("rb") as file:
            file.seek(max(0, self.written - MAX_LINE))
            tail = file.read(MAX_LINE)
        unfinished = tail[tail.rfind(b"\n") + 1 :]
        if 0 < len(unfinished) < MAX_LINE and unfinished.startswith(self._line_start):
            self.written -= len(unfinished)
            os.ftruncate(descriptor, self.written)
            log.warning("%s: removed %d bytes of an unfinished line", path, len(unfinished))
        elif unfinished:
            self._write(descriptor, b"\n")

    @property
    def full(self) -> bool:
        """Whether the next file is due: a limit is reached, or the file was renamed."""
        rules, now = self.rules, time.monotonic()
        if self.path is None:
            return False
        if now - self._looked_s >= LOOK_S:
            self._looked_s = now
            self._look(self.path)
        reached = rules.size is not None and self.written >= rules.size
        expired = rules.seconds is not None and now - self._began_s >= rules.seconds
        return self._lost or self._too_large or reached or expired

    def _look(self, path: Path) -> None:
        self._lost = True
        with suppress(OSError):
            status = path.stat()
            self._lost = not self._ours(status)
            if self.rules.append and stat.S_ISREG(status.st_mode) and not self._lost:
                self.written = status.st_size  # other programs may append or truncate

    def _ours(self, status: os.stat_result) -> bool:
        return (status.st_dev, status.st_ino) == self._identity

    def send(self, pieces: Sequence[bytes]) -> int:
        """Write all pieces completely, or remove the written part."""
        if self._descriptor is None:
            raise OSError("the file is closed")
        status = os.fstat(self._descriptor)
        if self._header and stat.S_ISREG(status.st_mode) and not status.st_size:
            self.settle(self._descriptor, new=False)  # another program emptied it
        return self._write(self._descriptor, b"".join(pieces))

    def _write(self, descriptor: int, data: bytes) -> int:
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError as error:
            self._too_large |= error.errno == errno.EFBIG  # the next file has room again
            done, status = len(data) - len(left), os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and done and status.st_size == self.written + done:
                os.ftruncate(descriptor, self.written)
            raise
        self.written += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
