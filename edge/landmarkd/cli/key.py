"""`landmarkd key`: make a key for secured datagrams."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from landmarkd.errors import LandmarkdError, UsageError
from landmarkd.files import writing


def key(
    file: Annotated[Path, typer.Argument(help="File for the key; it must not exist.")],
) -> None:
    """Make a key for encrypted datagrams, readable only by you; copy it to the other side.

    Example: landmarkd key car.key, then --sink udp://10.0.0.2:5005?key=car.key there and
    landmarkd listen udp://:5005?key=car.key here.
    """
    from landmarkd.wire.seal import KEY_BYTES, key_id, read_key

    # A receiver tells the keys of its folder apart by 24 bits of their hashes.
    taken = set()
    for other in file.parent.glob("*.key"):
        with suppress(LandmarkdError, OSError):
            taken.add(key_id(read_key(other)))
    while key_id(content := secrets.token_bytes(KEY_BYTES)) in taken:
        pass
    with writing(file, "choose another folder"):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise UsageError(
                f"{file} exists; a key is never overwritten. Choose another name."
            ) from error
        try:
            with os.fdopen(descriptor, "w") as out:
                out.write(content.hex() + "\n")
                out.flush()
                os.fsync(descriptor)
        except BaseException:
            file.unlink()  # else the next attempt would find a key here
            raise
    typer.echo(
        f"{file} has the key. Copy it in a safe way, and keep it readable only for its owner.",
        err=True,
    )
