"""Where reports go: dumb pipes with reconnect."""

from edge import registry
from edge.sinks.base import Sink, SinkStatistics
from edge.types import Session
from edge.uri import parse_uri

ENTRY_POINTS = "landmarkd.sinks"
SINKS = {
    "udp": "edge.sinks.udp:UdpSink",
    "serial": "edge.sinks.serial:SerialSink",
    "jsonl": "edge.sinks.jsonl:JsonlSink",
    "lmk": "edge.sinks.lmk:LmkSink",
    "opentrack": "edge.sinks.opentrack:OpentrackSink",
    "osc": "edge.sinks.osc:OscSink",
    "mqtt": "edge.sinks.mqtt:MqttSink",
    "hook": "edge.daemon.alerts:HookSink",
    "gpio": "edge.daemon.alerts:GpioSink",
}

__all__ = ["ENTRY_POINTS", "SINKS", "Sink", "SinkStatistics", "make_sink"]


def make_sink(uri: str, session: Session) -> Sink:
    """Return the sink that `uri` names, not yet started.

    Args:
        uri: for example ``udp://192.168.1.20:5005?points=68``.
        session: what stays the same for this run of the daemon.

    Raises:
        UsageError: unknown scheme or options, or what does not fit the line.
        MissingPackageError: a package that the sink needs is missing.
    """
    parsed = parse_uri(uri, registry.names(SINKS, ENTRY_POINTS))
    sink: Sink = registry.load(SINKS, ENTRY_POINTS, parsed.scheme)(parsed, session)
    return sink
