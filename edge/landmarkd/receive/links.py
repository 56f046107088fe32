"""The receivers by scheme."""

from pathlib import Path

from landmarkd.receive.link import Link
from landmarkd.receive.recording import RecordingLink
from landmarkd.receive.serial import SerialLink
from landmarkd.receive.udp import UdpLink
from landmarkd.uri import Uri, parse_uri

LINKS: dict[str, type[RecordingLink] | type[SerialLink] | type[UdpLink]] = {
    "udp": UdpLink,
    "serial": SerialLink,
    "lmk": RecordingLink,
}


def make_link(uri: str | Path) -> Link:
    """Return a link, not yet open.

    Args:
        uri: ``udp://:5005``, ``serial:///dev/ttyUSB0``, the path of a device or of a recording.

    Raises:
        UsageError: anything else.
    """
    if isinstance(uri, Path):
        return RecordingLink(Uri(f"lmk:{uri}", "lmk", path=str(uri)))
    text = uri
    if uri.startswith("/dev/"):
        text = f"serial://{uri}"
    elif uri.endswith(".lmk") and not uri.startswith("lmk:"):
        text = f"lmk:{uri}"
    parsed = parse_uri(text, LINKS)
    return LINKS[parsed.scheme](parsed)
