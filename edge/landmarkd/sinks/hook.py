"""A command for each event of the driver."""

import math
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from landmarkd.errors import AccessError, SinkSetupError, UsageError
from landmarkd.sinks.parts import Formatter, PieceError, Transport
from landmarkd.sinks.queue import RankedQueue
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.jsonl import encode_event

QUEUE_EVENTS = 32
"""Maximum of events that wait for the command."""
COMMAND_S = 10.0
"""A command that takes longer is ended, with all processes that it started."""
TERM_S = 0.3
"""Time from SIGTERM to SIGKILL; less than the sink is waited for at its end (`worker.JOIN_S`)."""
HIGHEST_LEVEL = 3
_POLL_S = 0.02
_SERVICE_ONLY = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")
"""Variables of systemd for the daemon; a command could end the daemon with them."""


class Call(NamedTuple):
    """Arguments and input of the command for one event."""

    arguments: tuple[str, ...]
    line: bytes
    rank: int


class EventFormatter(Formatter[Call]):
    """Each event of at least a level; events of a higher level come first."""

    promised = "a command for every event of the driver"

    def __init__(self, level: int) -> None:
        self._level = level

    def split(self, report: Report) -> Sequence[Report]:
        """Return a report for each selected event."""
        driver = report.driver
        if driver is None:
            return ()
        return [
            replace(report, driver=replace(driver, events=(event,)))
            for event in driver.events
            if event.level >= self._level
        ]

    def format(self, report: Report, dropped: int) -> Sequence[Call]:
        """Return the calls for the events of a report."""
        events = report.driver.events if report.driver is not None else ()
        return [
            Call(
                (event.kind, event.phase.value, str(event.level)),
                encode_event(event).encode() + b"\n",
                self.rank(report),
            )
            for event in events
        ]


@dataclass(slots=True)
class _Running:
    process: "subprocess.Popen[bytes]"
    rank: int
    deadline: float
    killed_at: float = 0.0


class HookTransport(Transport[Call]):
    """Starts the command and waits for its end, unless a more urgent event waits.

    Then a command of a lower rank continues at the same time; at most one of each rank runs. An
    event waits for them in the queue, where a more urgent one overtakes it.
    """

    def __init__(self, command: Path) -> None:
        self._command = command
        self._running: list[_Running] = []

    def check(self) -> None:
        """Check that the command exists and is executable."""
        if not self._command.is_file():
            raise SinkSetupError(
                f"{self._command}: no such file; name a program or script that exists."
            )
        if not os.access(self._command, os.X_OK):
            raise AccessError(
                f"{self._command} is not executable; chmod +x {self._command} makes it so."
            )

    def open(self) -> None:
        """Nothing to open; a missing command is an error when it is started."""

    def send(self, pieces: Sequence[Call]) -> int:
        """Run the command for each piece.

        Raises:
            PieceError: it cannot be started, fails, or takes too long.
        """
        for piece in pieces:
            self._wait(self._start(piece), urgent=True)
        return sum(len(piece.line) for piece in pieces)

    def _start(self, call: Call) -> _Running:
        environment = {n: v for n, v in os.environ.items() if n not in _SERVICE_ONLY}
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, as an argument list
                [str(self._command), *call.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise PieceError(f"{self._command} cannot be started: {error.strerror}") from error
        running = _Running(process, call.rank, monotonic() + COMMAND_S)
        self._running.append(running)
        # A line fits into the pipe, so this never waits; the command may ignore it.
        with suppress(BrokenPipeError), process.stdin or nullcontext() as pipe:
            if pipe is not None:
                pipe.write(call.line)
        return running

    def _wait(self, running: _Running, *, urgent: bool = False) -> None:
        """Wait for the end of a command; with `urgent` until an event of higher rank waits."""
        while not self._ended(running):
            if urgent and self.waiting > running.rank:
                return
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(_POLL_S)

    def _ended(self, running: _Running) -> bool:
        """Return whether a command has ended; end it if it takes too long.

        Raises:
            PieceError: it failed or took too long, and does not run any more.
        """
        if running.process.poll() is None:
            if not self._late(running):
                return False
            longer = monotonic() >= running.deadline
            self._end(running)
            reason = f"it took longer than {COMMAND_S:g} s" if longer else "the sink ends"
            raise PieceError(f"{self._command} was ended: {reason}")
        self._running.remove(running)
        if running.process.returncode:
            raise PieceError(f"{self._command} failed with exit code {running.process.returncode}")
        return True

    def _late(self, running: _Running) -> bool:
        return monotonic() >= min(running.deadline, self.deadline)

    def _end(self, running: _Running) -> None:
        """End the command and everything in its process group."""
        # Those that have to end too are asked at the same time: the end of the sink waits for all.
        for each in filter(self._late, self._running):
            if not each.killed_at:
                each.killed_at = monotonic() + TERM_S
                with suppress(ProcessLookupError):
                    os.killpg(each.process.pid, signal.SIGTERM)
        self._running.remove(running)
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(max(0.0, running.killed_at - monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()

    def tend(self) -> None:
        """Wait until the command may be started for the most urgent of the waiting events.

        Raises:
            PieceError: earlier commands failed or took too long.
        """
        failures: dict[str, None] = {}
        while True:
            for running in list(self._running):
                try:
                    self._ended(running)
                except PieceError as error:
                    failures[str(error)] = None
            busy = next((each for each in self._running if 0 <= self.waiting <= each.rank), None)
            if busy is None:
                break
            with suppress(subprocess.TimeoutExpired):
                busy.process.wait(_POLL_S)
        if failures:
            raise PieceError("; ".join(failures))

    def close(self) -> None:
        """When the sink ends, wait for running commands, and end them at its deadline."""
        if math.isfinite(self.deadline):
            for running in list(self._running):
                with suppress(PieceError):
                    self._wait(running)


class HookSink(QueuedSink[Call]):
    """``hook:/path/to/command?level=2``: runs a command for each event of at least this level.

    The command is started directly, without a shell, as ``command KIND PHASE LEVEL`` with the event
    as one line of JSON on its standard input, for at most `COMMAND_S` seconds. Events of a higher
    level come first, and do not wait for the command of a lower one.
    """

    waits = False

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"level"})
        if not uri.path.startswith("/") or uri.host:
            raise UsageError(
                f"{uri.text}: name the command with its whole path, hook:/usr/local/bin/alert."
            )
        formatter = EventFormatter(uri.integer("level", 1, 0, HIGHEST_LEVEL))
        queue = RankedQueue(QUEUE_EVENTS, urgent_first=True)
        super().__init__(uri, formatter, HookTransport(Path(uri.path)), queue)
