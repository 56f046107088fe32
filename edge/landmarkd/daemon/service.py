"""The loop of the daemon: capture, process, send to the sinks, until it has to stop."""

import gc
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from landmarkd.camera.base import FrameSource
from landmarkd.camera.capture import Capture
from landmarkd.daemon.baselines import BaselineKeeper
from landmarkd.daemon.limits import Limits
from landmarkd.daemon.notify import Notifier
from landmarkd.daemon.observer import Observer
from landmarkd.daemon.requests import ASKED, Requests, leave_soon
from landmarkd.daemon.saver import FrameSaver
from landmarkd.daemon.snapshot import RELOADING, STOPPED, Snapshot
from landmarkd.daemon.speed import VehicleSpeed
from landmarkd.errors import EndOfStreamError, ExitCode, LandmarkdError, SourceTimeoutError
from landmarkd.pipeline import Pipeline
from landmarkd.sinks.base import Sink, close_all
from landmarkd.types import Counters, Report
from landmarkd.utc import UtcReader

log = logging.getLogger(__name__)

POLL_S = 0.25
"""Longest wait for a frame, and so the longest delay of a signal."""

STALLED_REPORT_S = 0.5
"""Period of reports without a face while the camera delivers nothing; they show that the daemon
runs."""

DRAIN_LIVE_S = 0.5
DRAIN_FILE_S = 5.0
"""Time for the sinks to send their queues at the end."""


class Publisher(Protocol):
    """Receives the state of the daemon once a second."""

    def publish(self, snapshot: Snapshot) -> None:
        """Receive a snapshot; never raises an error and never blocks for long."""


