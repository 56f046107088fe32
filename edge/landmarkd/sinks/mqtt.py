"""MQTT: state and events as JSON for a broker, for many devices and for dashboards.

Topics, where DEVICE is the name of the unit:

- ``landmarkd/DEVICE/state``: "online" or "offline", retained; the broker itself publishes "offline"
  when the unit dies.
- ``landmarkd/DEVICE/status``: the last state without points, retained, QoS 0, at most a few times a
  second.
- ``landmarkd/DEVICE/event``: each phase of each driver event, QoS 1.
- ``homeassistant/device/NAME/config``: discovery for Home Assistant, retained, if configured.
"""

from collections.abc import Sequence

from landmarkd.errors import UsageError
from landmarkd.sinks.homeassistant import discovery, identifier
from landmarkd.sinks.mqtt_transport import MqttTransport, Publication, login_of, mqtt_text
from landmarkd.sinks.parts import Formatter
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import Pace
from landmarkd.wire.jsonl import encode_event, encode_state

BIRTH_NS = 60_000_000_000
"""Period of "online", because a broker may deliver an old will late."""
ONLINE, OFFLINE = b"online", b"offline"


class MqttFormatter(Formatter[Publication]):
    """States at a limited rate, events at once; first and last messages of a connection.

    Args:
        prefix: of the topics.
        hertz: states a second.
        births: messages before "online" on each new connection.
    """

    def __init__(self, prefix: str, hertz: float, births: Sequence[Publication] = ()) -> None:
        self.promised = f"state up to {hertz:g} times a second and every event, under {prefix}"
        self._prefix, self._births = prefix, births
        self._pace = Pace(hertz)
        self._said_ns: int | None = None
        self._attention: tuple[bool, str] | None = None

    def format(self, report: Report, dropped: int) -> Sequence[Publication]:
        """Return the events of a report, and its state if it is due or changed."""
        driver = report.driver
        events = driver.events if driver is not None else ()
        out = [
            Publication(f"{self._prefix}/event", encode_event(event).encode(), qos=1)
            for event in events
        ]
        attention = (report.face is not None, driver.attention if driver is not None else "")
        if self._pace.due(report.paced_ns) or attention != self._attention:
            self._attention = attention
            state = encode_state(report).encode()
            out.append(Publication(f"{self._prefix}/status", state, retain=True))
        if self._said_ns is None:
            self._said_ns = report.paced_ns
        elif report.paced_ns - self._said_ns >= BIRTH_NS:
            self._said_ns = report.paced_ns
            out.append(self.birth(ONLINE))
        return out

    def connected(self) -> Sequence[Publication]:
        """Return the births and "online"."""
        self._said_ns = None
        return (*self._births, self.birth(ONLINE))

    def goodbye(self, dropped: int) -> Sequence[Publication]:
        """Return "offline", for an end on purpose; the will is for all other ends."""
        return (self.birth(OFFLINE)._replace(wait=True),)

    def birth(self, payload: bytes) -> Publication:
        """Return the message of the state."""
        return Publication(f"{self._prefix}/state", payload, qos=1, retain=True)


class MqttSink(QueuedSink[Publication]):
    """``mqtt://host:port?hz=2&topic=landmarkd/NAME&discovery=yes``, and the login.

    ``user=U&password_file=FILE&tls=yes&ca=FILE&cert=FILE&key=FILE&id=NAME``: a password, ``ca`` or
    ``cert`` imply TLS, unless ``tls=no`` is given; then anybody on the network can read the
    password.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({
            "hz", "topic", "discovery", "smoothing", "id",
            "user", "password_file", "password", "tls", "ca", "cert", "key",
        })  # fmt: skip
        if not uri.host or uri.path not in {"", "/"}:
            raise UsageError(f"{uri.text}: use mqtt://HOST:PORT, for example mqtt://broker.local.")
        default = f"landmarkd/{identifier(session.device)}"
        prefix = _prefix(uri, "topic", uri.options.get("topic") or default)
        wanted = uri.boolean_or_text("discovery", default=False)
        births = []
        if wanted is not False:
            root = "homeassistant" if wanted is True else _prefix(uri, "discovery", wanted)
            topic, payload = discovery(session, prefix, root)
            births = [Publication(topic, payload, qos=1, retain=True)]
        formatter = MqttFormatter(prefix, uri.integer("hz", 2, 1, 60), births)
        will = formatter.birth(OFFLINE)
        login = login_of(uri, f"landmarkd-{identifier(session.device)}")
        super().__init__(uri, formatter, MqttTransport(login, will))


def _prefix(uri: Uri, name: str, text: str) -> str:
    """Return the begin of topics to publish to.

    Raises:
        UsageError: no topic can begin so.
    """
    if not text or "#" in text or "+" in text:
        raise UsageError(
            f"{uri.text}: {name}: a topic to publish to is not empty, and has no '#' or '+'."
        )
    return mqtt_text(uri, name, text)
