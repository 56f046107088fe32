"""Commands that need the camera, beside the service that may use it."""

from collections.abc import Iterator
from contextlib import contextmanager

from landmarkd.errors import SourceBusyError


@contextmanager
def beside_the_service() -> Iterator[None]:
    """Say of a camera in use that the service of landmarkd runs, if it does.

    Raises:
        SourceBusyError: another program uses the camera.
    """
    from landmarkd.daemon import statusfile

    try:
        yield
    except SourceBusyError as error:
        if not statusfile.StatusFile(statusfile.SERVICE).taken():
            raise
        said = str(error).rstrip(".")
        raise SourceBusyError(
            f"{said}; the service of landmarkd runs and may use it: sudo systemctl stop landmarkd"
        ) from error