class Service:
    """Runs a pipeline from one source to several sinks.

    Args:
        source: not yet open.
        pipeline: turns frames into reports.
        sinks: not yet started.
        limits: when to end.
        publishers: get a snapshot once a second.
        on_report: called with each report, on the pipeline's thread; keep it short.
        keeper: saves the baseline of the driver, or None.
        saver: writes each frame to a folder, or None.
        requests: received signals, after `Requests.obey`.
        notifier: to the service manager.
        patient: wait for a camera that is missing or lost, see `Capture`.

    Attributes:
        observer: counts frames and takes snapshots.
        on_reload: called on SIGHUP; returns the next service, or raises an error to keep this one.
            It is told whether the camera must be present. None ignores SIGHUP.
        has_fallback: another service starts if this one does not.
        must_open: a camera that is missing at the start is an error, instead of waited for.
        started: camera and sinks are open.
        successor: the service that starts after `run` returns, or None.
        began_ns: when the first service of this run began its loop, or None before that.
        processed_before: frames of the services before a reload; limits count these too.
    """

    def __init__(
        self,
        source: FrameSource,
        pipeline: Pipeline,
        sinks: Sequence[Sink],
        limits: Limits | None = None,
        *,
        publishers: Sequence[Publisher] = (),
        on_report: Callable[[Report], None] | None = None,
        keeper: BaselineKeeper | None = None,
        saver: FrameSaver | None = None,
        requests: Requests | None = None,
        notifier: Notifier | None = None,
        patient: bool = True,
    ) -> None:
        self.requests = requests or Requests()
        self.capture = Capture(source, patient=patient, ending=self.requests.end)
        self.pipeline = pipeline
        self.sinks = sinks
        self.observer = Observer(
            pipeline.configuration.service.device, self.capture, pipeline, tuple(sinks)
        )
        self.on_reload: Callable[[bool], Service] | None = None
        self.has_fallback = self.must_open = False
        self.started = False
        self.successor: Service | None = None
        self.began_ns: int | None = None
        self.processed_before = 0
        for sink in sinks:
            sink.ending = self.requests.end
        self._live, self._uri = source.live, source.uri
        self._limits, self._publishers = limits or Limits(), publishers
        self._on_report, self._keeper, self._saver = on_report, keeper, saver
        self.observer.saving = str(saver.folder) if saver is not None else None
        self._notifier = notifier or Notifier()
        speed = pipeline.configuration.driver.speed
        self._speed = VehicleSpeed(speed) if speed else None
        self._utc = UtcReader()
        self._last: Report | None = None
        self._stalled_ns = 0

    def close(self) -> None:
        """Release the models of a service that does not run."""
        self.pipeline.close()

    def run(self) -> None:
        """Run until the source ends, a limit is reached, nobody reads or a signal requests the end.

        It always closes what it opened.

        Raises:
            SourceError: the source cannot be opened, or is lost.
            SinkError: a sink cannot be opened.
            DelegateError: a required accelerator was lost.
        """
        started: list[Sink] = []
        try:
            for sink in self.sinks:
                sink.start()
                started.append(sink)
            self._notifier.long_step()
            if self.requests.end() is None:
                self.capture.start(must_open=self.must_open)
            self._loop()
        except Exception as error:
            self.observer.failure = str(error) or type(error).__name__
            raise
        finally:
            failed = self.observer.failure is not None
            handed_over = self.successor is not None or (
                self.has_fallback and failed and not self.started
            )
            if handed_over:
                self._notifier.status("reloading: another configuration takes over")
                self._notifier.long_step()
            else:
                self._notifier.stopping()
            self.capture.close(followed=handed_over)
            hurried = self._live or self.requests.end() is not None
            close_all(started, DRAIN_LIVE_S if hurried else DRAIN_FILE_S)
            if not handed_over:
                self._publish(time.monotonic_ns(), STOPPED)
            if self.started:
                self._keep(now=True)
            self.pipeline.close()
            if self._speed is not None:
                self._speed.close()
            if self.capture.hung and not handed_over:
                leave_soon(ExitCode.TEMPORARY if failed else ExitCode.OK)

    def _loop(self) -> None:
        if self.began_ns is None:
            self.began_ns = time.monotonic_ns()
        while self.successor is None and not self._reached(self.began_ns):
            if (ending := self.requests.end()) is not None:
                log.info("Stopping on %s", ending.name)
                return
            if self.requests.take_reload():
                self._take_over()
                continue
            try:
                frame = self.capture.next(POLL_S)
            except SourceTimeoutError:
                self._say_ready()
                self._stalled()
                continue
            except EndOfStreamError:
                return
            self._say_ready()
            if self._saver is not None:
                self._saver.save(frame)
            # No decision depends on UTC, only on the times of the frames.
            report = self.pipeline.process(
                frame, self.counters(1), speed_kmh=self._read_speed(), utc=self._utc.read()
            )
            if report.face is not None:
                self.capture.meter(report.face.box, report.captured_ns)
            self._submit(report, fresh=True)
            self._progress(report.emitted_ns)

    def _progress(self, now_ns: int) -> None:
        """Reset the watchdog, unless the thread of a sink has died, which needs a restart."""
        if all(sink.alive for sink in self.sinks):
            self._notifier.progress(now_ns)

    def _say_ready(self) -> None:
        """Report readiness to systemd once: with a camera, or while waiting for one."""
        if not self.started and self.capture.settled:
            self.started = True
            if not gc.isenabled():
                # See `landmarkd.cli.main`; what was made until now is never looked through again.
                gc.freeze()
                gc.enable()
            self._notifier.ready()

    def _read_speed(self) -> float | None:
        return None if self._speed is None else self._speed.read()

    def _reached(self, began_ns: int) -> bool:
        if self.sinks and all(sink.gone for sink in self.sinks):
            return True  # as after `| head`
        processed = self.processed_before + self.observer.processed
        return self._limits.reached(processed, time.monotonic_ns() - began_ns)

    def counters(self, more: int = 0) -> Counters:
        """Return the totals so far; `more` frames are processed at this moment."""
        captured, skipped, reopened = self.capture.counts
        return Counters(captured, self.observer.processed + more, skipped, reopened)

    def _submit(self, report: Report, *, fresh: bool) -> None:
        self._last = report
        for sink in self.sinks:
            # A file waits for the sinks, so that no frame is lost; a camera never waits.
            sink.submit(report, wait=not self._live)
        self.observer.add(report, fresh=fresh)
        self._keep()
        if self._on_report is not None:
            self._on_report(report)
        if self.observer.due(report.emitted_ns):
            self._publish(report.emitted_ns)

    def _keep(self, *, now: bool = False) -> None:
        """Save the baseline of the driver if it is due, or `now`."""
        if self._keeper is not None and self._keeper.offer(self.pipeline.baseline, now=now):
            self.pipeline.baseline_stored()

    def _stalled(self) -> None:
        """Report from time to time that the camera delivers nothing, once a frame is late.

        The watchdog is fed meanwhile: `Capture` counts its attempts and stops by itself.
        """
        now = time.monotonic_ns()
        self._progress(now)
        if self._last is None and self.capture.settled:
            # Before the first frame the size is unknown: only the camera's state can be reported.
            self._last = Report(self._uri, 0, now, now, width=0, height=0, face=None)
        if (
            self._last is None
            or not self.capture.late
            or now - max(self._stalled_ns, self._last.emitted_ns) < STALLED_REPORT_S * 1e9
        ):
            if self.observer.due(now):
                self._publish(now)
            return
        self._stalled_ns = now
        idle = self.pipeline.idle(self._last, now, self.counters(), self._read_speed())
        self._submit(replace(idle, utc=self._utc.read()), fresh=False)

    def _publish(self, now_ns: int, state: str | None = None) -> None:
        snapshot = self.observer.snapshot(now_ns, state)
        self._notifier.status(snapshot.sentence())
        for publisher in self._publishers:
            publisher.publish(snapshot)

    def _take_over(self) -> None:
        """Build the service of the new configuration, or keep this one after an error."""
        if self.on_reload is None:
            return
        self._publish(time.monotonic_ns(), RELOADING)
        self._notifier.reloading()
        self._notifier.long_step()
        self._keep(now=True)
        # Without its camera this service is no better than one that waits for another.
        present = not self.capture.away
        try:
            self.successor = self.on_reload(present)
            self.successor.must_open = present
        except Exception as error:
            # Even a bug in reading a configuration must not end a running daemon.
            known = isinstance(error, LandmarkdError | OSError)
            log.warning(
                "The new configuration was refused, and the old one is still used: %s",
                error,
                exc_info=None if known else error,
                extra=ASKED,
            )
            self.observer.refused = str(error) if known else f"{type(error).__name__}: {error}"
            self._notifier.ready()
        else:
            log.info("The configuration was reloaded", extra=ASKED)
