"""Signals: SIGTERM and SIGINT end the daemon, SIGHUP makes it read its configuration again."""

import atexit
import os
import signal
import sys
import threading

from landmarkd.errors import ExitCode

ENDING = (signal.SIGTERM, signal.SIGINT)
OBEYED = (*ENDING, signal.SIGHUP)
ASKED = {"asked": True}
"""`extra` of the log lines that answer a signal: they are written however often they repeat."""
LEAVE_S = 0.5
"""Time after which a process with a hanging camera driver is ended."""


class Requests:
    """Stores signals until the loop asks for them.

    The next signal interrupts a handler in Python. The second handler would wait without end for a
    lock of the first one, such as the locks of events and logs, and many signals would exhaust the
    stack. Therefore the handler here is `dict.pop` on the signals that have not arrived: it takes
    the two arguments of a handler and runs no Python.
    """

    def __init__(self) -> None:
        self._unasked: dict[int, None] = dict.fromkeys(OBEYED)

    def obey(self) -> None:
        """Store signals from now on, and ignore them when the interpreter exits.

        Call it from the main thread.
        """
        for number in OBEYED:
            signal.signal(number, self._unasked.pop)
        # Only once, also if this object replaces another one.
        atexit.unregister(_ignore)
        atexit.register(_ignore)

    def end(self) -> signal.Signals | None:
        """Return the signal that requested the end, or None."""
        return next((number for number in ENDING if number not in self._unasked), None)

    def take_reload(self) -> bool:
        """Return whether a reload was requested since the last call."""
        if signal.SIGHUP in self._unasked:
            return False
        self._unasked[signal.SIGHUP] = None
        return True


def _ignore() -> None:
    """Ignore these signals for the rest of the process.

    At exit, the interpreter replaces handlers by the default actions and then deletes its modules,
    which takes a while. A signal in that time would kill a process that has already ended cleanly,
    and its exit code would be that of a signal. An ignored signal stays ignored.

    A signal during the change of its handler is ignored too, but the interpreter prints a
    traceback: `OSError: Signal 15 ignored due to race condition`. The hook suppresses that.
    """
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    for number in OBEYED:
        signal.signal(number, signal.SIG_IGN)
    sys.unraisablehook = hook


def leave_soon(code: ExitCode) -> None:
    """End the process soon even if a thread of a library hangs, for which the interpreter waits.

    At exit, the process ends before modules are deleted: C++ aborts if the thread returns then.
    """
    atexit.register(os._exit, int(code))
    timer = threading.Timer(LEAVE_S, os._exit, (int(code),))
    timer.daemon = True
    timer.start()
