"""From signals to attention: a small state machine for each concern, in seconds of frame time."""

from collections import deque
from dataclasses import dataclass, field

from landmarkd.enums import Attention, EventKind, EventPhase, Lids
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.blinks import BlinkDetector
from landmarkd.signals.closure import Judged
from landmarkd.signals.drowsiness import Drowsiness
from landmarkd.signals.slow import SpeedLimit
from landmarkd.signals.time_sharing import Looking, TimeSharing
from landmarkd.signals.timing import Concern, EventBook, Stage, nanoseconds
from landmarkd.types import DriverEvent, DriverState

YAWN_MEMORY_NS = nanoseconds(600)
_OPEN, _CLOSED, _ATTENTIVE = Lids.OPEN, Lids.CLOSED, Attention.ATTENTIVE
UNANSWERED_S = 3.0
"""A driver without a reaction to a warning for this time is unresponsive (Euro NCAP)."""


@dataclass(slots=True)
class Signals:
    """The signals of the driver in one frame; None is unknown.

    Made for each frame and read once, so it is not frozen, which would take three times as long.

    Attributes:
        face: whether there is a face; None if the camera shows nothing.
        blocked: whether the camera is covered or in the dark; None without a picture.
        lids: classification of the lids.
        blink: openness of both eyes relative to their usual openness, for the detection of blinks.
        least_shut: the same of the more open eye.
        eyes_trusted: whether the baselines are reliable.
        looking: direction class of the gaze, or of the head without irises.
        forward_trusted: whether the natural forward direction is known.
        mouth: openness of the mouth.
        eyes_covered, face_covered: whether these are not visible although the head faces the
            camera; None if it does not, or without a view of the face.
        speed_kmh: of the vehicle.
        yaw, pitch: of gaze or head from forward, degrees, for the evidence.
    """

    face: bool | None = None
    blocked: bool | None = None
    lids: Judged = field(default_factory=Judged)
    blink: float | None = None
    least_shut: float | None = None
    eyes_trusted: bool = False
    looking: Looking | None = None
    forward_trusted: bool = False
    mouth: float | None = None
    eyes_covered: bool | None = None
    face_covered: bool | None = None
    speed_kmh: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0


