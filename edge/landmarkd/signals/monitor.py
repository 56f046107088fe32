"""The driver monitor: from points and pose of each frame to eyes, gaze, attention and events."""

from dataclasses import dataclass, replace

import numpy as np

from landmarkd.enums import Lids
from landmarkd.layout import Layout
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.attention import Concerns, Signals
from landmarkd.signals.closure import ClosureJudge, Judged
from landmarkd.signals.eyes import UNKNOWN, Eyes
from landmarkd.signals.forward import ForwardDirection, zone_of
from landmarkd.signals.gaze import GazeMeter, Look
from landmarkd.signals.lids import GapMeter
from landmarkd.signals.person_watch import PersonWatch
from landmarkd.signals.still_face import StillFace
from landmarkd.signals.time_sharing import Looking
from landmarkd.signals.timing import NANOSECONDS, RunningTime
from landmarkd.signals.view import FaceView, FaceViewer
from landmarkd.types import DriverState, EyeState, FaceObservation, Gaze, HeadPose

FACE_MM = 145.0
"""Size of a face, sqrt(width * height) of the 68 points of the mean head."""
LEARN_GAZE_OPENNESS = 0.5
EYES_DOWN_DEG = 45.0
"""Where the eyes look if the head is down: they go down further than the head, to the lap. Ours."""
_OPEN, _DOWN = Lids.OPEN, Lids.DOWN


@dataclass(slots=True)
class DriverReading:
    """The result of the monitor for one frame. Made for each and not changed.

    Attributes:
        left, right: eyes of the subject.
        gaze: None if unknown.
        state: attention and events.
    """

    left: EyeState
    right: EyeState
    gaze: Gaze | None
    state: DriverState


@dataclass(frozen=True, slots=True)
class DriverBaseline:
    """The learnt values of one person, without pictures.

    Attributes:
        open_left, open_right: apertures of the open eyes, gap over width.
        head_yaw, head_pitch: natural forward direction of the head, degrees.
        gaze_yaw, gaze_pitch: the same for the gaze, degrees, or None without irises so far.
    """

    open_left: float
    open_right: float
    head_yaw: float
    head_pitch: float
    gaze_yaw: float | None = None
    gaze_pitch: float | None = None


