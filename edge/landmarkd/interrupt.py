"""Ctrl-C ends a command, whatever code it meets.

Python raises KeyboardInterrupt wherever the main thread is. In a destructor, in a callback of a
library in C or in an `except:` without a type it is dropped, and the command would go on. Here it
is raised again until it arrives where somebody handles it.
"""

import atexit
import signal
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

AGAIN_S = 0.1
"""Period of the look whether it was dropped."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A weak reference shows when it is dropped; its base has none."""


_raised: "list[weakref.ref[Interrupted]]" = []
"""The last one, until it is handled."""


@contextmanager
def obeyed() -> Iterator[None]:
    """Let Ctrl-C raise `Interrupted` in the body. For the main thread of a command.

    SIGALRM and its timer are used too. A process that ignores SIGINT, as in the background of a
    shell, still does.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield
        return
    hook, sys.unraisablehook = sys.unraisablehook, _say_unraisable
    alarm = signal.signal(signal.SIGALRM, _raise_again)
    before = signal.signal(signal.SIGINT, _interrupt)
    atexit.unregister(_end_at_once)
    atexit.register(_end_at_once)
    try:
        yield
    finally:
        handled()
        if signal.getsignal(signal.SIGINT) is _interrupt:  # else somebody else took it
            signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGALRM, alarm)
        sys.unraisablehook = hook


def handled() -> None:
    """Raise the last one no more. Call it where KeyboardInterrupt is caught and not raised."""
    if _raised:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        _raised.clear()


@contextmanager
def usual_end() -> Iterator[None]:
    """End the body at Ctrl-C; what follows the body goes on."""
    try:
        yield
    except KeyboardInterrupt:
        handled()


def _interrupt(*_: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S, AGAIN_S)
    raise _new()


def _raise_again(*_: object) -> None:
    if any(error() is None for error in _raised):
        raise _new()


def _new() -> Interrupted:
    # Not in the frames that raise it: their variables would keep it, as if it still were under way.
    error = Interrupted()
    _raised[:] = [weakref.ref(error)]
    return error


def _end_at_once() -> None:
    """Let one more Ctrl-C end a process that ends already, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _say_unraisable(unraisable: "UnraisableHookArgs") -> None:
    if not issubclass(unraisable.exc_type, Interrupted):
        sys.__unraisablehook__(unraisable)
