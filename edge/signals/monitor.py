"""The driver monitor: from the points and the pose of each frame to eyes, gaze and attention."""

from dataclasses import dataclass

from edge.signals.eyes import UNKNOWN, Eyes
from edge.signals.settings import DriverSettings
from edge.types import DriverState, EyeState, FaceObservation, Gaze, HeadPose
from edge.vision.layout import Layout


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


class DriverMonitor:
    """Watches one driver. It knows no clock but the frames' capture times, and does no input or output.

    Args:
        settings: thresholds.
        layout: of the points.
    """

    def __init__(self, settings: DriverSettings, layout: Layout) -> None:
        self._settings = settings
        self._eyes = Eyes(settings, layout)

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
            time_ns: capture time of the frame. A frame that is not newer than the last is read but moves no timer.
            speed_kmh: of the vehicle, or None if unknown; then the settings say what is assumed.
            blocked: nothing can be seen in this frame at all, see `edge.signals.blocked`.
        """
        left = right = UNKNOWN
        if observation is not None and pose is not None:
            left, right = self._eyes.update(observation, pose, time_ns)
        return DriverReading(left, right, None, DriverState(calibrating=not self._eyes.trusted))
