"""The port for Prometheus, which a reload may open, move or close."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from landmarkd.daemon.snapshot import Snapshot

if TYPE_CHECKING:
    from landmarkd.daemon.metrics import Metrics


@dataclass(frozen=True, slots=True)
class MetricsPorts:
    """The open ports: that of the running service, and during a reload that of the next one.

    The port of a service stays open until another service publishes, because the next one may not
    start.
    """

    _open: "dict[int, Metrics]" = field(default_factory=dict)

    def open(self, port: int | None) -> "MetricsPort":
        """Return the publisher of a service; None closes the ports of other services.

        Raises:
            SourceBusyError: another program has the port.
        """
        if port is not None and port not in self._open:
            # Its library is slow to import, and few daemons have a port.
            from landmarkd.daemon.metrics import Metrics

            self._open[port] = Metrics(port)
        return MetricsPort(self, port)

    def publish(self, port: int | None, snapshot: Snapshot) -> None:
        """Serve a snapshot on a port alone."""
        for other in self._open.keys() - {port}:
            self._open.pop(other).close()
        if port is not None:
            self._open[port].publish(snapshot)


@dataclass(frozen=True, slots=True)
class MetricsPort:
    """Publishes the snapshots of one service.

    Attributes:
        ports: the open ports.
        port: of this service, or None.
    """

    ports: MetricsPorts
    port: int | None

    def publish(self, snapshot: Snapshot) -> None:
        """Serve a snapshot."""
        self.ports.publish(self.port, snapshot)
