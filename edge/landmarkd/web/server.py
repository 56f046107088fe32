"""A small web server on loopback: a page, the mesh, and frames as server-sent events."""

import json
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

from landmarkd.errors import UsageError
from landmarkd.layout import LAYOUTS, canonical_points, mesh_triangles
from landmarkd.local_http import LocalHandler, LocalServer
from landmarkd.web.html import digest, style
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.decoder import DecoderCounters
from landmarkd.wire.jsonl import encode_event, encode_record
from landmarkd.wire.restore import report_of

MAX_VIEWERS = 8
"""Maximum of open pages."""
MAX_SENDERS = 16
"""Maximum of senders for the page; if there are more, the least recent is dropped."""
SILENT_S = 10.0
"""A sender that was silent for longer is forgotten: a daemon that restarts has another UDP port."""
MAX_EVENTS = 50
"""Maximum of events kept for each sender; the page lists as many."""
POINTS_NS = 400_000_000
"""Points come at a lower rate than the state, and are valid for this long after their frame."""
PUSH_S = 1 / 30
"""Period of the frames for a page; the newest frame is sent."""
KEEPALIVE_S = 2.0


class _Frame(NamedTuple):
    """A frame as the body of a JSON object, and the count of posts to the board at its own."""

    version: int
    captured_ns: int
    body: str


@dataclass(slots=True)
class _Sender:
    """The newest frame of a sender, and what readers need of the frames that they skip."""

    heard_s: float
    newest: _Frame
    points: _Frame | None = None
    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))

    def since(self, version: int) -> Iterator[str]:
        """Yield the last frame with points, if it is another one, and the newest one."""
        newest, points = self.newest, self.points
        if newest.version <= version:
            return
        if (
            points is not None
            and version < points.version < newest.version
            and 0 <= newest.captured_ns - points.captured_ns < POINTS_NS
        ):
            yield f'{{"events":[],{points.body}}}'
        events = ",".join(text for at, text in self.events if at > version)
        yield f'{{"events":[{events}],{newest.body}}}'


