"""Hides known messages that C++ libraries write directly to file descriptor 2."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Messages of the TFLite runtimes at every start, without an error.
_CHATTER = (
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    b"INFO: Initialized TensorFlow Lite runtime.",
)


@contextmanager
def without_chatter(*forget: type[Exception]) -> Iterator[None]:
    """Store the output to descriptor 2, then write all of it except known messages.

    Nothing is lost if the body raises an error. A crash of the process inside the body loses the
    stored output, so keep the body short. Does nothing without descriptor 2.

    Args:
        forget: if the body raises one of these errors, the stored output is dropped, because numpy
            explains a wrong binary with many lines.
    """
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    # In memory: a system may have no folder that can be written.
    with os.fdopen(os.memfd_create("held"), "w+b") as held:
        _flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        except forget:
            _flush()
            held.truncate(0)
            raise
        finally:
            _flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            lines = [line for line in held if not line.strip().startswith(_CHATTER)]
            with suppress(OSError):
                os.write(2, b"".join(lines))


def _flush() -> None:
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
