"""The driver monitor: from the points and the pose of each frame to eyes, gaze, attention and events."""

from dataclasses import dataclass

import numpy as np

from landmarkd.layout import Layout
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.attention import Attention, Looking, Signals
from landmarkd.signals.eyes import UNKNOWN, Eyes, FaceView, FaceViewer, GapMeter
from landmarkd.signals.gaze import ForwardDirection, GazeMeter, zone_of
from landmarkd.signals.timing import NANOSECONDS
from landmarkd.types import DriverState, EyeState, FaceObservation, Gaze, HeadPose

FACE_MM = 145.0
"""Size of a face, sqrt(width * height) of the 68 points of the mean head."""
LEARN_GAZE_OPENNESS = 0.5


@dataclass(frozen=True, slots=True)
class DriverReading:
    """What the monitor says about one frame.

    Attributes:
        left, right: the subject's eyes.
        gaze: None if unknown.
        state: attention and events.
    """

    left: EyeState
    right: EyeState
    gaze: Gaze | None
    state: DriverState


@dataclass(frozen=True, slots=True)
class DriverBaseline:
    """What was learnt of one person, and nothing that shows them.

    Attributes:
        open_left, open_right: apertures of the open eyes, gap over width.
        head_yaw, head_pitch: natural forward direction of the head, degrees.
        gaze_yaw, gaze_pitch: natural forward direction of the gaze, degrees, or None if irises were
            never seen.
    """

    open_left: float
    open_right: float
    head_yaw: float
    head_pitch: float
    gaze_yaw: float | None = None
    gaze_pitch: float | None = None


class DriverMonitor:
    """Watches one driver. It knows no clock but the frames' capture times, and does no input or output.

    Args:
        settings: thresholds.
        layout: of the points.
        baseline: what is known of this person from before; None learns it anew.
    """

    def __init__(
        self, settings: DriverSettings, layout: Layout, baseline: DriverBaseline | None = None
    ) -> None:
        self._settings = settings
        self._viewer = FaceViewer(layout)
        known = baseline
        self._eyes = Eyes(
            settings,
            layout,
            known.open_left if known else None,
            known.open_right if known else None,
        )
        self._mouth = GapMeter(layout.ibug68[60:68], layout, along=(0.0, 1.0, 0.0))
        self._gaze = GazeMeter(layout)
        self._head_forward = ForwardDirection(
            settings, (known.head_yaw, known.head_pitch) if known else None
        )
        gaze = None
        if known is not None and known.gaze_yaw is not None and known.gaze_pitch is not None:
            gaze = known.gaze_yaw, known.gaze_pitch
        self._gaze_forward = ForwardDirection(settings, gaze)
        self._attention = Attention(settings)
        self._time_ns: int | None = None

    @property
    def baseline(self) -> DriverBaseline | None:
        """What has been learnt of this person, or None while it is not to be trusted."""
        if not (self._eyes.trusted and self._head_forward.trusted):
            return None
        gaze = self._gaze_forward.direction if self._gaze_forward.trusted else (None, None)
        return DriverBaseline(
            self._eyes.left.baseline.open,
            self._eyes.right.baseline.open,
            *self._head_forward.direction,
            *gaze,
        )

    def update(
        self,
        observation: FaceObservation | None,
        pose: HeadPose | None,
        time_ns: int,
        *,
        speed_kmh: float | None = None,
        blocked: bool = False,
    ) -> DriverReading:
        """Take in one frame and return what is known of the driver after it.

        Args:
            observation: unsmoothed points, or None when no face was found.
            pose: of the head, unsmoothed or smoothed; None when no face was found.
            time_ns: capture time of the frame. A frame older than the last counts as taken at the
                same time.
            speed_kmh: of the vehicle, or None if unknown; then the settings say what is assumed.
            blocked: nothing can be seen in this frame at all, see `landmarkd.signals.blocked`.
        """
        settings = self._settings
        last, self._time_ns = self._time_ns, max(time_ns, self._time_ns or time_ns)
        dt = 0.0 if last is None else (self._time_ns - last) / NANOSECONDS
        speed = settings.assumed_speed_kmh if speed_kmh is None else speed_kmh
        view = None
        if (
            observation is not None
            and pose is not None
            and observation.score >= settings.min_score
            and pose.residual <= settings.max_residual
        ):
            view = self._viewer.view(observation, pose)
        if view is None:
            signals = Signals(
                face=observation is not None,
                blocked=blocked and observation is None,
                eyes_trusted=self._eyes.trusted,
                forward_trusted=self._head_forward.trusted,
                speed_kmh=speed,
            )
            return DriverReading(
                UNKNOWN, UNKNOWN, None, self._attention.update(signals, self._time_ns)
            )
        return self._read(view, dt if dt <= settings.hold_s else 0.0, speed)

    def _read(self, view: FaceView, dt: float, speed: float) -> DriverReading:
        settings, time_ns = self._settings, self._time_ns or 0
        left, right = self._eyes.update(view, time_ns, learning=not self._attention.asleep)
        seen = [eye.openness for eye in (left, right) if eye.openness is not None]
        open_enough = [
            eye.openness is not None and eye.openness >= LEARN_GAZE_OPENNESS
            for eye in (left, right)
        ]
        angles = self._gaze.angles(view, (open_enough[0], open_enough[1]))
        closed = (
            None if not seen else all(eye.closed for eye in (left, right) if eye.closed is not None)
        )
        if dt > 0.0 and not closed and speed >= settings.eyes_min_speed_kmh:
            self._head_forward.learn(view.pose.yaw, view.pose.pitch, dt)
            if angles is not None:
                self._gaze_forward.learn(*angles, dt)
        looking, gaze, yaw, pitch = self._direction(view, angles, closed=bool(closed))
        face_sigma = 0.0
        if view.sigma is not None:
            # The upper median; np.median takes five times as long and imports numpy.ma.
            half = len(view.sigma) // 2
            face_sigma = float(np.partition(view.sigma, half)[half]) / (view.scale * FACE_MM)
        signals = Signals(
            face=True,
            openness=max(seen, default=None),
            blink=sum(seen) / len(seen) if seen else None,
            closed=closed,
            eyes_trusted=self._eyes.trusted,
            looking=looking,
            forward_trusted=self._head_forward.trusted,
            mouth=self._mouth.aperture(view)
            if abs(view.pose.yaw) <= settings.max_eye_yaw_near
            else None,
            eyes_covered=self._eyes.covered,
            face_covered=face_sigma > settings.max_face_sigma,
            speed_kmh=speed,
            yaw=yaw,
            pitch=pitch,
        )
        return DriverReading(left, right, gaze, self._attention.update(signals, time_ns))

    def _direction(
        self, view: FaceView, angles: tuple[float, float] | None, *, closed: bool
    ) -> tuple[Looking | None, Gaze | None, float, float]:
        """Return what is looked at, the gaze, and yaw and pitch from forward, of the gaze or else of the head."""
        settings = self._settings
        if angles is not None:
            forward = self._gaze_forward.direction
            name, zone = zone_of(*angles, forward, settings)
            known = self._gaze_forward.trusted
            gaze = Gaze(*angles, name if known else None)
            return (
                (zone.counts_as if known else None),
                gaze,
                angles[0] - forward[0],
                angles[1] - forward[1],
            )
        forward = self._head_forward.direction
        yaw, pitch = view.pose.yaw - forward[0], view.pose.pitch - forward[1]
        if abs(yaw) > settings.head_away_yaw or pitch < -settings.head_away_down:
            return "away", None, yaw, pitch
        return (None if closed else "road"), None, yaw, pitch
