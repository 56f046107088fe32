"""Numbers for Prometheus on a port of the loopback interface, if configured."""

import math
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from landmarkd.daemon.snapshot import STATES, Snapshot
from landmarkd.errors import SourceBusyError
from landmarkd.local_http import LocalHandler, LocalServer


class Metrics(Collector):
    """Serves the newest snapshot on a port of the loopback interface.

    Raises:
        SourceBusyError: the port is in use.
    """

    def __init__(self, port: int) -> None:
        self._snapshot: Snapshot | None = None
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server = _MetricsServer(port, registry)
        except OSError as error:
            raise SourceBusyError(
                f"Port {port} for metrics cannot be opened: {error.strerror}; choose another."
            ) from error
        self._server.start()

    def publish(self, snapshot: Snapshot) -> None:
        """Take a snapshot. An answer is made from one snapshot, never from parts of two."""
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers of the newest snapshot; before the first one there are none."""
        now = self._snapshot
        if now is None:
            return
        kinds = ("captured", "processed", "skipped")
        yield _gauge(
            "frames_per_second",
            "Frames of the last second by their result",
            {kind: getattr(now, f"{kind}_fps") for kind in kinds},
            "kind",
        )
        yield _gauge(
            "frames_total",
            "Frames since the start by their result",
            {kind: getattr(now, kind) for kind in (*kinds, "with_face")},
            "kind",
        )
        yield _gauge(
            "faults_total",
            "Faults since the start",
            {kind: getattr(now, kind) for kind in ("reopened", "corrupt", "stale", "identical")},
            "kind",
        )
        stages = {stage: spent_ms / 1e3 for stage, spent_ms in now.stages_ms.items()}
        yield _gauge("stage_seconds", "Median time of a stage", stages, "stage")
        p50_p99 = [spent_ms / 1e3 for spent_ms in now.latency_ms or ()]
        latency = dict(zip(("0.5", "0.99"), p50_p99, strict=False))
        yield _gauge("latency_seconds", "From capture to result", latency, "quantile")
        yield _gauge("face", "1 while a face is tracked", {(): now.face})
        yield _gauge(
            "state",
            "1 for the present state of the camera",
            {state: now.state == state for state in STATES},
            "state",
        )
        degraded = len(now.degraded)
        yield _gauge("degraded", "Number of parts that run in a fallback", {(): degraded})
        known = now.temperature_c
        heat = math.nan if known is None else known
        yield _gauge("device_temperature_celsius", "Temperature of the CPU", {(): heat})
        yield _gauge("memory_bytes", "Resident memory", {(): now.memory_mb * 1e6})
        yield _gauge("uptime_seconds", "Time since the start of the pipeline", {(): now.uptime_s})
        sinks = dict(zip(_names(now), now.sinks, strict=True))
        yield _gauge(
            "sink_reports_total",
            "Reports by sink and result",
            {
                (name, kind): getattr(sink, kind)
                for name, sink in sinks.items()
                for kind in ("sent", "dropped", "reconnects")
            },
            "sink",
            "kind",
        )
        connected = {name: sink.connected for name, sink in sinks.items()}
        yield _gauge("sink_connected", "1 while the sink is connected", connected, "sink")

    def close(self) -> None:
        """Close the port."""
        self._server.close()


def _gauge(name: str, text: str, values: Mapping[Any, float], *labels: str) -> GaugeMetricFamily:
    """Return a gauge with a value for each label, or for each tuple of labels."""
    gauge = GaugeMetricFamily(f"landmarkd_{name}", text, labels=labels)
    for key, value in values.items():
        gauge.add_metric(key if isinstance(key, tuple) else (key,), value)
    return gauge


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
