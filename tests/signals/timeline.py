"""Scripted drives: segments of driver behaviour.

They are played frame by frame through pose and monitor.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.monitor import DriverBaseline, DriverMonitor
from landmarkd.signals.pose import PoseEstimator
from landmarkd.types import EyeReading

from tests.signals.faces import CAMERA, FULL, head, observation, seen

SETTINGS = DriverSettings(closed_share=0.0)
"""The synthetic lids shut completely."""
OPEN = 0.2855
"""Aperture of the synthetic open eye."""
KNOWN = DriverBaseline(OPEN, OPEN, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Do:
    """A segment of some seconds: head, eyes and mouth, or no face, or a covered camera, or a camera
    that gives no picture.

    `eyes` is how far both eyes are open, or the left and the right one; `lower` is how far the
    lower lids go down, widths of the eye; `covered` are eyes that cannot be made out; `masked` is a
    face that cannot be made out; `iris` is the share of the irises that the eye model sees; `score`
    is that of the face; `speed_kmh` is that of the vehicle, otherwise the drive's.
    """

    seconds: float
    eyes: float | tuple[float, float] = 1.0
    yaw: float = 0.0
    pitch: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    mouth: float = 0.0
    face: bool = True
    blocked: bool = False
    picture: bool = True
    sunglasses: bool = False
    covered: bool = False
    masked: bool = False
    score: float = 1.0
    lower: float = 0.0
    up_mm: float = 0.0
    track: int = 0
    iris: float | None = None
    speed_kmh: float | None = None

    def at(self, yaw, pitch, *, scale=1.0, track=0):
        """Return the same for a camera at another place, with eyes opened `scale` times as wide."""
        return replace(
            self, yaw=self.yaw + yaw, pitch=self.pitch + pitch, eyes=self.eyes * scale, track=track
        )


@lru_cache(maxsize=512)
def _points(eyes, yaw, pitch, gaze, mouth, lower=0.0, up_mm=0.0):
    left, right = eyes if isinstance(eyes, tuple) else (eyes, eyes)
    face = head(left=left, right=right, gaze=gaze, mouth=mouth, lids_down=lower)
    return seen(face, yaw=yaw, pitch=pitch, at_mm=(0.0, -up_mm, 600.0))


def _model(part):
    """Return the readings of an eye model for both eyes, if the script has them."""
    return None if part.iris is None else (EyeReading(0.3, 0.3, part.iris),) * 2


@dataclass
class Drive:
    """Plays a script.

    Attributes:
        script: what the driver does.
        fps: frames a second.
        drop: share of frames that never arrive.
        noise_px: standard deviation of each coordinate.
        clock: changes the time of a frame before the monitor gets it, nanoseconds.
        speed_kmh: as told to the monitor.
        after: called with the monitor and the time after each frame.
    """

    script: list[Do]
    fps: float = 30.0
    drop: float = 0.0
    noise_px: float = 0.0
    lost: float = 0.0
    baseline: DriverBaseline | None = KNOWN
    settings: DriverSettings = SETTINGS
    clock: object = None
    speed_kmh: float | None = None
    layout: object = FULL
    after: object = None
    events: list = field(default_factory=list)
    readings: list = field(default_factory=list)

    def play(self):
        """Play all frames; return the drive with all events and readings."""
        rng = np.random.default_rng(7)
        estimator = PoseEstimator(self.layout, CAMERA)
        self.monitor = DriverMonitor(self.settings, self.layout, self.baseline)
        ends = np.cumsum([part.seconds for part in self.script])
        for frame in range(round(ends[-1] * self.fps)):
            now = frame / self.fps
            if rng.random() < self.drop:
                continue
            part = self.script[int(np.searchsorted(ends, now + 1e-9, side="right"))]
            time_ns = round(now * 1e9)
            if self.clock is not None:
                time_ns = self.clock(frame, time_ns)
            reading = self._frame(part, time_ns, estimator, rng)
            self.readings.append((now, reading))
            self.events.extend(reading.state.events)
            if self.after is not None:
                self.after(self.monitor, now)
        return self

    def _frame(self, part, time_ns, estimator, rng):
        speed_kmh = self.speed_kmh if part.speed_kmh is None else part.speed_kmh
        if not part.face or part.blocked or not part.picture or rng.random() < self.lost:
            blocked = part.blocked if part.picture else None
            return self.monitor.update(None, None, time_ns, speed_kmh=speed_kmh, blocked=blocked)
        points = _points(
            part.eyes, part.yaw, part.pitch, part.gaze, part.mouth, part.lower, part.up_mm
        )[: self.layout.count]
        if self.noise_px:
            points = points + rng.normal(0.0, self.noise_px, points.shape).astype(np.float32)
        sigma = None
        if part.sunglasses or part.covered:
            sigma = np.full(self.layout.count, 0.5, np.float32)
            sigma[520:] = 20.0
        elif part.masked:
            sigma = np.full(self.layout.count, 20.0, np.float32)
        return self.monitor.update(
            observation(points, score=part.score, sigma=sigma, track=part.track, eyes=_model(part)),
            estimator.estimate(points, sigma),
            time_ns,
            speed_kmh=speed_kmh,
            size=(CAMERA.width, CAMERA.height),
        )

    def happened(self, *, without=("blink", "drowsiness")):
        """Return the events as (kind, phase, seconds) without some kinds."""
        return [
            (event.kind, event.phase.value, event.at_ns / 1e9)
            for event in self.events
            if event.kind not in without
        ]
