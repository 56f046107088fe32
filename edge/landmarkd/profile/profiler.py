"""Runs the pipeline and measures the time of each stage and the age of each frame."""

import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.base import FrameSource
from landmarkd.daemon.limits import Limits
from landmarkd.daemon.service import Service
from landmarkd.pipeline import Pipeline
from landmarkd.profile.watch import Sampler
from landmarkd.settings.config import Configuration
from landmarkd.sinks.base import Sink
from landmarkd.sinks.worker import Format, QueuedSink, Send
from landmarkd.stages import STAGES
from landmarkd.types import Counters, Frame, Report
from landmarkd.vision.interpreter import Interpreter

AGES = ("age_at_inference", "age_at_result", "age_at_wire")
"""Time since the capture: when the model starts, the report is done, a sink has sent it."""

MOST_SPANS = 20_000
"""Spans that are kept for a trace, the newest: more than its seconds have, and so few that their
memory is no growth of the daemon."""
OVERHEAD_ROUNDS = 500


class Recorder:
    """Stores the time of every span, and the newest spans as a whole; safe between threads.

    Attributes:
        spans: the newest: name, thread, start and length in nanoseconds of `time.perf_counter_ns`.
    """

    def __init__(self) -> None:
        self.spans: deque[tuple[str, str, int, int]] = deque(maxlen=MOST_SPANS)
        self._spent_ns: dict[str, array[int]] = {}

    def add(self, name: str, thread: str, began_ns: int, spent_ns: int) -> None:
        """Record a span."""
        self.spans.append((name, thread, began_ns, spent_ns))
        self._spent_ns.setdefault(name, array("q")).append(spent_ns)

    def by_name(self) -> dict[str, NDArray[np.float64]]:
        """Return the milliseconds of all spans by name, in the order of the first of each name."""
        return {name: np.array(values) / 1e6 for name, values in self._spent_ns.items()}


@dataclass(slots=True)
class Recording:
    """The result of one profiled run.

    Attributes:
        stages: milliseconds of each frame by stage, in the order in which they run; stages of one
            frame line up only within those of the pipeline.
        ages: milliseconds since the capture, by the names of `AGES`; empty for a file that is not
            played at its pace.
        spans: the newest of the recorder, for a trace.
        wall_s: length of the run.
        frames_s: from the first frame to the last, without opening and closing the camera.
        cpu_ms: CPU time of this process for one frame, all threads.
        busy_ms: time of one frame in the pipeline, mean, without the wait for it.
        network_ms: time of one frame in the networks; the rest is Python, numpy and OpenCV.
        overhead: share of the processing for the profiler itself; 0.01 is one percent.
    """

    stages: dict[str, NDArray[np.float64]]
    ages: dict[str, NDArray[np.float64]]
    spans: Sequence[tuple[str, str, int, int]]
    machine: Sampler
    counters: Counters
    faces: int
    wall_s: float
    frames_s: float
    cpu_ms: float
    network_ms: float
    busy_ms: float
    overhead: float
    source: str
    model: str
    runtime: str
    accelerator: str
    degraded: tuple[str, ...]
    sinks: dict[str, dict[str, Any]] = field(default_factory=dict)


class _TimedPipeline(Pipeline):
    """Adds spans for waiting and for the stages, one after the other from the start of a frame."""

    def __init__(self, configuration: Configuration, recorder: Recorder, waiting: str) -> None:
        super().__init__(configuration)
        self.recorder = recorder
        self.ages_ns: list[tuple[int, int]] = []
        self.first_ns = self.last_ns = 0
        self.idle_since_ns = time.perf_counter_ns()
        self._waiting = waiting

    def process(self, frame: Frame, *arguments: Any, **options: Any) -> Report:
        waited_ns = time.monotonic_ns() - frame.captured_ns
        self.last_ns = began_ns = time.perf_counter_ns()
        self.first_ns = self.first_ns or began_ns
        self.recorder.add(
            self._waiting, "pipeline", self.idle_since_ns, began_ns - self.idle_since_ns
        )
        report = super().process(frame, *arguments, **options)
        self.note(began_ns, waited_ns, report.emitted_ns - frame.captured_ns)
        return report

    def note(self, began_ns: int, waited_ns: int, age_ns: int) -> None:
        """Record a finished frame."""
        at_ns, before_ns = began_ns, 0
        for name, spent_ns in self.clock.last().items():
            if not spent_ns:
                continue
            if name == "inference":
                before_ns = at_ns - began_ns
            self.recorder.add(name, "pipeline", at_ns, spent_ns)
            at_ns += spent_ns
        if waited_ns >= 0:
            self.ages_ns.append((waited_ns + before_ns, age_ns))


