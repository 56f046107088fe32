"""The state of the daemon, each second, for `landmarkd status`, systemd and metrics."""

from dataclasses import dataclass, field

RELOADING, STOPPED = "reloading", "stopped"
STATES = ("running", "stalled", "reopening", "waiting", RELOADING, STOPPED)


@dataclass(frozen=True, slots=True)
class SinkSnapshot:
    """One sink: `landmarkd.sinks.base.SinkStatistics`, and its drops in the last period."""

    uri: str
    connected: bool
    sent: int
    dropped: int
    bytes: int
    reconnects: int
    last_error: str | None
    note: str | None = None
    dropped_fps: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon at one moment.

    Attributes:
        state: "running", "stalled", "reopening", "waiting" (for a camera at start), "reloading"
            (from the request on, until a service has run for a second) or "stopped".
        updated_ns: monotonic time.
        version: of landmarkd.
        uptime_s: since the start of the process' pipeline.
        source, model, runtime, accelerator: what runs, empty before it does.
        captured_fps, processed_fps, skipped_fps, corrupt_fps, stale_fps, identical_fps: rates over
            the last period.
        captured, processed, skipped, reopened, corrupt, stale, identical: totals.
        with_face: frames with a tracked face.
        face: whether a face is tracked now.
        attention: of the driver, or None.
        latency_ms: from capture to result, p50 and p99 of the last frames.
        stages_ms: median of each stage.
        degraded: parts that run in a fallback.
        temperature_c, throttled: of the machine, None where unknown.
        memory_mb: resident memory.
        camera_trouble: why the camera has to be opened again, None while it delivers.
        refused: why the last reload of the configuration was refused, or None.
        failure: error that ended the daemon, or None.
        saving: folder to which every frame is written, or None.
    """

    state: str
    updated_ns: int
    uptime_s: float
    pid: int
    device: str
    source: str = ""
    model: str = ""
    runtime: str = ""
    accelerator: str = ""
    captured_fps: float = 0.0
    processed_fps: float = 0.0
    skipped_fps: float = 0.0
    captured: int = 0
    processed: int = 0
    skipped: int = 0
    reopened: int = 0
    corrupt: int = 0
    stale: int = 0
    identical: int = 0
    with_face: int = 0
    face: bool = False
    attention: str | None = None
    latency_ms: tuple[float, float] | None = None
    stages_ms: dict[str, float] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    temperature_c: float | None = None
    throttled: int | None = None
    memory_mb: float = 0.0
    sinks: tuple[SinkSnapshot, ...] = ()
    corrupt_fps: float = 0.0
    stale_fps: float = 0.0
    identical_fps: float = 0.0
    camera_trouble: str | None = None
    refused: str | None = None
    failure: str | None = None
    saving: str | None = None
    version: str = ""

    def sentence(self) -> str:
        """Return one line for people."""
        state = "waiting for the camera" if self.state == "waiting" else self.state
        parts = [f"{state}, {self.processed_fps:.0f} fps", "face" if self.face else "no face"]
        if self.temperature_c is not None:
            parts.append(f"{self.temperature_c:.0f} °C")
        parts += [f"degraded: {name}" for name in self.degraded]
        parts += [
            f"{sink.uri}: {sink.last_error}"
            for sink in self.sinks
            if not sink.connected and sink.last_error
        ]
        parts += [
            trouble for trouble in (self.camera_trouble, self.refused, self.failure) if trouble
        ]
        parts += [f"saving pictures to {self.saving}"] if self.saving else []
        return ", ".join(parts)
