"""Which driver events are due on the wire: each phase is repeated until the next one."""

from landmarkd.enums import EventKind, EventPhase
from landmarkd.types import DriverEvent, DriverState
from landmarkd.wire.names import numbers
from landmarkd.wire.schema import Event

REPEAT_NS = 1_000_000_000
"""Period of the repetition, so that one lost datagram loses no alarm."""
END_REPEATS = 3
"""The end of an event is sent this many times."""
MAX_RUNNING = 32
"""Events that are repeated; if there are more, the oldest is dropped."""

_KINDS, _PHASES = numbers(EventKind), numbers(EventPhase)


class EventRepeater:
    """Stores the last phase of every event that still has to be sent."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[DriverEvent, int, int]] = {}

    def due(self, driver: DriverState, now_ns: int, *, repeat: bool = True) -> list[Event]:
        """Return the messages due at this frame: new phases at once, others once a second.

        Without `repeat`, those that were sent before wait.
        """
        for event in driver.events:
            self._running.pop(event.id, None)
            self._running[event.id] = (event, 0, now_ns)
        while len(self._running) > MAX_RUNNING:
            del self._running[next(iter(self._running))]
        messages = []
        for event, times, due_ns in list(self._running.values()):
            # A time that is further back is that of a clock that started again.
            if 0 < due_ns - now_ns <= 2 * REPEAT_NS or (times and not repeat):
                continue
            messages.append(_message(event, times))
            over = event.phase is EventPhase.END or event.kind not in driver.active
            if over and times + 1 >= END_REPEATS:
                del self._running[event.id]
            else:
                self._running[event.id] = (event, times + 1, now_ns + REPEAT_NS)
        return messages


def _message(event: DriverEvent, times: int) -> Event:
    return Event(
        id=event.id,
        began_ns=event.began_ns,
        at_ns=event.at_ns,
        kind=_KINDS.get(event.kind, 0),
        phase=_PHASES[event.phase],
        level=event.level,
        repeat=times,
        rows=tuple(event.evidence.items()),
    )