class Board:
    """The newest frame of each sender, for any number of readers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._senders: dict[str, _Sender] = {}  # the least recent first
        self._version = 0
        self._owner: str | None = None
        self.viewers = 0
        self.closed = False

    def post(self, sender: str, record: FrameRecord, link: dict[str, Any]) -> None:
        """Show a frame, if its STATUS was received."""
        if record.status is None:
            return
        hello = record.hello
        shown = {"sender": sender, "model": hello.model if hello is not None else "", **link}
        body = f'"link":{json.dumps(shown)},"record":{encode_record(record, sender)}'
        events = _events(record)
        with self._changed:
            self._drop_silent()
            self._version += 1
            frame = _Frame(self._version, record.captured_ns, body)
            known = self._senders.pop(sender, None) or _Sender(0.0, frame)
            known.heard_s, known.newest = monotonic(), frame
            if record.points is not None:
                known.points = frame
            known.events.extend((self._version, event) for event in events)
            self._senders[sender] = known
            if self._owner not in self._senders:
                self._owner = sender
            if len(self._senders) > MAX_SENDERS:
                # Drop the least recent sender, but never the first one.
                del self._senders[next(name for name in self._senders if name != self._owner)]
            self._changed.notify_all()

    def newer(self, version: int, timeout_s: float) -> tuple[int, list[str]]:
        """Wait for a frame newer than `version`.

        Returns:
            The present version, and the messages for the page: the sender that was heard last comes
            first, and with its newest frame come the events of all frames since `version`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version > version or self.closed, timeout_s)
            self._drop_silent()
            recent = reversed(self._senders.values())
            return self._version, [text for sender in recent for text in sender.since(version)]

    def _drop_silent(self) -> None:
        since_s = monotonic() - SILENT_S
        for name in [name for name, known in self._senders.items() if known.heard_s < since_s]:
            del self._senders[name]

    def close(self) -> None:
        """Wake all readers, which then end."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def _events(record: FrameRecord) -> list[str]:
    report = report_of(record) if record.events else None
    if report is None or report.driver is None:
        return []
    return [encode_event(event) for event in report.driver.events]


class RateMeter:
    """Frames a second of each sender, over the last two seconds of the receiver."""

    WINDOW_S = 2.0

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def tick(self, sender: str) -> float:
        """Count a frame and return the rate, Hz."""
        now = monotonic()
        times = self._times.setdefault(sender, deque(maxlen=1000))
        self._times.move_to_end(sender)
        times.append(now)
        while now - times[0] > self.WINDOW_S:
            times.popleft()
        if len(self._times) > MAX_SENDERS:
            self._times.popitem(last=False)
        return (len(times) - 1) / (now - times[0]) if now > times[0] else 0.0


def link_state(counters: DecoderCounters, rate: float, record: FrameRecord) -> dict[str, Any]:
    """Return the data of the connection for the page."""
    status, hello = record.status, record.hello
    return {
        "hz": round(rate, 1),
        "missing": counters.missing,
        "rejected": counters.rejected,
        "bytes": counters.bytes,
        "latency_ms": status.latency if status is not None else None,
        "dropped": status.dropped if status is not None else None,
        "points_hz": status.points_hz if status is not None else None,
        "points_promised_hz": hello.points_hz if hello is not None else None,
    }


@lru_cache(maxsize=1)
def _page() -> tuple[bytes, str]:
    """Return the page and a policy that allows only the scripts and styles of the page."""
    text = Path(__file__).with_name("page.html").read_text()

    text = text.replace("/* style.css */", style())

    def allowed(tag: str) -> str:
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        return " ".join(map(digest, bodies))

    rules = (
        f"default-src 'none'; connect-src 'self'; script-src {allowed('script')}; "
        f"style-src {allowed('style')}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return text.encode(), rules


@lru_cache(maxsize=1)
def _mesh() -> bytes:
    layout = LAYOUTS["landmarkd-562"]
    points = canonical_points(layout).round(2).tolist()
    lids, irises = (layout.right_lid, layout.left_lid), (layout.right_iris, layout.left_iris)
    mesh = {
        "triangles": mesh_triangles().tolist(),
        "canonical": points,
        "lids": [indices.tolist() for indices in lids if indices is not None],
        "irises": [indices.tolist() for indices in irises if indices is not None],
        "mouth": layout.ibug68[60:68].tolist(),
    }
    return json.dumps(mesh, separators=(",", ":")).encode()


class _Handler(LocalHandler):
    server: "ViewServer"

    def get(self) -> None:
        """Serve the page, the mesh or the stream."""
        if self.path == "/":
            page, policy = _page()
            self.answer(HTTPStatus.OK, "text/html; charset=utf-8", page, policy)
        elif self.path == "/mesh.json":
            self.answer(HTTPStatus.OK, "application/json", _mesh())
        elif self.path == "/frames":
            self._stream()
        else:
            self.answer(HTTPStatus.NOT_FOUND, "text/plain", b"Nothing here; ask for /.\n")

    def _stream(self) -> None:
        board = self.server.board
        if board.viewers >= MAX_VIEWERS:
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"Too many pages are open.\n")
            return
        board.viewers += 1
        try:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            self._push(board)
        except OSError:
            pass  # the page was closed
        finally:
            board.viewers -= 1
            self.close_connection = True

    def _push(self, board: Board) -> None:
        version = 0
        while not board.closed:
            version, frames = board.newer(version, KEEPALIVE_S)
            lines = "".join(f"data: {text}\n\n" for text in frames) or ": nothing new\n\n"
            self.wfile.write(lines.encode())
            sleep(PUSH_S)


class ViewServer(LocalServer):
    """Serves a board on loopback until it is closed.

    Attributes:
        board: the shown frames.
        url: of the page.
    """

    def __init__(self, port: int) -> None:
        """Bind the port; 0 lets the system choose.

        Raises:
            UsageError: the port is in use.
        """
        self.board = Board()
        try:
            super().__init__(port, _Handler, "view")
        except OSError as error:
            raise UsageError(
                f"Port {port} cannot be used ({error.strerror}); choose another with --port."
            ) from error
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"

    def close(self) -> None:
        """Stop serving."""
        self.board.close()
        super().close()
