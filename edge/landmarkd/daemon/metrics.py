"""Numbers for Prometheus on a port of the loopback interface, if configured."""

import math
from http import HTTPStatus

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from landmarkd.daemon.snapshot import Snapshot
from landmarkd.errors import SourceBusyError
from landmarkd.local_http import LocalHandler, LocalServer


class Metrics:
    """Serves the newest snapshot on a port of the loopback interface.

    Raises:
        SourceBusyError: the port is in use.
    """

    def __init__(self, port: int) -> None:
        registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"landmarkd_{name}", text, labels, registry=registry)

        self._rates = gauge(
            "frames_per_second", "Frames of the last second by their result", "kind"
        )
        self._totals = gauge("frames_total", "Frames since the start by their result", "kind")
        self._faults = gauge("faults_total", "Faults since the start", "kind")
        self._stages = gauge("stage_seconds", "Median time of a stage", "stage")
        self._latency = gauge("latency_seconds", "From capture to result", "quantile")
        self._face = gauge("face", "1 while a face is tracked")
        self._state = gauge("state", "1 for the present state of the camera", "state")
        self._degraded = gauge("degraded", "Number of parts that run in a fallback")
        self._temperature = gauge("device_temperature_celsius", "Temperature of the CPU")
        self._memory = gauge("memory_bytes", "Resident memory")
        self._uptime = gauge("uptime_seconds", "Time since the start of the pipeline")
        self._sinks = gauge("sink_reports_total", "Reports by sink and result", "sink", "kind")
        self._connected = gauge("sink_connected", "1 while the sink is connected", "sink")
        try:
            self._server = _MetricsServer(port, registry)
        except OSError as error:
            raise SourceBusyError(
                f"Port {port} for metrics cannot be opened: {error.strerror}; choose another."
            ) from error
        self._server.start()

    def publish(self, snapshot: Snapshot) -> None:
        """Take a snapshot."""
        for kind in ("captured", "processed", "skipped"):
            self._rates.labels(kind).set(getattr(snapshot, f"{kind}_fps"))
            self._totals.labels(kind).set(getattr(snapshot, kind))
        self._totals.labels("with_face").set(snapshot.with_face)
        for kind in ("reopened", "corrupt", "stale", "identical"):
            self._faults.labels(kind).set(getattr(snapshot, kind))
        # A reload may have removed stages and sinks: what is known of them is no longer true.
        for gauge in (self._stages, self._latency, self._connected, self._sinks):
            gauge.clear()
        for stage, spent_ms in snapshot.stages_ms.items():
            self._stages.labels(stage).set(spent_ms / 1e3)
        if snapshot.latency_ms is not None:
            for quantile, spent_ms in zip(("0.5", "0.99"), snapshot.latency_ms, strict=True):
                self._latency.labels(quantile).set(spent_ms / 1e3)
        self._face.set(snapshot.face)
        for state in ("running", "stalled", "reopening", "waiting", "stopped"):
            self._state.labels(state).set(snapshot.state == state)
        self._degraded.set(len(snapshot.degraded))
        known = snapshot.temperature_c
        self._temperature.set(math.nan if known is None else known)
        self._memory.set(snapshot.memory_mb * 1e6)
        self._uptime.set(snapshot.uptime_s)
        for name, sink in zip(_names(snapshot), snapshot.sinks, strict=True):
            self._connected.labels(name).set(sink.connected)
            for kind in ("sent", "dropped", "reconnects"):
                self._sinks.labels(name, kind).set(getattr(sink, kind))

    def close(self) -> None:
        """Close the port."""
        self._server.close()


def _names(snapshot: Snapshot) -> list[str]:
    """Return a name for each sink: its URI without the query, which may have the path of a key.

    The second sink of the same name ends with ``?2``, which no name without a query does.
    """
    names = [sink.uri.partition("?")[0] for sink in snapshot.sinks]
    numbers = [names[:place].count(name) + 1 for place, name in enumerate(names)]
    return [
        name if number == 1 else f"{name}?{number}"
        for name, number in zip(names, numbers, strict=True)
    ]


class _Handler(LocalHandler):
    server: "_MetricsServer"

    def get(self) -> None:
        if self.path not in {"/", "/metrics"}:
            super().get()
            return
        self.answer(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self.server.registry))


class _MetricsServer(LocalServer):
    def __init__(self, port: int, registry: CollectorRegistry) -> None:
        self.registry = registry
        super().__init__(port, _Handler, "metrics")
