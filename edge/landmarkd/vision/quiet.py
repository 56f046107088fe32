"""Hides known messages that C++ libraries write directly to file descriptor 2."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# What the TFLite runtimes say on every start, also when all is well.
_CHATTER = (
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    b"INFO: Initialized TensorFlow Lite runtime.",
)


@contextmanager
def without_chatter(*forget: type[Exception]) -> Iterator[None]:
    """Hold back what is written to descriptor 2, then replay all of it but the known chatter.

    Nothing is lost when the body raises. A crash of the process inside the body does lose what was
    held back, so the body is to be short. Does nothing where there is no descriptor 2.

    Args:
        forget: when the body raises one of these, what was held back is not replayed: it is
            handled, and numpy explains an unfitting binary on half a screen.
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
