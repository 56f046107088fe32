"""Paths in URIs, and the errors for paths that cannot be read."""

import os
import stat
from pathlib import Path

from landmarkd.errors import AccessError, SourceError, SourceFormatError, UsageError
from landmarkd.uri import Uri


def local_path(uri: Uri, what: str) -> Path:
    """Return the path of a URI for this machine.

    Raises:
        UsageError: no path, or a host.
    """
    if uri.host is not None:
        raise UsageError(
            f"{uri.text}: write {uri.scheme}:PATH or {uri.scheme}:/PATH, without a host."
        )
    if not uri.path:
        raise UsageError(f"{uri.text}: {what} is missing; write {uri.scheme}:PATH.")
    return user_path(uri.path)


def user_path(text: str) -> Path:
    """Return a path with "~" replaced by the home folder.

    Raises:
        UsageError: no such user, or the path contains the character NUL.
    """
    if "\0" in text:
        raise UsageError(f"{text!r} is no path: it holds the character NUL.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{text}: there is no such user; write the whole path.") from error


def require_file(path: Path) -> None:
    """Check that `path` is a file that is not empty and that the user may read.

    Raises:
        SourceError: no such file, or a folder.
        SourceFormatError: an empty file.
        AccessError: no permission.
    """
    try:
        status = path.stat()
    except PermissionError as error:
        raise AccessError(f"{path} cannot be reached: permission denied for its folder.") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(f"{path} does not exist; check the path.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be used: {error.strerror}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(
            f"{path} is a folder; name a file, or use images:{path} for its pictures."
        )
    if not os.access(path, os.R_OK, effective_ids=True):
        raise AccessError(f"{path} cannot be read: permission denied; try: chmod +r {path}")
    if status.st_size == 0:
        raise SourceFormatError(f"{path} is empty; was it copied completely?")
