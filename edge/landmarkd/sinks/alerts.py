"""What a driver's alert sets off beside the stream: a command, a GPIO line. Sinks like the others, for events only."""

import json
import logging
import subprocess
from collections import deque
from pathlib import Path
from threading import Condition, Thread
from time import monotonic
from typing import Protocol, cast

from landmarkd.errors import AccessError, MissingPackageError, SinkError, UsageError
from landmarkd.sinks.base import Sink, SinkStatistics
from landmarkd.types import DriverEvent, Report, Session
from landmarkd.uri import Uri

log = logging.getLogger(__name__)

QUEUE_EVENTS = 32
"""Events that wait for the command at most."""
COMMAND_S = 10.0
"""A command that takes longer is killed."""
HIGHEST_LEVEL = 3


class HookSink(Sink):
    """``hook:/path/to/command?level=2``: runs a command for each event of at least this level.

    The command is started directly, without a shell, as ``command KIND PHASE LEVEL`` with the event
    as one line of JSON on its standard input. One runs at a time, on a thread of its own, and for
    at most `COMMAND_S` seconds.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        del session
        uri.only(("level",))
        if not uri.path.startswith("/") or uri.host:
            raise UsageError(
                f"{uri.text}: name the command with its whole path, hook:/usr/local/bin/alert."
            )
        self.uri = uri.text
        self.statistics = SinkStatistics(promised="a command for every event of the driver")
        self._command = Path(uri.path)
        self._level = uri.integer("level", 1, 0, HIGHEST_LEVEL)
        self._queue: deque[DriverEvent] = deque()
        self._changed = Condition()
        self._deadline: float | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread.

        Raises:
            SinkError: there is no such file.
            AccessError: it may not be executed.
        """
        import os

        if not self._command.is_file():
            raise SinkError(f"{self._command}: no such file; name a program or script that exists.")
        if not os.access(self._command, os.X_OK):
            raise AccessError(
                f"{self._command} is not executable; chmod +x {self._command} makes it so."
            )
        if self._thread is None:
            self.statistics.connected = True
            self._thread = Thread(target=self._run, name=f"sink {self.uri}", daemon=True)
            self._thread.start()

    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Queue the report's events; the oldest makes room when commands are slower than events."""
        del wait
        events = (
            []
            if report.driver is None
            else [e for e in report.driver.events if e.level >= self._level]
        )
        if not events:
            return
        with self._changed:
            for event in events:
                if len(self._queue) >= QUEUE_EVENTS:
                    self._queue.popleft()
                    self.statistics.dropped += 1
                self._queue.append(event)
            self._changed.notify_all()

    def close(self, drain_s: float = 1.0) -> None:
        """Run what is queued for at most `drain_s` seconds and end."""
        with self._changed:
            self._deadline = monotonic() + drain_s
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(drain_s + 1.0)
            self._thread = None
        self.statistics.connected = False

    def _run(self) -> None:
        while (event := self._take()) is not None:
            self._execute(event)

    def _take(self) -> DriverEvent | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._deadline is not None)
            if not self._queue:
                return None
            if self._deadline is not None and monotonic() > self._deadline:
                self.statistics.dropped += len(self._queue)
                return None
            return self._queue.popleft()

    def _execute(self, event: DriverEvent) -> None:
        limit = COMMAND_S if self._deadline is None else max(0.05, self._deadline - monotonic())
        line = json.dumps(event_record(event))
        try:
            subprocess.run(  # noqa: S603 - the user's own command, as an argument list
                [str(self._command), event.kind, event.phase.value, str(event.level)],
                input=line + "\n",
                text=True,
                timeout=limit,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.statistics.dropped += 1
            if str(error) != self.statistics.last_error:
                log.warning("%s: %s", self.uri, error)
            self.statistics.last_error = str(error)
        else:
            self.statistics.sent += 1
            self.statistics.messages += 1
            self.statistics.bytes += len(line) + 1


def event_record(event: DriverEvent) -> dict[str, object]:
    """Return an event as plain values for JSON."""
    return {
        "id": event.id,
        "kind": event.kind,
        "phase": event.phase.value,
        "level": event.level,
        "began_ns": event.began_ns,
        "at_ns": event.at_ns,
        "evidence": event.evidence,
    }


class OutputLine(Protocol):
    """What is used of gpiozero's DigitalOutputDevice."""

    value: float

    def close(self) -> None:
        """Release the line."""


class GpioSink(Sink):
    """``gpio:17?level=2&active_high=no``: a line that is on while the driver's state is of at least this level.

    Numbers are BCM's. Needs gpiozero: the extra ``gpio``, or python3-gpiozero from apt on Raspberry
    Pi OS.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        del session
        uri.only(("level", "active_high"))
        if not uri.path.isdecimal() or uri.host:
            raise UsageError(f"{uri.text}: name the line by its BCM number, gpio:17.")
        self.uri = uri.text
        self.statistics = SinkStatistics(promised="a line that is on during an alert")
        self._pin = int(uri.path)
        self._level = uri.integer("level", 2, 1, HIGHEST_LEVEL)
        self._active_high = uri.boolean("active_high", True)
        self._line: OutputLine | None = None
        self._on: bool | None = None

    def start(self) -> None:
        """Take the line and switch it off.

        Raises:
            MissingPackageError: gpiozero is not installed.
            SinkError: the line cannot be had.
        """
        try:
            import gpiozero
        except ImportError as error:
            raise MissingPackageError(
                "gpio: needs gpiozero; pip install 'landmarkd[gpio]', or sudo apt install python3-gpiozero."
            ) from error
        try:
            line = gpiozero.DigitalOutputDevice(
                self._pin, active_high=self._active_high, initial_value=False
            )
        except (gpiozero.GPIOZeroError, OSError) as error:
            raise SinkError(
                f"{self.uri}: {error}; is the line free, and the user in the group gpio?"
            ) from error
        self._line, self._on = cast("OutputLine", line), False
        self.statistics.connected = True

    def submit(self, report: Report, *, wait: bool = False) -> None:
        """Switch the line where the level says so."""
        del wait
        wanted = report.driver is not None and report.driver.level >= self._level
        line = self._line
        if line is None or wanted == self._on:
            return
        try:
            line.value = float(wanted)
        except Exception as error:  # whatever the pin factory raises must not end the pipeline
            self.statistics.dropped += 1
            self.statistics.last_error = str(error)
            return
        self._on = wanted
        self.statistics.sent += 1

    def close(self, drain_s: float = 1.0) -> None:
        """Switch the line off and release it."""
        del drain_s
        line, self._line = self._line, None
        if line is not None:
            line.value = 0.0
            line.close()
        self.statistics.connected = False
