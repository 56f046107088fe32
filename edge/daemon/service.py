"""The daemon's loop: capture, process, hand to the sinks, until something says stop."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from edge.camera.base import FrameSource
from edge.camera.capture import Capture
from edge.daemon.processor import Processor
from edge.errors import EndOfStreamError, SourceTimeoutError
from edge.sinks.base import Sink
from edge.types import Counters, Report

log = logging.getLogger(__name__)

POLL_S = 0.25
"""How long one wait for a frame lasts; a signal is noticed after this long at the latest."""

STALLED_REPORT_S = 0.5
"""While the camera delivers nothing, a report without a face goes out this often: silence means dead."""

DRAIN_S = 2.0
"""How long sinks may take at the end to send what they still hold."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When to end by itself.

    Attributes:
        frames: after this many processed frames, or None.
        duration_s: after this long, or None.
    """

    frames: int | None = None
    duration_s: float | None = None


class Service:
    """Runs a pipeline from one source to several sinks.

    Args:
        source: not yet open.
        processor: turns frames into reports.
        sinks: not yet started.
        limits: when to end by itself.
        on_report: called with each report, on the pipeline's thread; keep it short.
    """

    def __init__(
        self,
        source: FrameSource,
        processor: Processor,
        sinks: Sequence[Sink],
        limits: Limits | None = None,
        on_report: Callable[[Report], None] | None = None,
    ) -> None:
        self.capture = Capture(source)
        self.processor = processor
        self.sinks = sinks
        self.processed = 0
        self.with_face = 0
        self._live = source.live
        self._limits = limits or Limits()
        self._on_report = on_report
        self._stop = threading.Event()
        self._last: Report | None = None
        self._stalled_ns = 0

    def stop(self) -> None:
        """End the loop after the frame in hand; may be called from a signal handler or another thread."""
        self._stop.set()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the loop; only from the main thread."""

        def handle(number: int, _: FrameType | None) -> None:
            log.info("Stopping on %s", signal.Signals(number).name)
            self.stop()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def run(self) -> None:
        """Run until the source ends, a limit is reached or `stop` is called; always closes what it opened.

        Raises:
            SourceError: the source cannot be opened, or is lost for good.
            SinkError: a sink cannot be opened.
            DelegateError: a demanded accelerator was lost.
        """
        started: list[Sink] = []
        try:
            for sink in self.sinks:
                sink.start()
                started.append(sink)
            self.capture.start()
            self._loop()
        finally:
            self.capture.close()
            for sink in started:
                sink.close(DRAIN_S)
            self.processor.close()

    def _loop(self) -> None:
        began_ns = time.monotonic_ns()
        while not self._stop.is_set() and not self._reached(began_ns):
            try:
                frame = self.capture.next(POLL_S)
            except SourceTimeoutError:
                self._report_stall()
                continue
            except EndOfStreamError:
                return
            report = self.processor.process(frame, self._counters())
            self.processed += 1
            self.with_face += report.face is not None
            self._submit(report)

    def _reached(self, began_ns: int) -> bool:
        limits = self._limits
        if limits.frames is not None and self.processed >= limits.frames:
            return True
        return limits.duration_s is not None and time.monotonic_ns() - began_ns >= limits.duration_s * 1e9

    def _counters(self) -> Counters:
        statistics = self.capture.statistics
        return Counters(statistics.captured, self.processed + 1, statistics.skipped, statistics.reopened)

    def _submit(self, report: Report) -> None:
        self._last = report
        for sink in self.sinks:
            # A file waits for its sinks, so that nothing is lost; a camera never does.
            sink.submit(report, wait=not self._live)
        if self._on_report is not None:
            self._on_report(report)

    def _report_stall(self) -> None:
        """Say that the camera delivers nothing, now and then, once there was a first frame."""
        now = time.monotonic_ns()
        if self._last is None or now - max(self._stalled_ns, self._last.emitted_ns) < STALLED_REPORT_S * 1e9:
            return
        self._stalled_ns = now
        self._submit(self.processor.idle(self._last, now, self._counters()))
