"""Reports to messages: which messages are sent for each frame."""

from dataclasses import dataclass
from typing import Any

from landmarkd.enums import ClockQuality
from landmarkd.types import FaceReport, Intrinsics, Report, Session, UtcOffset
from landmarkd.wire.chunks import PointChunks
from landmarkd.wire.codec import Packet, encode_packet
from landmarkd.wire.events import EventRepeater
from landmarkd.wire.framing import FRAMING_BYTES
from landmarkd.wire.names import Selection, numbers
from landmarkd.wire.schema import Bye, Hello, Message
from landmarkd.wire.selection import indices_of
from landmarkd.wire.status import status_of

HELLO_PERIOD_NS = 2_000_000_000
"""Period of HELLO, for receivers that start later."""
MAX_DATAGRAM = 1400
"""Bytes of a message in a datagram; small enough for usual networks, to avoid fragments."""
_RATE_WINDOW_NS = 1_000_000_000
LATE_S = 0.25
"""STATUS and repeated EVENT wait on a line that needs longer than this for what was sent before: at
9600 baud a driver who blinks would fill the buffer of the kernel, and all would arrive seconds
late."""


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """Content of a stream.

    Attributes:
        selection: landmarks to send.
        points_hz: complete sets of points per second, 0 for every frame with a STATUS; points come
            only with a STATUS.
        status_hz: maximum of STATUS per second, 0 for every frame.
        raw: send the unsmoothed points.
        max_message: maximum bytes of a message, before framing.
        line_bytes_s: bytes a second that a serial line carries beside the points, 0 for no limit.
            STATUS and repeated EVENT wait while more is under way, so that nothing comes late.
    """

    selection: Selection = Selection.ALL
    points_hz: float = 0.0
    status_hz: float = 0.0
    raw: bool = False
    max_message: int = MAX_DATAGRAM
    line_bytes_s: float = 0.0


class Backlog:
    """Bytes that a line still has to carry, by the time of the frames."""

    def __init__(self, bytes_s: float) -> None:
        self._bytes_s, self._bytes, self._last_ns = bytes_s, 0.0, 0

    def late(self, now_ns: int) -> bool:
        """Return whether what is sent now would arrive late."""
        carried = self._bytes_s * max(0, now_ns - self._last_ns) / 1e9
        self._bytes, self._last_ns = max(0.0, self._bytes - carried), now_ns
        return self._bytes > self._bytes_s * LATE_S

    def add(self, messages: list[bytes]) -> None:
        """Count messages that are sent now."""
        self._bytes += sum(map(len, messages)) + FRAMING_BYTES * len(messages)


class Pace:
    """Decides when something with a rate in hertz is due; 0 means always."""

    def __init__(self, hertz: float) -> None:
        self._period = 1e9 / hertz if hertz else 0.0
        self._next: float | None = None
        self._last_ns = 0

    def due(self, now_ns: int) -> bool:
        """Return whether it is due at this frame, and count it as done if it is."""
        if not self._period:
            return True
        if self._next is None or not -2 * self._period < now_ns - self._next < 2 * self._period:
            # The first frame, or a clock that jumped: start over from here.
            self._next = float(now_ns)
        # The frame nearest to the time: frames at this very rate come early and late by turns.
        between, self._last_ns = now_ns - self._last_ns, now_ns
        early = max(0.2 * self._period, min(between, self._period)) / 2
        if now_ns < self._next - early:
            return False
        self._next += self._period
        return True


