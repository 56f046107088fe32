"""Files: written completely or not at all, and read up to a limit."""

import errno
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from landmarkd.errors import AccessError, LandmarkdError, SinkError, SourceError, UsageError

PRIVATE = 0o600
"""Permissions of files with data about a person: only the owner may read them."""
MAX_SECRET = 1 << 12
"""Maximum size of a file with a password or key."""


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes; never waits for a writer.

    Raises:
        OSError: it cannot be read, is larger (EFBIG) or a pipe (EINVAL); `strerror` says which.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes blocks for ever.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is a pipe and no file", str(path))
        content: bytes | None = file.read(limit + 1)
    if content is None:  # a terminal or another device that has nothing yet
        raise OSError(errno.EAGAIN, "nothing can be read there", str(path))
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes", str(path))
    return content


def read_secret(path: Path, limit: int = MAX_SECRET) -> bytes:
    """Return the content of a file of at most `limit` bytes that only its owner may read.

    Raises:
        AccessError: others may read it too, or this user may not.
        OSError: it cannot be read, see `read_bounded`.
    """
    with reading_secret(path):
        mode, content = path.stat().st_mode, read_bounded(path, limit)
    if mode & 0o077:
        raise AccessError(f"{path}: others may read this secret; chmod 600 {path}")
    return content


@contextmanager
def reading_secret(path: Path) -> Iterator[None]:
    """Turn a PermissionError about a secret, or a folder of secrets, into what helps.

    It belongs to somebody else, as what root made for a service that runs as its own user: more
    rights for all, which help with other files, would make it useless.

    Raises:
        AccessError: no permission.
    """
    try:
        yield
    except PermissionError as error:
        user, shut = _user(), _shut(path)
        if shut is not None:
            remedy = f"keep it in a folder that {user} may enter, {shut} is none"
        else:
            remedy = f"give it to {user}, sudo chown {user} {path}, or run this as its owner"
        raise AccessError(f"{path}: {user} may not read this secret; {remedy}.") from error


def _shut(path: Path) -> Path | None:
    """Return the first folder on the way to a file that this user may not enter."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK, effective_ids=True):
            return folder
    return None


def _user() -> str:
    """Return the name of the user of this process."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def write_atomic(
    path: Path, content: bytes, *, mode: int | None = None, durable: bool = True
) -> None:
    """Write a file so that a reader, also after a power cut, finds the old content or the new.

    The draft is in the same folder, where a rename replaces the file in one step. Its name is
    always the same, so that a killed process leaves one draft at most. `mode` sets the permissions
    independently of the umask. `durable` waits for the disk; use False for a file that is written
    often and may be lost with the machine.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    draft = _draft(path)
    try:
        with os.fdopen(create(draft, 0o666 if mode is None else mode), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:  # Ctrl-C too
        draft.unlink(missing_ok=True)
        raise


def _draft(path: Path) -> Path:
    if not path.name:  # such as . and /
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.with_name(f".{path.name}.part")


def create(path: Path, mode: int = PRIVATE) -> int:
    """Replace a file by a new, empty one and return its descriptor.

    A link or a pipe that another user put into a shared folder is removed, not used.

    Raises:
        OSError: it cannot be made.
    """
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)


def refuse_itself(target: Path, source: Path, name: str | None = None) -> None:
    """Raise UsageError if `target` is `source`, which is being read, also by a link.

    The message calls the target `name`.
    """
    with suppress(OSError):
        if target.is_file() and target.samefile(source):  # a URI without a path names a folder
            raise UsageError(f"{name or target} is the file that is being read; use another one.")


def refuse_existing(target: Path, *, force: bool) -> None:
    """Refuse to replace a file with content, unless the user wants it, and anything but a file.

    A rename would replace a device, also that of the whole system: root can do that.

    Raises:
        UsageError: it exists, and not `force`; or it is a device or a pipe, also by a link to a
            descriptor, as ``/dev/stdout``.
        AccessError, SinkError: as `writing`.
    """
    with writing(target):
        special = target.is_symlink() and str(target.readlink()).startswith("/proc/")
        if special or (target.exists() and not (target.is_file() or target.is_dir())):
            raise UsageError(f"{target} is a device or a pipe; name a file.")
        empty = target.is_file() and not target.stat().st_size
        if target.exists() and not (force or empty or target.is_dir()):
            raise UsageError(f"{target} exists; choose another name, or --force to replace it.")


@contextmanager
def writing(path: Path | str, remedy: str = "choose another place") -> Iterator[None]:
    """Turn an OSError into an error that says why a file cannot be written, and the remedy.

    Raises:
        AccessError: no permission.
        SinkError: every other `OSError`.
    """
    try:
        yield
    except LandmarkdError:
        raise
    except PermissionError as error:
        raise AccessError(f"{path}: no permission to write there; {remedy}.") from error
    except OSError as error:
        raise SinkError(f"{path}: {error.strerror}; {remedy}.") from error


@contextmanager
def reading(
    path: Path | str,
    error: type[LandmarkdError] = SourceError,
    remedy: str = "name a file that can be read",
) -> Iterator[None]:
    """Turn an OSError into an error that says why a file cannot be read, and the remedy.

    Raises:
        AccessError: no permission.
        LandmarkdError: of the class `error`, for every other `OSError`.
    """
    try:
        yield
    except LandmarkdError:
        raise
    except PermissionError as reason:
        shut, user = _shut(Path(path)), _user()
        if shut is not None:  # as the state of the service, where its recordings are
            raise AccessError(
                f"{path}: {user} may not enter {shut}; make a copy of the file with "
                f"sudo install -o {user} -m 600 {path} FOLDER"
            ) from reason
        raise AccessError(
            f"{path}: no permission to read it; sudo chmod a+r {path} gives it."
        ) from reason
    except OSError as reason:
        raise error(f"{path}: {reason.strerror}; {remedy}.") from reason


def opencv_name(path: Path, error: type[LandmarkdError]) -> str:
    """Return a path for OpenCV, which ends the process at one that is not UTF-8.

    Raises:
        LandmarkdError: of the class `error`, it is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as reason:
        raise error(
            f"{path}: videos need names of files and folders in UTF-8; rename it."
        ) from reason
    return str(path)


def check_writable(path: Path, remedy: str = "choose another place") -> None:
    """Check before long work whether a file can be written; nothing is left behind.

    Raises:
        AccessError, SinkError: as `writing`.
    """
    with writing(path, remedy):
        draft = _draft(path)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        os.close(create(draft))
        draft.unlink()
