"""Where reports go: each sink sends them and reconnects."""

from landmarkd import registry
from landmarkd.sinks.base import Sink, SinkStatistics, close_all
from landmarkd.types import Session
from landmarkd.uri import parse_uri

ENTRY_POINTS = "landmarkd.sinks"
SINKS = {
    "udp": "landmarkd.sinks.udp:UdpSink",
    "serial": "landmarkd.sinks.serial:SerialSink",
    "jsonl": "landmarkd.sinks.jsonl:JsonlSink",
    "csv": "landmarkd.sinks.csv_file:CsvSink",
    "lmk": "landmarkd.sinks.lmk:LmkSink",
    "opentrack": "landmarkd.sinks.opentrack:OpentrackSink",
    "osc": "landmarkd.sinks.osc:OscSink",
    "lsl": "landmarkd.sinks.lsl:LslSink",
    "mqtt": "landmarkd.sinks.mqtt:MqttSink",
    "hook": "landmarkd.sinks.hook:HookSink",
    "gpio": "landmarkd.sinks.gpio:GpioSink",
}

__all__ = ["ENTRY_POINTS", "SINKS", "Sink", "SinkStatistics", "close_all", "make_sink"]


def make_sink(uri: str, session: Session) -> Sink:
    """Return the sink that `uri` names, not yet started.

    Args:
        uri: for example ``udp://192.168.1.20:5005?points=68``.
        session: the constant data of this run of the daemon.

    Raises:
        UsageError: unknown scheme or options, or a plan that does not fit the line.
        MissingPackageError: a package that the sink needs is missing.
    """
    parsed = parse_uri(uri, registry.Names(SINKS, ENTRY_POINTS))
    sink: Sink = registry.load(SINKS, ENTRY_POINTS, parsed.scheme)(parsed, session)
    return sink
