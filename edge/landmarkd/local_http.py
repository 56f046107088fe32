"""An HTTP server for this machine only: on loopback, with limited connections."""

import re
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_CONNECTIONS = 32
"""Connections at the same time; more are closed at once."""
REQUEST_TIMEOUT_S = 10.0
"""After this time without a request, or without reading the answer, a connection is closed."""
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)


class LocalHandler(BaseHTTPRequestHandler):
    """Answers requests to the host name of this machine with the `get` of its subclass."""

    server: "LocalServer"
    timeout = REQUEST_TIMEOUT_S
    # One request per connection, complete within `REQUEST_TIMEOUT_S`.
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Check the host name of the request, then answer it."""
        self.server.asked(self.connection)
        # Another web page could map its own name to 127.0.0.1; the host name of the request shows
        # that.
        if _LOCAL.fullmatch(self.headers.get("Host", "")):
            self.get()
        else:
            self.answer(HTTPStatus.FORBIDDEN, "text/plain", b"Ask for 127.0.0.1.\n")

    def get(self) -> None:
        """Answer a request for `self.path`."""
        self.answer(HTTPStatus.NOT_FOUND, "text/plain", b"Nothing here.\n")

    def answer(
        self, status: HTTPStatus, kind: str, body: bytes, policy: str = "default-src 'none'"
    ) -> None:
        """Send a whole answer; `policy` is its Content-Security-Policy."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # http.server's name
        """Log nothing for each request."""


class LocalServer(ThreadingHTTPServer):
    """Serves on a port of the loopback interface until it is closed; port 0 is any free port.

    Attributes:
        free: how many more connections are allowed.

    Raises:
        OSError: the port is in use.
    """

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS
    allow_reuse_address = True

    def __init__(self, port: int, handler: type[LocalHandler], name: str) -> None:
        self.free = MAX_CONNECTIONS
        self._counting = threading.Lock()
        self._asking: dict[socket.socket, float] = {}
        super().__init__(("127.0.0.1", port), handler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.1,), name=name, daemon=True
        )

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on its own thread, or close it if there are too many."""
        with self._counting:
            full = self.free <= 0
            self.free -= not full
        if full:
            self.shutdown_request(request)
        else:
            self._asking[request] = time.monotonic() + REQUEST_TIMEOUT_S
            try:
                super().process_request(request, client_address)
            except RuntimeError:  # no more threads can be started
                self._done(request)
                self.shutdown_request(request)

    def asked(self, request: socket.socket) -> None:
        """Note that the request of a client is complete."""
        self._asking.pop(request, None)

    def service_actions(self) -> None:
        """Close connections whose request takes too long; `timeout` limits single bytes only."""
        now = time.monotonic()
        for request, until in list(self._asking.items()):
            if now > until:
                self._asking.pop(request, None)
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection; then another one may come."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._done(request)

    def _done(self, request: socket.socket) -> None:
        self.asked(request)
        with self._counting:
            self.free += 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing about a client that disconnected."""

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()
        self._thread.join(1.0)
