"""The connection to an MQTT broker, with Eclipse paho."""

import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import SOCK_STREAM, socket
from threading import Event
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from landmarkd.errors import AccessError, SinkError, UsageError
from landmarkd.files import read_bounded, read_secret, reading
from landmarkd.sinks.parts import PieceError, Transport
from landmarkd.sinks.resolve import Address, Resolver
from landmarkd.uri import Uri

PORT, TLS_PORT = 1883, 8883
KEEPALIVE_S = 10
"""The broker publishes the will after 1.5 times this time without a message."""
CONNECT_TIMEOUT_S = 5.0
GOODBYE_TIMEOUT_S = 1.0
QUEUED_MESSAGES = 100
"""Maximum of events that wait for the receipt of the broker."""
MAX_INCOMING = 1 << 12
"""Maximum bytes of a packet from the broker: it only sends receipts, without subscriptions."""
MAX_CERTIFICATES = 1 << 22
MAX_TEXT = 65_000
"""Maximum bytes of a text in a URI: MQTT sends 65,535, with the rest of a topic."""
_POLL_S = 0.05


class Publication(NamedTuple):
    """One message for the broker; `wait` waits for its receipt."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """The broker and the login.

    Attributes:
        host, port: of the broker.
        client_id: the same for every connection of this unit, so that the broker ends an older
            connection and publishes its will before it accepts the new one.
        user, password: None if the broker needs none.
        tls: encryption, or None.
    """

    host: str
    port: int
    client_id: str
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


def mqtt_text(uri: Uri, name: str, text: str) -> str:
    """Return a text that MQTT can send; brokers end a connection after others.

    Raises:
        UsageError: it has characters that are not printable, or is too long.
    """
    if not text.isprintable() or len(text.encode()) > MAX_TEXT:
        raise UsageError(
            f"{uri.text}: {name} needs printable characters, and at most {MAX_TEXT} bytes."
        )
    return text


def login_of(uri: Uri, client_id: str) -> Login:
    """Return the broker and the login in a URI.

    Raises:
        UsageError: options that cannot be combined, files that cannot be used.
        AccessError: other users may read the password or the key, or this user may not read a file.
    """
    options = uri.options
    secrets = {"password", "password_file", "ca", "cert"} & options.keys()
    tls = uri.boolean("tls", bool(secrets))
    if not tls and {"ca", "cert"} & options.keys():
        raise UsageError(f"{uri.text}: ca and cert are for TLS; leave tls=no out.")
    if {"password", "password_file"} & options.keys() and "user" not in options:
        raise UsageError(f"{uri.text}: a password needs a name: user=NAME.")
    password = None
    for name in ("password_file", "password"):
        if name in options:
            password = _password(options[name], name)
    for name in {"id", "user"} & options.keys():
        mqtt_text(uri, name, options[name])
    return Login(
        uri.host or "",
        uri.port or (TLS_PORT if tls else PORT),
        options.get("id") or client_id,
        options.get("user"),
        password,
        _context(uri) if tls else None,
    )


def _context(uri: Uri) -> ssl.SSLContext:
    options = uri.options
    private = options.get("key", options.get("cert"))  # without key=, it is beside the certificate
    for name in ("ca", "cert", "key"):
        if name not in options:
            continue
        path = Path(options[name])
        with reading(path, UsageError, "it cannot be used"):  # OpenSSL waits for a pipe
            (read_secret if options[name] == private else read_bounded)(path, MAX_CERTIFICATES)
    try:
        context = ssl.create_default_context(cafile=options.get("ca"))
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{uri.text}: ca, cert or key cannot be used: {reason}.") from error
    return context


def _password(path: str, option: str) -> str:
    """Return the first line of a secret file; an error does not repeat `path`, perhaps the secret.

    Raises:
        UsageError: it cannot be read.
        AccessError: other users may read it too, or this user may not.
    """
    try:
        return read_secret(Path(path)).decode().partition("\n")[0].rstrip("\r")
    except AccessError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(
            f"{option}: the secret cannot be read: {reason}; put the password alone into a "
            "file of mode 600 and name it: password_file=/etc/landmarkd/mqtt."
        ) from error


class _Client(paho.Client):
    """The client of paho, with addresses from the resolver and a limit for received packets."""

    addresses: Sequence[Address]
    tls: ssl.SSLContext | None = None

    def _create_socket_connection(self) -> socket:
        link = self._connect_any()
        try:
            # Not by paho, which leaves the socket open if the handshake fails.
            return self.tls.wrap_socket(link, server_hostname=self.host) if self.tls else link
        except BaseException:
            link.close()
            raise

    def _connect_any(self) -> socket:
        """Return a connection to the first address that accepts one."""
        reason: OSError = ConnectionError(f"{self.host} has no address")
        for family, sockaddr in self.addresses:
            link = socket(family, SOCK_STREAM)
            try:
                link.settimeout(self.connect_timeout)
                link.connect(sockaddr)
            except OSError as error:
                link.close()
                reason = error
            else:
                return link
        raise reason

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_INCOMING:
            raise ConnectionError(f"the broker sends a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


class MqttTransport(Transport[Publication]):
    """A connection to a broker, with a will."""

    def __init__(self, login: Login, will: Publication) -> None:
        self._login, self._will = login, will
        self._resolver = Resolver(login.host, login.port, SOCK_STREAM)
        self._client: _Client | None = None

    def open(self) -> None:
        """Look up the broker and connect.

        Raises:
            SinkError: the broker refuses or does not answer.
            OSError: it cannot be reached.
        """
        self.close()
        login, will = self._login, self._will
        addresses = self._resolver.find(lambda: self.deadline)
        # It must not reconnect automatically, because a connection needs its first messages.
        client = _Client(
            CallbackAPIVersion.VERSION2, client_id=login.client_id, reconnect_on_failure=False
        )
        client.addresses, client.tls = addresses, login.tls
        client.max_queued_messages_set(QUEUED_MESSAGES)
        client.connect_timeout = self._patience(CONNECT_TIMEOUT_S)
        client.will_set(will.topic, will.payload, will.qos, will.retain)
        if login.user is not None:
            client.username_pw_set(login.user, login.password)
        answered, refusal = Event(), list[str]()

        def on_connect(
            _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: object
        ) -> None:
            if code.is_failure:
                refusal.append(str(code))
            answered.set()

        client.on_connect = on_connect
        try:
            client.connect(login.host, login.port, KEEPALIVE_S)
        except ssl.SSLError as error:
            raise SinkError(
                f"the broker {login.host}:{login.port} and we do not agree on TLS: "
                f"{error.reason or error}; is this its port for TLS, and the certificate right?"
            ) from error
        except ConnectionError as error:
            if login.tls is None:
                raise
            raise SinkError(
                f"the broker {login.host}:{login.port} gives no TLS: {error.strerror or error}; "
                "use its port for TLS, or tls=no, which anybody on the network can read"
            ) from error
        client.loop_start()
        self._client = client
        limit = time.monotonic() + CONNECT_TIMEOUT_S
        while not answered.wait(_POLL_S) and time.monotonic() < min(limit, self.deadline):
            pass
        if refusal or not answered.is_set():
            self._drop(client)
            reason = refusal[0] if refusal else "no answer"
            raise SinkError(f"the broker {login.host} refuses: {reason}")

    def _patience(self, seconds: float) -> float:
        return max(_POLL_S, min(seconds, self.deadline - time.monotonic()))

    def send(self, pieces: Sequence[Publication]) -> int:
        """Give the messages to the client.

        Raises:
            PieceError: too many messages wait for the receipt of the broker.
            OSError: the connection is lost.
        """
        client = self._client
        # paho closes the socket after an invalid packet, but still reports a connection.
        if client is None or client.socket() is None or not client.is_connected():
            raise OSError("the connection to the broker was lost")
        for piece in pieces:
            done = client.publish(piece.topic, piece.payload, piece.qos, piece.retain)
            if done.rc is MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                raise PieceError(f"{QUEUED_MESSAGES} events wait for the broker's receipt")
            if piece.wait:
                with suppress(ValueError, RuntimeError):
                    done.wait_for_publish(self._patience(GOODBYE_TIMEOUT_S))
        return sum(len(piece.payload) for piece in pieces)

    def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            self._drop(client)

    def _drop(self, client: paho.Client) -> None:
        self._client = None
        client.disconnect()
        client.loop_stop()
