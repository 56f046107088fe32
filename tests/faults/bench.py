"""A daemon under test: the real process, a scripted camera, and recording receivers."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from landmarkd.daemon.diagnosis import diagnose
from landmarkd.daemon.snapshot import Snapshot
from landmarkd.daemon.statusfile import NAME, read_status
from landmarkd.errors import ExitCode, LandmarkdError
from landmarkd.receive.link import Link
from landmarkd.receive.loopback import PtyLink, udp_loopback
from landmarkd.wire.names import StatusFlag
from landmarkd.wire.schema import Status

from tests.process import command, landmarkd

LIMIT_S = 60.0
"""Time limit of everything that the bench waits for, seconds."""

FPS = 30

PRIORITY = ("nice", "-n", "-5")
"""Priority as in the unit, where that is allowed; elsewhere the daemon runs without it."""

BUSY = "are skipped"
"""Message about frames that a busy machine has no time for; they have their own row."""

OLD = "has written no status"
"""Message about a record that grew old because the command to read it had no free core."""

SELDOM = "[tracker]\nretry_s = 1\nlongest_retry_s = 1"
"""Searching for a face is the most expensive operation of the daemon, and the bench shows no face.
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """A STATUS message and when it arrived.

    Attributes:
        at_s: when, on this process' monotonic clock.
        frame: number of the frame.
        stalled: the sender says that the camera delivers nothing.
        message: the whole message.
    """

    at_s: float
    frame: int
    stalled: bool
    message: Status


class Ear:
    """Receives one stream on a thread and stores every STATUS."""

    def __init__(self, receiver: Link) -> None:
        self.receiver = receiver
        self.heard: list[Heard] = []
        self._changed = threading.Condition()
        self._deaf = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait(
        self, wanted: Callable[[list[Heard]], Any], since: int = 0, limit_s: float = LIMIT_S
    ) -> Any:
        """Wait until `wanted`, called with what arrived from number `since` on, is true; return its
        result."""
        with self._changed:
            result = None

            def reached() -> bool:
                nonlocal result
                result = wanted(self.heard[since:])
                return bool(result)

            assert self._changed.wait_for(reached, limit_s), f"not heard within {limit_s:.0f} s"
            return result

    def frames(self, count: int, since: int = 0) -> list[Heard]:
        """Wait for this many really captured frames, and return them."""
        return list(
            self.wait(
                lambda heard: (
                    len(moving := [item for item in heard if not item.stalled]) >= count and moving
                ),
                since,
            )
        )

    def mark(self) -> int:
        """Return how many arrived so far: the start of the next wait."""
        with self._changed:
            return len(self.heard)

    def deafen(self, deaf: bool) -> None:
        """Stop reading, as a receiver that hangs does, or continue."""
        (self._deaf.set if deaf else self._deaf.clear)()

    def close(self) -> None:
        """End."""
        self._done.set()
        self._thread.join()
        self.receiver.close()

    def _listen(self) -> None:
        while not self._done.is_set():
            if self._deaf.is_set():
                self._done.wait(0.02)
                continue
            try:
                received = self.receiver.receive(0.05)
            except (LandmarkdError, OSError):
                self._done.wait(0.02)
                continue
            now = time.monotonic()
            fresh = [
                Heard(
                    now,
                    item.packet.frame,
                    bool(item.packet.message.flags & StatusFlag.DEGRADED_CAMERA),
                    item.packet.message,
                )
                for item in received
                if isinstance(item.packet.message, Status)
            ]
            if fresh:
                with self._changed:
                    self.heard += fresh
                    self._changed.notify_all()