def record(
    configuration: Configuration,
    source: FrameSource,
    make_sinks: Callable[[Pipeline], Sequence[Sink]],
    limits: Limits,
    *,
    paced: bool = True,
    on_report: Callable[[Report], None] | None = None,
) -> Recording:
    """Run and measure the pipeline until the source ends or a limit is reached.

    Args:
        configuration: of the whole daemon; its source and sinks are not used.
        source: not yet open.
        make_sinks: returns the sinks for a pipeline, not yet started.
        limits: when to end.
        paced: frames come at their own pace, so that the time between them is "wait"; else they are
            read as fast as possible, and it is "capture".
        on_report: called with each report, for a progress bar.

    Raises:
        SourceError: the camera is missing, or was lost and did not come back.
        LandmarkdError: as `landmarkd.daemon.service.Service.run` does.
    """
    recorder, sampler = Recorder(), Sampler()
    pipeline = _TimedPipeline(configuration, recorder, "wait" if paced else "capture")

    def submitted(report: Report) -> None:
        if on_report is not None:
            on_report(report)
        pipeline.idle_since_ns = time.perf_counter_ns()

    sinks = make_sinks(pipeline)
    wire_ages_ns = [_instrument(sink, recorder) for sink in sinks if isinstance(sink, QueuedSink)]
    service = Service(source, pipeline, sinks, limits, on_report=submitted, patient=False)
    engine = pipeline.model.engine
    described = {"runtime": engine.runtime, "accelerator": engine.accelerator}
    sampler.start()
    pipeline.idle_since_ns = time.perf_counter_ns()
    began, cpu, network_ns = time.monotonic(), time.process_time(), Interpreter.spent_ns
    service.run()
    wall_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
    sampler.stop()
    frames = max(service.observer.processed, 1)
    stages = _in_order(recorder.by_name())
    busy_ms = sum(float(stages[name].sum()) for name in STAGES if name in stages) / frames
    return Recording(
        stages=stages,
        ages=_ages(pipeline.ages_ns, [age for ages in wire_ages_ns for age in ages]),
        spans=tuple(recorder.spans),
        machine=sampler,
        counters=service.counters(),
        faces=service.observer.with_face,
        wall_s=wall_s,
        frames_s=(pipeline.last_ns - pipeline.first_ns) / 1e9,
        cpu_ms=cpu_s / frames * 1e3,
        network_ms=(Interpreter.spent_ns - network_ns) / frames / 1e6,
        busy_ms=busy_ms,
        overhead=overhead_ms(len(sinks), sampler, frames) / busy_ms if busy_ms else 0.0,
        source=source.uri,
        model=pipeline.model.name,
        degraded=("delegate",) if engine.degraded else (),
        sinks={
            sink.uri: {"sent": sink.statistics.sent, "dropped": sink.statistics.dropped}
            for sink in sinks
        },
        **described,
    )


def overhead_ms(sinks: int, sampler: Sampler, frames: int) -> float:
    """Return the milliseconds of the measurement itself in a frame, measured now.

    It records the same spans many times without work between them, and adds the time of the
    sampler.
    """
    recorder = Recorder()
    # The stages, the wait before the frame, and two of each sink.
    spans = len(STAGES) + 1 + 2 * sinks
    began_ns = time.perf_counter_ns()
    for _ in range(OVERHEAD_ROUNDS):
        for _ in range(spans):
            recorder.add("stage", "pipeline", time.perf_counter_ns(), time.perf_counter_ns())
    spent_ms = (time.perf_counter_ns() - began_ns) / 1e6 / OVERHEAD_ROUNDS
    return spent_ms + sampler.spent_s * 1e3 / frames


def _instrument(sink: QueuedSink[Any], recorder: Recorder) -> list[int]:
    """Measure a sink; return the list for the ages on the wire (ns)."""
    name, captured_ns, ages_ns = sink.uri.partition(":")[0], [0], list[int]()

    def timed_format(inner: Format[Any]) -> Format[Any]:
        def format_report(report: Report, dropped: int) -> Sequence[Any]:
            began_ns = time.perf_counter_ns()
            pieces = inner(report, dropped)
            recorder.add(f"encode {name}", name, began_ns, time.perf_counter_ns() - began_ns)
            captured_ns[:] = [report.captured_ns]
            return pieces

        return format_report

    def timed_send(inner: Send[Any]) -> Send[Any]:
        def send(pieces: Sequence[Any]) -> int:
            began_ns = time.perf_counter_ns()
            sent = inner(pieces)
            if captured_ns[0]:
                recorder.add(f"send {name}", name, began_ns, time.perf_counter_ns() - began_ns)
                ages_ns.append(time.monotonic_ns() - captured_ns[0])
                captured_ns[:] = [0]
            return sent

        return send

    sink.wrap(timed_format, timed_send)
    return ages_ns


def _in_order(stages: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    place = {name: number for number, name in enumerate(("capture", "wait", *STAGES))}
    return dict(sorted(stages.items(), key=lambda stage: place.get(stage[0], len(place))))


def _ages(frames: list[tuple[int, int]], wire: list[int]) -> dict[str, NDArray[np.float64]]:
    pairs = np.array(frames, np.float64).reshape(-1, 2) / 1e6
    columns = (pairs[:, 0], pairs[:, 1], np.array(wire, np.float64) / 1e6)
    # A file that is played faster than recorded has times in the future and no ages.
    return {
        name: values
        for name, values in zip(AGES, columns, strict=True)
        if values.size and float(np.median(values)) > 0
    }
