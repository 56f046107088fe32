"""Messages to frames: collects STATUS, EVENT and the chunks of POINTS of each frame."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from landmarkd.enums import EventKind, EventPhase
from landmarkd.types import Array
from landmarkd.wire.codec import Packet
from landmarkd.wire.names import Selection, StatusFlag, member_of
from landmarkd.wire.schema import Bye, Event, Hello, Points, Status

EVENT_TIMEOUT_NS = 5_000_000_000
"""An active event without a repetition for this long has ended."""
MAX_POINTS = 4096
MAX_EVENTS = 64
"""Events, and phases of events, that are remembered of a sender; if there are more, the oldest is
dropped. A sender repeats half as many."""
RECENT = 64
"""Messages, and finished frames, that are remembered of a sender: what comes twice or late is of
one of them."""
_SELECTIONS = frozenset(Selection)


@dataclass(slots=True)
class FrameRecord:
    """The received messages of one frame.

    Attributes:
        frame: number of the frame at its source.
        captured_ns: capture time on the sender's clock.
        hello: the last HELLO of the sender, or None before the first.
        status: None if it was lost, or if the line is too slow for one with every frame.
        selection: which landmarks `points` are.
        points: (total, 3) float32, pixels, or None if none were sent or some were lost.
        events: phases that were heard for the first time, in this frame or in one before it without
            the state of the driver. They come with the next frame that has it; others have none.
        active: kinds of the active events, as far as received.
    """

    frame: int
    captured_ns: int
    hello: Hello | None = None
    status: Status | None = None
    selection: Selection = Selection.NONE
    points: Array | None = None
    events: tuple[Event, ...] = ()
    active: tuple[EventKind, ...] = ()


class Assembler:
    """Collects the messages of a frame until it is complete or the next frame begins.

    A message that comes twice changes nothing, and one of a frame that is finished does not finish
    another: the network may double and swap datagrams.
    """

    def __init__(self) -> None:
        self._hello: Hello | None = None
        self._record: FrameRecord | None = None
        self._points: Array = np.empty((0, 3), np.float32)
        self._chunks: set[int] = set()
        self._running: dict[int, tuple[EventKind, int]] = {}
        self._heard: dict[tuple[int, int, int, int], None] = {}
        self._new: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._recent: list[tuple[int, int, int, type] | None] = [None] * RECENT
        self._finished: deque[tuple[int, int]] = deque(maxlen=RECENT)

    def add(self, packet: Packet) -> list[FrameRecord]:
        """Return the frames that this message completes; HELLO and BYE make none."""
        done: list[FrameRecord] = []
        if self._passed(packet):
            return done
        message = packet.message
        if isinstance(message, Bye):
            done += self.flush()
            self._forget()
        if isinstance(message, Hello):
            if self._hello is not None and self._hello.boot_id != message.boot_id:
                done += self.flush()
                self._forget()
            self._hello = message
        if not isinstance(message, Status | Points | Event):
            return done
        record = self._record
        if record is not None and (record.frame, record.captured_ns) != (
            packet.frame,
            packet.captured_ns,
        ):
            done += self.flush()
            record = None
        if record is None:
            record = self._record = FrameRecord(packet.frame, packet.captured_ns, self._hello)
            self._chunks.clear()
        if isinstance(message, Status):
            record.status = message
            if record.points is not None or not self._points_follow(message):
                done += self.flush()
        elif isinstance(message, Event):
            self._event(message, record.captured_ns)
        elif self._complete(record, message) and record.status is not None:
            done += self.flush()
        return done

    def _passed(self, packet: Packet) -> bool:
        """Return whether a message has no frame to be added to, and take what else it says."""
        sequence, frame, captured_ns, message = packet
        if isinstance(message, Hello):
            return False  # it says the same each time
        head = (sequence, frame, captured_ns, type(message))
        if self._recent[sequence % RECENT] == head:
            return True
        self._recent[sequence % RECENT] = head
        # The frame of a camera that stands still has more than one STATUS.
        if isinstance(message, Status | Bye) or (frame, captured_ns) not in self._finished:
            return False
        if isinstance(message, Event):
            self._event(message, captured_ns)
        return True

    def flush(self) -> list[FrameRecord]:
        """Return the incomplete frame, if there is one."""
        record, self._record = self._record, None
        if record is None:
            return []
        self._finished.append((record.frame, record.captured_ns))
        record.active = self._active(record.captured_ns)
        if record.status is not None and record.status.flags & StatusFlag.DRIVER:
            record.events = tuple(self._new)
            self._new.clear()
        return [record]

    def _forget(self) -> None:
        """Forget the events of a run that ended; the next one counts its own from 1."""
        self._running.clear()
        self._heard.clear()
        self._new.clear()
        self._recent = [None] * RECENT
        self._finished.clear()

    def _points_follow(self, status: Status) -> bool:
        promised = self._hello is None or self._hello.selection != Selection.NONE
        return bool(status.flags & StatusFlag.FACE) and promised

    def _event(self, event: Event, now_ns: int) -> None:
        # The first message of a phase may be lost, and any may come twice: `repeat` says neither.
        phase = (event.id, event.phase, event.level, event.at_ns)
        if phase not in self._heard:
            self._new.append(event)
        self._heard.pop(phase, None)
        self._heard[phase] = None
        if len(self._heard) > MAX_EVENTS:
            del self._heard[next(iter(self._heard))]
        self._running.pop(event.id, None)
        if member_of(EventPhase, event.phase) is not EventPhase.END:
            self._running[event.id] = (member_of(EventKind, event.kind), now_ns)
        if len(self._running) > MAX_EVENTS:
            del self._running[next(iter(self._running))]

    def _active(self, now_ns: int) -> tuple[EventKind, ...]:
        for key, (_, heard_ns) in list(self._running.items()):
            if abs(now_ns - heard_ns) >= EVENT_TIMEOUT_NS:  # a late frame is a little older
                del self._running[key]
        return tuple(dict.fromkeys(kind for kind, _ in self._running.values()))

    def _complete(self, record: FrameRecord, chunk: Points) -> bool:
        if chunk.total > MAX_POINTS or chunk.selection not in _SELECTIONS:
            return False
        if not self._chunks:
            self._points = np.zeros((chunk.total, 3), np.float32)
        if len(self._points) != chunk.total or chunk.chunk in self._chunks:
            return False
        self._chunks.add(chunk.chunk)
        self._points[chunk.first : chunk.first + len(chunk.rows)] = chunk.pixels()
        if len(self._chunks) < chunk.chunks:
            return False
        record.selection, record.points = Selection(chunk.selection), self._points
        return True
