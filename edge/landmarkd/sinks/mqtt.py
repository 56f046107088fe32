"""MQTT: state and events as JSON on a broker, for many devices and the dashboards that exist.

Topics, DEVICE being the unit's name:

- ``landmarkd/DEVICE/state``: "online" or "offline", retained; the broker itself says "offline" when
the unit dies.
- ``landmarkd/DEVICE/status``: the last state without points, retained, QoS 0, a few times a second
at most.
- ``landmarkd/DEVICE/event``: each phase of each driver event, QoS 1.
"""

import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from landmarkd.errors import AccessError, SinkError, UsageError
from landmarkd.sinks.worker import Formatter, QueuedSink, Transport
from landmarkd.types import Report, Session
from landmarkd.uri import Uri
from landmarkd.wire.encoder import Pace
from landmarkd.wire.jsonl import encode_event, encode_state

PORT, TLS_PORT = 1883, 8883
KEEPALIVE_S = 10
"""The broker publishes the last will when it has heard nothing for one and a half times this."""
CONNECT_TIMEOUT_S = 5.0
GOODBYE_TIMEOUT_S = 1.0
QUEUED_MESSAGES = 100
"""Events that wait for the broker's receipt at most."""


class Publication(NamedTuple):
    """One message for the broker."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class MqttFormatter(Formatter[Publication]):
    """States at a limited rate, events at once."""

    def __init__(self, prefix: str, hertz: float) -> None:
        self.promised = f"state up to {hertz:g} times a second and every event, under {prefix}"
        self._prefix = prefix
        self._pace = Pace(hertz)
        self._attention: tuple[bool, str] | None = None

    def format(self, report: Report, dropped: int) -> Sequence[Publication]:
        """Return the events of a report, and its state if it is due or changed."""
        del dropped
        driver = report.driver
        events = driver.events if driver is not None else ()
        out = [
            Publication(f"{self._prefix}/event", encode_event(event).encode(), qos=1)
            for event in events
        ]
        attention = (report.face is not None, driver.attention if driver is not None else "")
        if self._pace.due(report.captured_ns) or attention != self._attention:
            self._attention = attention
            out.append(
                Publication(f"{self._prefix}/status", encode_state(report).encode(), retain=True)
            )
        self.messages += len(out)
        return out


class MqttTransport(Transport[Publication]):
    """A connection to a broker."""

    def __init__(self, host: str, port: int, prefix: str, **login: str | None) -> None:
        self._host, self._port, self._prefix, self._login = host, port, prefix, login
        self._client: paho.Client | None = None

    def open(self) -> None:
        """Connect, say that we are online, and leave a will that says otherwise.

        Raises:
            SinkError: the broker refuses.
            OSError: it cannot be reached.
        """
        self.close()
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self._login.get("id") or "")
        client.max_queued_messages_set(QUEUED_MESSAGES)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.will_set(f"{self._prefix}/state", b"offline", qos=1, retain=True)
        if self._login.get("user"):
            client.username_pw_set(self._login["user"], self._login.get("password"))
        if self._login.get("tls") == "yes":
            client.tls_set_context(ssl.create_default_context(cafile=self._login.get("ca")))
        answered, refusal = Event(), []

        def on_connect(
            client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: object
        ) -> None:
            if code.is_failure:
                refusal.append(str(code))
            else:
                client.publish(f"{self._prefix}/state", b"online", qos=1, retain=True)
            answered.set()

        client.on_connect = on_connect
        client.connect(self._host, self._port, KEEPALIVE_S)
        client.loop_start()
        self._client = client
        if not answered.wait(CONNECT_TIMEOUT_S) or refusal:
            self._drop(client)
            raise SinkError(
                f"the broker {self._host} refuses: {refusal[0] if refusal else 'no answer'}"
            )

    def send(self, pieces: Sequence[Publication]) -> int:
        """Hand the messages to the client; raises OSError when the connection is lost."""
        client = self._client
        if client is None or not client.is_connected():
            raise OSError("the connection to the broker was lost")
        for piece in pieces:
            client.publish(piece.topic, piece.payload, piece.qos, piece.retain)
        return sum(len(piece.payload) for piece in pieces)

    def close(self) -> None:
        """Say that we go, and go; after a loss just go."""
        client, self._client = self._client, None
        if client is None:
            return
        if client.is_connected():
            with suppress(ValueError, RuntimeError):
                client.publish(
                    f"{self._prefix}/state", b"offline", 1, retain=True
                ).wait_for_publish(GOODBYE_TIMEOUT_S)
        self._drop(client)

    def _drop(self, client: paho.Client) -> None:
        self._client = None
        client.disconnect()
        client.loop_stop()


class MqttSink(QueuedSink[Publication]):
    """``mqtt://host:port?hz=2&topic=landmarkd/NAME&user=U&password=FILE&tls=yes&ca=FILE``."""

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"hz", "topic", "user", "password", "tls", "ca"})
        if not uri.host or uri.path not in {"", "/"}:
            raise UsageError(f"{uri.text}: use mqtt://HOST:PORT, for example mqtt://broker.local.")
        prefix = uri.options.get("topic") or f"landmarkd/{topic_level(session.device)}"
        if any(character in prefix for character in "#+\0"):
            raise UsageError(f"{uri.text}: a topic to publish to has no '#' or '+'.")
        tls = uri.boolean("tls", False)
        transport = MqttTransport(
            uri.host,
            uri.port or (TLS_PORT if tls else PORT),
            prefix,
            user=uri.options.get("user"),
            password=read_secret(uri.options["password"]) if "password" in uri.options else None,
            tls="yes" if tls else None,
            ca=uri.options.get("ca"),
        )
        super().__init__(uri.text, MqttFormatter(prefix, uri.integer("hz", 2, 1, 60)), transport)


def topic_level(name: str) -> str:
    """Return a name as one level of a topic."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name) or "unnamed"


def read_secret(path: str) -> str:
    """Return the first line of a file that only its owner may read.

    Raises:
        UsageError: it cannot be read.
        AccessError: others may read it too.
    """
    try:
        mode = Path(path).stat().st_mode
        text = Path(path).read_text().partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the secret cannot be read: {error}.") from error
    if mode & 0o077:
        raise AccessError(f"{path}: others may read this secret; chmod 600 {path}")
    return text
