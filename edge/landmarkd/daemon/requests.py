"""Signals: SIGTERM and SIGINT end the daemon, SIGHUP makes it read its configuration again."""

import atexit
import os
import signal
import sys
import threading

from landmarkd.errors import ExitCode

ENDING = (signal.SIGTERM, signal.SIGINT)
OBEYED = (*ENDING, signal.SIGHUP)
LEAVE_S = 0.5
"""How long a process whose camera driver hangs may take to end by itself."""


class Requests:
    """Remembers signals until the loop asks for them.

    A handler that is written in Python is itself interrupted by the next signal. It would wait for
    ever for a lock that the interrupted one holds, as events and logs have them, and a burst of
    signals would exhaust the stack. So the handler here is `dict.pop` of what has not been asked
    yet, which takes a handler's two arguments and runs no Python.
    """

    def __init__(self) -> None:
        self._unasked: dict[int, None] = dict.fromkeys(OBEYED)

    def obey(self) -> None:
        """Remember signals from now on, and ignore them once the interpreter exits.

        Call it from the main thread.
        """
        for number in OBEYED:
            signal.signal(number, self._unasked.pop)
        # Once, also if this took over from another.
        atexit.unregister(_ignore)
        atexit.register(_ignore)

    def end(self) -> signal.Signals | None:
        """The signal that requested the end, or None."""
        return next((number for number in ENDING if number not in self._unasked), None)

    def take_reload(self) -> bool:
        """Whether a reload was requested since the last call."""
        if signal.SIGHUP in self._unasked:
            return False
        self._unasked[signal.SIGHUP] = None
        return True


def _ignore() -> None:
    """Ignore what was obeyed, for good.

    A finalizing interpreter puts the default actions in the place of handlers, and then takes apart
    its modules for a while. Whoever asks again in that time would kill a process that had already
    ended in order, and its exit code would tell of a signal. A signal that is ignored stays
    ignored.

    One that comes while its handler is being exchanged is ignored like the rest, but the
    interpreter tells of it with a traceback: `OSError: Signal 15 ignored due to race condition`. It
    does so within the loop, and is not heard there.
    """
    told, sys.unraisablehook = sys.unraisablehook, lambda _: None
    for number in OBEYED:
        signal.signal(number, signal.SIG_IGN)
    sys.unraisablehook = told


def leave_soon(code: ExitCode) -> None:
    """End the process shortly even if a library's thread hangs, which the interpreter waits for.

    Nor may that thread come back while the interpreter is taken apart: C++ aborts then.
    """
    atexit.register(os._exit, int(code))
    timer = threading.Timer(LEAVE_S, os._exit, (int(code),))
    timer.daemon = True
    timer.start()