class Encoder:
    """Makes the messages of one stream, in order and numbered, without framing or transport.

    Attributes:
        points_sent: complete sets of points since the start.
    """

    def __init__(self, session: Session, options: EncoderOptions | None = None) -> None:
        self.session = session
        self.options = options or EncoderOptions()
        self.points_sent = 0
        self._sequence = 0
        self._frame = 0
        self._captured_ns = self._paced_ns = 0
        known = session.intrinsics
        self._camera: tuple[int, int, Intrinsics | None] = (0, 0, None)
        if known is not None:
            self._camera = (known.width, known.height, known)
        self._utc: UtcOffset | None = None
        self._hello_ns: int | None = None
        self._events = EventRepeater()
        self._untold: Report | None = None
        self._status_pace = Pace(self.options.status_hz)
        self._points_pace = Pace(self.options.points_hz)
        line_bytes_s = self.options.line_bytes_s
        self._backlog = Backlog(line_bytes_s) if line_bytes_s else None
        self._window = [0, 0.0]
        self._window_ns: int | None = None
        indices = indices_of(self.options.selection, session.layout)
        self._indices = None if self.options.selection is Selection.ALL else indices
        self._count = len(indices)
        self._chunks = PointChunks(
            self.options.selection, max(1, self._count), self.options.max_message, self.options.raw
        )

    def encode(self, report: Report, dropped: int = 0) -> list[bytes]:
        """Return the messages for this frame, in the order HELLO, EVENT, STATUS, POINTS, if due.

        Args:
            report: the frame's result, with or without a face.
            dropped: reports that this stream has dropped so far.
        """
        self._frame, self._captured_ns = report.sequence, report.captured_ns
        now = self._paced_ns = report.paced_ns
        # Known from the first frame on; they change with the size of the picture.
        camera = (report.width, report.height, report.intrinsics or self._camera[2])
        changed, self._camera = camera != self._camera, camera
        self._utc = report.utc or self._utc
        messages = []
        if changed or self._hello_ns is None or abs(now - self._hello_ns) >= HELLO_PERIOD_NS:
            messages.append(self.hello())
        free = self._backlog is None or not self._backlog.late(now)
        events = []
        if report.driver is not None:
            events = self._events.due(report.driver, now, repeat=free)
            messages += map(self._encode, events)
        told = free and self._status_pace.due(now)
        self._untold = report if not told and (events or self._untold is not None) else None
        if told:
            messages.append(self._encode(status_of(report, dropped, self._points_rate(now))))
        if self._backlog is not None:
            self._backlog.add(messages)
        face = report.face
        if told and face is not None and self._count and self._points_pace.due(now):
            messages += self._points(face)
            self.points_sent += 1
            self._window[0] += 1
        return messages

    def hello(self) -> bytes:
        """Return a HELLO, which also shows that the sender runs without frames."""
        self._hello_ns = self._paced_ns
        session, options, utc = self.session, self.options, self._utc
        width, height, camera = self._camera
        optics: dict[str, Any] = {}
        if camera is not None:
            optics = {name: getattr(camera, name) for name in ("fx", "fy", "cx", "cy")}
            optics |= zip(("k1", "k2", "p1", "p2", "k3"), camera.distortion, strict=True)
            optics |= {"camera": camera.origin, "distorted": int(any(camera.distortion))}
        return self._encode(
            Hello(
                boot_id=session.boot_id & (1 << 64) - 1,
                device=session.device,
                model=session.model,
                model_hash=bytes.fromhex(session.model_sha256[:16]).ljust(8, b"\0"),
                layout=session.layout,
                landmarks=session.count,
                width=width,
                height=height,
                selection=options.selection,
                points_hz=options.points_hz,
                status_hz=options.status_hz,
                release=session.version,
                utc_offset_ns=None if utc is None else utc.offset_ns,
                clock=0 if utc is None else numbers(ClockQuality)[utc.quality],
                **optics,
            )
        )

    def untold(self, dropped: int = 0) -> list[bytes]:
        """Return the STATUS of the last frame if an EVENT was sent after the last STATUS.

        It goes before the BYE: a receiver gives events with the state of the driver, see
        `Assembler`.
        """
        report, self._untold = self._untold, None
        if report is None:
            return []
        return [self._encode(status_of(report, dropped, self._points_rate(self._paced_ns)))]

    def bye(self, frames: int = 0, dropped: int = 0) -> bytes:
        """Return the message for a stop on purpose."""
        return self._encode(Bye(frames, dropped))

    def _encode(self, message: Message) -> bytes:
        data = encode_packet(Packet(self._sequence, self._frame, self._captured_ns, message))
        self._sequence += 1
        return data

    @property
    def points_rate(self) -> float:
        """Complete sets of points in the last second."""
        return self._window[1]

    def _points_rate(self, now: int) -> float:
        if self._window_ns is None or not 0 <= now - self._window_ns < 2 * _RATE_WINDOW_NS:
            self._window, self._window_ns = [0, 0.0], now
        elapsed = now - self._window_ns
        if elapsed >= _RATE_WINDOW_NS:
            self._window, self._window_ns = [0, self._window[0] * 1e9 / elapsed], now
        return self._window[1]

    def _points(self, face: FaceReport) -> list[bytes]:
        points = face.observation.points if self.options.raw else face.points
        if not len(points):
            return []  # a replayed stream that carried none
        if len(points) != self.session.count:
            raise ValueError(
                f"{len(points)} points in a stream of the layout {self.session.layout}"
            )
        if self._indices is not None:
            points = points[self._indices]
        messages = self._chunks.encode(
            points, face.box, self._sequence, self._frame, self._captured_ns
        )
        self._sequence += len(messages)
        return messages