class Daemon:
    """The process under test.

    Args:
        folder: scratch of this test.
        steps: script of the camera; moving pictures without end follow after the last step.
        sinks: URIs besides the UDP stream that is always there.
        settings: more TOML for the configuration.
        environment: more variables.
        prefix: command put in front, `prlimit` for example.
        fps: of the camera.
        clip: video that the camera shows instead of a pattern without a face.
        source: URI of another source than the scripted camera.
    """

    def __init__(
        self,
        folder: Path,
        steps: Sequence[dict[str, Any]] = (),
        *,
        sinks: Sequence[str] = (),
        settings: str = "",
        environment: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        fps: int = FPS,
        clip: Path | None = None,
        source: str | None = None,
    ) -> None:
        self.folder = folder
        self.configuration = folder / "landmarkd.toml"
        self.runtime = folder / "run"
        script = folder / "camera.json"
        forever = {"do": "frames", "count": 10_000_000}
        picture = {"size": [320, 240], "fps": fps, "clip": str(clip) if clip else None}
        script.write_text(json.dumps({**picture, "steps": [*steps, forever]}))
        udp, uri = udp_loopback()
        self.ear = Ear(udp)
        self.sinks = [f"{uri}?points=none", *sinks]
        self.source = source or f"scripted:{script}"
        self.write_configuration(settings)
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [*PRIORITY, *prefix, *command(["run", "--config", self.configuration])],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, "RUNTIME_DIRECTORY": str(self.runtime), **(environment or {})},
        )

    def write_configuration(self, more: str = "") -> None:
        """Write the configuration that the process reads at its start and on SIGHUP."""
        self.configuration.write_text(
            f"sinks = {json.dumps(self.sinks)}\n[source]\n"
            f'uri = "{self.source}"\n{more or SELDOM}\n',
            "utf-8",
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def status(self) -> Snapshot:
        """Return the status file."""
        return read_status(self.runtime)

    def wait_status(self, wanted: Callable[[Snapshot], Any], limit_s: float = LIMIT_S) -> Snapshot:
        """Wait until the status file is as `wanted`, and return it."""
        until = time.monotonic() + limit_s
        while True:
            snapshot = None
            with suppress(LandmarkdError):
                snapshot = self.status()
            if snapshot is not None and wanted(snapshot):
                return snapshot
            assert time.monotonic() < until, (
                f"the status never said so; last: {snapshot}; log: {self.logged()}"
            )
            time.sleep(0.05)

    def wait_log(self, wanted: Callable[[str], Any], what: str) -> None:
        """Wait until the process's log is as `wanted`; `what` describes this in the error."""
        until = time.monotonic() + LIMIT_S
        while not wanted(self.logged()):
            assert self.process.poll() is None, f"{what}: the process ended; log: {self.logged()}"
            assert time.monotonic() < until, f"{what}: the log never said so: {self.logged()}"
            time.sleep(0.05)

    def told(self, words: str = "", code: ExitCode = ExitCode.TEMPORARY) -> str:
        """Wait until a fault is reported, and return the sentences of `landmarkd status` about it.

        The command reads a copy of the record in which the fault was found, however long its
        process takes to start.

        Args:
            words: words of the expected sentence; without words, nothing may be wrong.
            code: expected exit code of the command.
        """

        def known(snapshot: Snapshot) -> bool:
            found = diagnose(snapshot, time.monotonic_ns())
            said = [text for text in (*found.troubles, *found.notes) if BUSY not in text]
            if any(words in text for text in said) if words else not said:
                kept.mkdir(exist_ok=True)
                (kept / NAME).write_text(json.dumps(asdict(snapshot)))
                return True
            return False

        kept = self.folder / "told"
        shutil.rmtree(kept, ignore_errors=True)
        self.wait_status(known)
        return self.ask(kept, words, code)

    @staticmethod
    def ask(folder: Path, words: str, code: ExitCode) -> str:
        """Run `landmarkd status` on a runtime directory; return the sentences below its table."""
        done = landmarkd("status", "--runtime", folder)
        said = [
            line[2:]
            for line in (done.stdout + done.stderr).splitlines()
            if line.startswith(("! ", "- "))
        ]
        found = [line for line in said if words and words in line]
        beside = [line for line in said if BUSY not in line and OLD not in line]
        assert found or not (words or beside), done.stdout + done.stderr
        assert done.returncode in {code, ExitCode.TEMPORARY}, done.stdout + done.stderr
        return "; ".join(found) or "nothing is wrong"

    def logged(self) -> str:
        """Return what the process has logged so far."""
        return (self.folder / "log").read_text()

    def end(self) -> int:
        """Ask the process to end within two seconds, and return its exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return self.process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if error is not None:
            error.add_note(
                f"exit code {self.process.returncode}; log of the daemon:\n{self.logged()}"
            )
        self.ear.close()
        self.log.close()


def serial_pair() -> tuple[PtyLink, Ear]:
    """Return a pseudo-terminal and the receiver at its other end."""
    receiver = PtyLink()
    receiver.open()
    return receiver, Ear(receiver)


def longest_silence_s(heard: Sequence[Heard]) -> float:
    """Return the longest time between two messages."""
    times = [item.at_s for item in heard]
    return max((after - before for before, after in pairwise(times)), default=0.0)