class Concerns:
    """All concerns of one driver."""

    def __init__(self, settings: DriverSettings) -> None:
        self._settings = settings
        self._book = book = EventBook()
        hold = settings.hold_s

        def concern(
            *stages: Stage, clear_s: float = hold, blip_s: float = settings.blip_s
        ) -> Concern:
            return Concern(
                stages,
                clear_s=clear_s,
                hold_s=hold,
                blip_s=blip_s,
                forget_s=settings.forget_s,
                book=book,
            )

        unresponsive = Stage(settings.unresponsive_s, EventKind.UNRESPONSIVE, 3)
        self._closure = concern(
            Stage(settings.microsleep_s, EventKind.MICROSLEEP, 2),
            Stage(settings.sleep_s, EventKind.SLEEP, 3),
            unresponsive,
            clear_s=settings.clear_s,
        )
        self._glance = concern(
            Stage(settings.long_distraction_s, EventKind.LONG_DISTRACTION, 2),
            unresponsive,
            clear_s=settings.clear_s,
        )
        self._sharing_time = TimeSharing(settings)
        # TimeSharing itself leaves noise and unknown times out.
        self._sharing = concern(Stage(0.0, EventKind.TIME_SHARING, 2), clear_s=0.0, blip_s=0.0)
        self._yawn = concern(
            Stage(settings.yawn_s, EventKind.YAWN, 0), clear_s=settings.mouth_clear_s
        )
        self._absent = concern(Stage(settings.absent_s, EventKind.NO_DRIVER, 2))
        self._blocked = concern(Stage(settings.blocked_s, EventKind.CAMERA_BLOCKED, 2))
        self._eyes_covered = concern(Stage(settings.covered_s, EventKind.EYES_COVERED, 1))
        self._face_covered = concern(Stage(settings.covered_s, EventKind.FACE_COVERED, 1))
        self._concerns = (
            self._closure,
            self._glance,
            self._sharing,
            self._absent,
            self._blocked,
            self._eyes_covered,
            self._face_covered,
            self._yawn,
        )
        self._blinks = BlinkDetector(settings, book)
        self._drowsiness = Drowsiness(settings, book)
        self._yawns: deque[int] = deque(maxlen=100)
        self._speed_kmh: float | None = None
        self._closure_limit = SpeedLimit(settings.eyes_min_speed_kmh)
        self._glance_limit = SpeedLimit(settings.distraction_min_speed_kmh)
        self._hold_ns, self._forget_ns = nanoseconds(hold), nanoseconds(settings.forget_s)
        self._last_looking: Looking | None = None
        self._looked_ns = self._faced_ns = 0
        self._known_ns: int | None = None

    @property
    def asleep(self) -> bool:
        """Whether a closure of the eyes is an active event."""
        return self._closure.active is not None

    @property
    def distracted(self) -> bool:
        """Whether a look away is an active event."""
        return self._glance.active is not None or self._sharing.active is not None

    def another_driver(self) -> None:
        """Reset the counts, because another person drives."""
        self._blinks = BlinkDetector(self._settings, self._book)
        self._drowsiness.reset()
        self._yawns.clear()

    def update(self, signals: Signals, time_ns: int) -> DriverState:
        """Add the signals of a frame and return the state after it.

        The frame must not be older than the last one.
        """
        lids, face = signals.lids, signals.face
        eyes = self._closed(signals, time_ns)
        eyes += self._blinks.update(
            signals.blink,
            time_ns,
            least_shut=signals.least_shut,
            closed=lids.closed,
            explained=lids.explained,
        )
        events = eyes + self._looking(signals, time_ns)
        for concern, condition in (
            (self._absent, None if face is None else not face),
            (self._blocked, signals.blocked),
            (self._eyes_covered, signals.eyes_covered if face else None),
            (self._face_covered, signals.face_covered if face else None),
        ):
            events += concern.update(condition, time_ns, {})
        events += self._mouth(signals, time_ns)
        drowsiness = self._drowsiness.update(
            lids.closed,
            time_ns,
            trusted=signals.eyes_trusted,
            eyes=eyes,
            yawns=len(self._yawns),
            slow=self._closure_limit.slow,
        )
        if self._closure_limit.slow and _over(drowsiness):
            self._yawns.clear()
        events += drowsiness
        state = lids.state
        if (
            state is _OPEN
            or state is _CLOSED
            or (signals.looking is not None and signals.forward_trusted)
        ):
            self._known_ns = time_ns
        if len(events) > 1:
            # The most severe event is first: it must not wait for a yawn.
            events.sort(key=lambda event: -event.level)
        return self._state(signals, time_ns, events)

    def _closed(self, signals: Signals, time_ns: int) -> list[DriverEvent]:
        lids = signals.lids
        closed = lids.closed
        silent = self._closure_limit.silent(closed, signals.speed_kmh)
        if lids.explained:
            # An explanation of shut lids neither ends nor starts an alarm: the time starts again.
            self._closure.drop()
            return []
        if silent:
            # Also where the lids are unknown: a running alarm would go on in a car that stands.
            closed = False
        events = self._closure.update(closed, time_ns, lids.evidence)
        if _over(events):
            self._closure_limit.ended()
        return events

    def _looking(self, signals: Signals, time_ns: int) -> list[DriverEvent]:
        if signals.speed_kmh != self._speed_kmh:
            self._retime(signals.speed_kmh)
        looking: Looking | None = signals.looking
        if signals.face is not None:
            since_ns = time_ns - self._faced_ns
            if time_ns - self._looked_ns > self._hold_ns or since_ns >= self._forget_ns:
                self._last_looking = None
            self._looked_ns = time_ns
        if signals.face:
            self._faced_ns = time_ns
            self._last_looking = looking or self._last_looking
        elif signals.face is False and self._last_looking != "road":
            # A head that turned away until no face was found does not look at the road.
            looking = self._last_looking
        away = None if looking is None else looking != "road"
        if self._glance_limit.silent(away, signals.speed_kmh):
            looking = "road"
        elif not signals.forward_trusted:
            looking = looking and "road"
        # A head that is out of sight lets an event begin, but does not show that it goes on.
        gone = signals.face is False and looking != "road"
        unknown = looking is None or (gone and self._glance.active is not None)
        evidence = {"yaw": signals.yaw, "pitch": signals.pitch}
        events = self._glance.update(None if unknown else looking != "road", time_ns, evidence)
        looking = None if gone and self._sharing_time.active else looking
        sharing = self._sharing_time.update(looking, time_ns)
        events += self._sharing.update(sharing, time_ns, {"away_s": self._sharing_time.away_s})
        if _over(events):
            self._glance_limit.ended()
        return events

    def _retime(self, speed_kmh: float) -> None:
        """Set the allowed duration of a glance at this speed."""
        self._speed_kmh = speed_kmh
        limit_s = self._settings.glance_s(speed_kmh)
        self._glance.retime(0, limit_s)
        self._glance.retime(1, max(self._settings.unresponsive_s, limit_s + UNANSWERED_S))

    def _mouth(self, signals: Signals, time_ns: int) -> list[DriverEvent]:
        mouth = signals.mouth
        wide = None if mouth is None else mouth >= self._settings.mouth_wide
        events = self._yawn.update(wide, time_ns, {} if mouth is None else {"openness": mouth})
        self._yawns.extend([event.at_ns for event in events if event.phase is EventPhase.BEGIN])
        while self._yawns and time_ns - self._yawns[0] > YAWN_MEMORY_NS:
            self._yawns.popleft()
        return events

    def _state(self, signals: Signals, time_ns: int, events: list[DriverEvent]) -> DriverState:
        drowsiness = self._drowsiness
        active = [concern.active for concern in self._concerns if concern.active is not None]
        if drowsiness.stage is not None:
            active.append(drowsiness.stage)
        return DriverState(
            self._attention(time_ns),
            max([stage.level for stage in active]) if active else 0,
            not (signals.eyes_trusted and signals.forward_trusted),
            drowsiness.perclos,
            drowsiness.level,
            signals.mouth,
            tuple([stage.kind for stage in active]) if active else (),
            tuple(events),
            signals.lids.state,
            drowsiness.score(len(self._yawns), time_ns),
            drowsiness.rates(time_ns),
        )

    def _attention(self, time_ns: int) -> Attention:  # noqa: PLR0911 - the order decides
        closure, glance = self._closure.active, self._glance.active
        if self._blocked.active is not None:
            return Attention.BLOCKED
        if closure is not None or glance is not None:
            kinds = {stage.kind for stage in (closure, glance) if stage is not None}
            if EventKind.UNRESPONSIVE in kinds:
                return Attention.UNRESPONSIVE
            if EventKind.SLEEP in kinds:
                return Attention.ASLEEP
        if self._absent.active is not None:
            return Attention.ABSENT
        if glance is not None or self._sharing.active is not None:
            return Attention.DISTRACTED
        if closure is not None or self._drowsiness.level >= 2:
            return Attention.DROWSY
        if self._known_ns is None or time_ns - self._known_ns > self._hold_ns:
            return Attention.UNKNOWN
        return _ATTENTIVE


def _over(events: list[DriverEvent]) -> bool:
    """Return whether one of the events has ended."""
    return any(event.phase is EventPhase.END for event in events)