class DriverMonitor:
    """Monitors one driver.

    It uses only the capture times of the frames, and does no input or output. `another_person` says
    whether the last frame may show another person than those before.

    Args:
        settings: thresholds.
        layout: of the points.
        baseline: known values of this person; None: learn from the start.
    """

    def __init__(
        self, settings: DriverSettings, layout: Layout, baseline: DriverBaseline | None = None
    ) -> None:
        self._settings = settings
        self._viewer = FaceViewer(layout)
        self._mouth = GapMeter(layout.ibug68[60:68], self._viewer, along=(0.0, 1.0, 0.0))
        self._gaze = GazeMeter(self._viewer, settings.eyes_used)
        self._attention = Concerns(settings)
        self._person = PersonWatch(settings)
        self.another_person = False
        self._time = RunningTime(settings.hold_s)
        # After how many changes of the person the stored baseline was learnt.
        self._stored = None if baseline is None else 0
        self._learn_anew(baseline)

    def _learn_anew(self, known: DriverBaseline | None) -> None:
        settings = self._settings
        self._eyes = Eyes(
            settings,
            self._viewer,
            known.open_left if known else None,
            known.open_right if known else None,
        )
        self._closure = ClosureJudge(settings)
        self._head_forward = ForwardDirection(
            settings, (known.head_yaw, known.head_pitch) if known else None
        )
        gaze = None
        if known is not None and known.gaze_yaw is not None and known.gaze_pitch is not None:
            gaze = known.gaze_yaw, known.gaze_pitch
        self._gaze_forward = ForwardDirection(settings, gaze)
        self._still = StillFace()

    @property
    def baseline(self) -> DriverBaseline | None:
        """The learnt baseline of this person, or None while it is not reliable.

        It is also None after another person replaced the one whose baseline is stored, so that it
        is not overwritten.
        """
        if self._stored not in (None, self._person.changes):
            return None
        if not (self._eyes.trusted and self._head_forward.trusted):
            return None
        gaze = self._gaze_forward.direction if self._gaze_forward.trusted else (None, None)
        return DriverBaseline(
            self._eyes.left.baseline.open,
            self._eyes.right.baseline.open,
            *self._head_forward.direction,
            *gaze,
        )

    def baseline_stored(self) -> None:
        """Note that the present `baseline` is stored."""
        self._stored = self._person.changes

    def update(
        self,
        observation: FaceObservation | None,
        pose: HeadPose | None,
        time_ns: int,
        *,
        speed_kmh: float | None = None,
        blocked: bool | None = False,
        size: tuple[int, int] | None = None,
    ) -> DriverReading:
        """Add a frame and return the result for the driver.

        Args:
            observation: unsmoothed points, or None when no face was found.
            pose: of the head, unsmoothed or smoothed; None when no face was found.
            time_ns: capture time of the frame. A frame older than the last one counts as one of the
                same time; if it is older by more than `hold_s`, time goes on from there.
            speed_kmh: of the vehicle, or None if unknown; then the speed of the settings is used.
            blocked: the camera is covered in this frame, see `landmarkd.signals.blocked`; None:
                there is no frame, so that everything is unknown.
            size: width and height of the frame, pixels; None means that both eyes are inside.
        """
        settings = self._settings
        dt = self._time.update(time_ns) / NANOSECONDS
        speed = settings.assumed_speed_kmh if speed_kmh is None else speed_kmh
        self.another_person = self._person.changed(observation, self._time.now_ns)
        if self.another_person:
            self._learn_anew(None)
            self._attention.another_driver()
        view = None
        if (
            observation is not None
            and pose is not None
            and observation.score >= settings.min_score
            and pose.residual <= settings.max_residual
        ):
            view = self._viewer.view(observation, pose)
        if view is None:
            found = observation is not None
            signals = Signals(
                face=found if found or blocked is False else None,
                blocked=blocked and not found,
                eyes_trusted=self._eyes.trusted,
                forward_trusted=self._head_forward.trusted,
                speed_kmh=speed,
            )
            return DriverReading(UNKNOWN, UNKNOWN, None, self._state(signals))
        return self._read(view, dt if dt <= settings.hold_s else 0.0, speed_kmh, speed, size)

    def _read(
        self,
        view: FaceView,
        dt: float,
        known_speed: float | None,
        speed: float,
        size: tuple[int, int] | None,
    ) -> DriverReading:
        settings, time_ns = self._settings, self._time.now_ns
        # Who sleeps or reads in a vehicle that stands must not become the pattern of open eyes.
        lowered = self._attention.asleep or self._closure.lowered(time_ns)
        left, right = self._eyes.update(view, time_ns, learning=not lowered, size=size)
        seen = self._eyes.seen
        mouth = self._mouth.aperture(view) if abs(view.yaw) <= settings.max_eye_yaw_near else None
        forward_pitch = self._head_forward.direction[1] if self._head_forward.trusted else None
        lids = self._closure.update(
            seen,
            time_ns,
            yaw=view.pose.yaw,
            pitch=view.pose.pitch,
            forward_pitch=forward_pitch,
            mouth=mouth,
            certain=self._attention.asleep,
        )
        look = self._gaze.look(view, (_open_enough(left), _open_enough(right)))
        looking, gaze, yaw, pitch = self._direction(view, look, lids)
        covered = False
        if view.sigma is not None:
            # The upper median is above the limit if at least half of them are.
            above = view.sigma > np.float32(settings.max_face_sigma * view.scale * FACE_MM)
            covered = 2 * int(np.count_nonzero(above)) >= len(view.sigma)
        # Behind sunglasses the head alone says where the road is.
        steering = lids.state is _OPEN or (self._eyes.covered and not covered)
        if dt > 0.0 and steering and self._may_learn(known_speed):
            self._head_forward.learn(view.pose.yaw, view.pose.pitch, dt)
            if look is not None:
                self._gaze_forward.learn(look.yaw, look.pitch, dt)
        signals = Signals(
            face=not self._still.update(view.pose, lids.state, seen.blink, time_ns),
            blocked=False,
            lids=lids,
            blink=seen.blink,
            least_shut=seen.least_shut,
            eyes_trusted=self._eyes.trusted,
            looking=looking,
            forward_trusted=self._head_forward.trusted,
            mouth=mouth,
            eyes_covered=self._eyes.covered,
            face_covered=covered,
            speed_kmh=speed,
            yaw=yaw,
            pitch=pitch,
        )
        if lids.state is _DOWN:
            left, right = (_down(eye) for eye in (left, right))
        return DriverReading(left, right, gaze, self._state(signals))

    def _state(self, signals: Signals) -> DriverState:
        """Return the state after this frame, its events with the times of the frames."""
        state, ahead = self._attention.update(signals, self._time.now_ns), self._time.ahead_ns
        if ahead and state.events:
            state.events = tuple(
                replace(each, began_ns=max(0, each.began_ns - ahead), at_ns=each.at_ns - ahead)
                for each in state.events
            )
        return state

    def _may_learn(self, speed_kmh: float | None) -> bool:
        """Return whether this frame may be used to learn the road: driving, and no distraction."""
        fast = speed_kmh is None or speed_kmh >= self._settings.forward_min_speed_kmh
        return fast and not (self._attention.distracted and self._head_forward.trusted)

    def _direction(
        self, view: FaceView, look: Look | None, lids: Judged
    ) -> tuple[Looking | None, Gaze | None, float, float]:
        """Return the direction class, the gaze, and yaw and pitch from forward.

        The angles are those of the gaze, or of the head without a gaze or without a forward
        direction of the gaze.
        """
        settings = self._settings
        if lids.state is _DOWN:
            # The exact direction of the eyes is unknown, but it is not the road.
            return "away", None, 0.0, view.pose.pitch - self._head_forward.direction[1]
        gaze = None
        if look is not None and self._gaze_forward.trusted:
            forward = self._gaze_forward.direction
            name, zone = zone_of(look.yaw, look.pitch, forward, settings)
            yaw, pitch = look.yaw - forward[0], look.pitch - forward[1]
            gaze = Gaze(look.yaw, look.pitch, name, look.sigma, look.sigma)
            return zone.counts_as, gaze, yaw, pitch
        if look is not None:
            gaze = Gaze(look.yaw, look.pitch, None, look.sigma, look.sigma)
        forward = self._head_forward.direction
        yaw, pitch = view.pose.yaw - forward[0], view.pose.pitch - forward[1]
        down = pitch < -settings.head_away_down
        away = down or abs(yaw) > settings.head_away_yaw
        if away:
            up = min(view.pose.pitch, forward[1] - EYES_DOWN_DEG) if down else view.pose.pitch
            away = zone_of(view.pose.yaw, up, forward, settings)[1].counts_as != "road"
        road: Looking | None = None if lids.closed or lids.explained else "road"
        return "away" if away else road, gaze, yaw, pitch


def _open_enough(eye: EyeState) -> bool:
    """Return whether an eye is open enough to measure the gaze by its iris."""
    return eye.openness is not None and eye.openness >= LEARN_GAZE_OPENNESS


def _down(eye: EyeState) -> EyeState:
    """Return the state of an eye whose lids are down because it looks down."""
    return eye if eye.openness is None else replace(eye, closed=False, state=Lids.DOWN)
