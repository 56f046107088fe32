"""The eyes of one driver: openness of each eye, and the state of both."""

import math
from dataclasses import dataclass

import numpy as np

from landmarkd.enums import Lids
from landmarkd.layout import Indices
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.histogram import FadingHistogram
from landmarkd.signals.lids import GapMeter, LowerLidMeter, OpenBaseline, Shut
from landmarkd.signals.still_eye import StillEye
from landmarkd.signals.timing import NANOSECONDS
from landmarkd.signals.view import FaceView, FaceViewer
from landmarkd.types import EyeState

_OPEN, _CLOSED, _UNKNOWN = Lids.OPEN, Lids.CLOSED, Lids.UNKNOWN
UNKNOWN = EyeState(aperture=0.0, openness=None, closed=None)
"""An eye that was not measured."""
PATCH_WIDTHS = (2.0, 1.33)
"""Width and height of the part of the image that shows an eye, in widths of the eye."""
INSIDE_MM = 90.0
"""An eye whose middle is as far inside the image is inside it whole, whatever it looks like: three
widths of an eye."""
LEARN_LID_OPENNESS = 0.6
"""An eye that is at least this far open has its lower lid at the usual place."""
RENEW_S = 0.5
"""Period of the update of quantiles over seconds or minutes."""
NOISE_MEMORY_S = 3.0


@dataclass(slots=True)
class EyesSeen:
    """Both eyes in one frame; None is unknown. Made for each frame and not changed.

    Attributes:
        openness: of the more open eye, which decides whether the eyes are closed.
        blink: openness of both, weighted by the stability of their measurement, relative to the
            usual one of the last seconds; `least_shut` is that of the more open eye.
        least_shut: see `blink`.
        low: whether the lids of all eyes are at least 80 % shut; None if an eye is missing.
        dropped: distance of the lower lids below their usual place, widths of the eye.
        down: probability by the eye model that the eyes look down.
        iris: visible share of the irises by the eye model.
        any_open: whether a visible eye is open.
    """

    openness: float | None = None
    blink: float | None = None
    least_shut: float | None = None
    low: bool | None = None
    dropped: float = 0.0
    down: float | None = None
    iris: float | None = None
    any_open: bool = False


class Eye:
    """One eye: meters, baselines and whether it is closed.

    Args:
        ring: indices around the eye.
        viewer: makes the views that are measured.
        number: 0 for the left eye, 1 for the right.
        settings: thresholds.
        learnt: aperture of the open eye of this person, if already known.
    """

    def __init__(
        self,
        ring: Indices,
        viewer: FaceViewer,
        number: int,
        settings: DriverSettings,
        learnt: float | None,
    ) -> None:
        self._gap, self._lower = GapMeter(ring, viewer), LowerLidMeter(ring, viewer)
        self._ring = ring
        self._middle = viewer.measure(ring, np.full(len(ring), 1.0 / len(ring)))
        # A nose turned to image left, yaw > 0, hides the subject's right eye, number 1, first.
        self._number, self._far_sign = number, 1.0 if number == 1 else -1.0
        self._settings = settings
        self.baseline = OpenBaseline(settings, learnt)
        self._usual = FadingHistogram(0.0, 1.5, 76, settings.blink_memory_s)
        self._rest = FadingHistogram(-0.3, 0.5, 161, settings.baseline_memory_s)
        self._usual_now, self._rest_now, self._renewed_s = 1.0, 0.0, 0.0
        self._open_s = math.inf if learnt is not None else 0.0
        self._shut = Shut(settings)
        self._before = (1.0, 1.0)
        self._time_ns: int | None = None
        self.covered = self.in_view = False
        self.variance = 0.01
        """Noise of the openness between frames; blinks have little influence."""
        self.blink = 1.0
        """Openness relative to the usual one of the last seconds."""
        self.dropped = 0.0
        """Distance of the lower lid below its usual place, widths of the eye."""

    @property
    def seen_open(self) -> bool:
        """Whether the open eye of this person was seen long enough to recognise a closed one."""
        return self._open_s >= self._settings.blink_max_s

    def update(
        self, view: FaceView, time_ns: int, learning: bool, size: tuple[int, int] | None
    ) -> EyeState:
        """Return the state of the eye in a frame; see `Eyes.update`."""
        settings = self._settings
        dt = 0.0 if self._time_ns is None else (time_ns - self._time_ns) / NANOSECONDS
        self._time_ns = time_ns
        dt = dt if dt <= settings.hold_s else 0.0
        aperture = self._gap.aperture(view)
        limit = (
            settings.max_eye_yaw_far if view.yaw * self._far_sign > 0 else settings.max_eye_yaw_near
        )
        turned = math.hypot(view.yaw / limit, view.pitch / settings.max_eye_pitch)
        self.in_view = turned <= 1.0 and not self._outside(view, size)
        if view.visible is not None:
            self.covered = view.visible[self._number] < settings.min_eye_visible
        else:
            self.covered = self._gap.sigma(view) > settings.max_eye_sigma
        if not self.in_view or self.covered:
            return self._state(view, aperture)
        if learning and dt > 0.0:
            self.baseline.learn(aperture, dt)
        openness = self.baseline.openness(aperture)
        self._follow(view, openness, dt, learning)
        closed = self._shut.update(openness, time_ns, keep=not learning)
        state = _CLOSED if closed else _OPEN
        return self._state(view, aperture, openness, closed, state, math.sqrt(self.variance))

    def _state(
        self,
        view: FaceView,
        aperture: float,
        openness: float | None = None,
        closed: bool | None = None,
        state: Lids = _UNKNOWN,
        sigma: float | None = None,
    ) -> EyeState:
        """Return the state with the values of the eye model for this eye."""
        if view.eyes is None:
            return EyeState(aperture, openness, closed, state, openness_sigma=sigma)
        said = view.eyes[self._number]
        return EyeState(
            aperture, openness, closed, state, said.closed, said.down, said.iris_visible, sigma
        )

    def _follow(self, view: FaceView, openness: float, dt: float, learning: bool) -> None:
        """Update the usual values of this eye: openness, noise and lower lid."""
        position = self._lower.position(view)
        if dt > 0.0 and learning:
            self._usual.add(openness, dt)
            if openness >= LEARN_LID_OPENNESS:
                self._open_s += dt
                self._rest.add(position, dt)
            # The second difference contains noise and not the opening; its variance is six times
            # that of the noise.
            bend = openness - 2.0 * self._before[0] + self._before[1]
            fade = min(1.0, dt / NOISE_MEMORY_S)
            self.variance += fade * (min(bend * bend, 0.25) / 6.0 - self.variance)
            self._renewed_s -= dt
            if self._renewed_s <= 0.0:
                self._renewed_s = RENEW_S
                self._usual_now = max(self._usual.quantile(self._settings.open_quantile), 0.25)
                if self._rest.seen_s > 0.0:
                    self._rest_now = self._rest.quantile(0.5)
        self._before = openness, self._before[0]
        self.blink = openness / self._usual_now
        self.dropped = position - self._rest_now if self._rest.seen_s > 0.0 else 0.0

    def _outside(self, view: FaceView, size: tuple[int, int] | None) -> bool:
        """Return whether half of this eye's part of the image lies outside."""
        if size is None:
            return False
        x, y, _ = view.sums[self._middle]
        inside = INSIDE_MM * view.scale
        if inside < x < size[0] - inside and inside < y < size[1] - inside:
            return False
        points = view.points[self._ring, :2]
        (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
        width = max(x1 - x0, 1.0)
        share = 1.0
        for middle, length, limit in (
            ((x0 + x1) / 2, PATCH_WIDTHS[0] * width, size[0]),
            ((y0 + y1) / 2, PATCH_WIDTHS[1] * width, size[1]),
        ):
            inside = min(middle + length / 2, limit) - max(middle - length / 2, 0.0)
            share *= max(inside, 0.0) / length
        return share < self._settings.min_eye_inside


class Eyes:
    """Both eyes of the driver.

    Args:
        settings: thresholds.
        viewer: makes the views that are measured. It uses the lids of its layout, or else the six
            points around each eye of the 68.
        open_left, open_right: apertures of this person's open eyes if they are known from before.
    """

    def __init__(
        self,
        settings: DriverSettings,
        viewer: FaceViewer,
        open_left: float | None = None,
        open_right: float | None = None,
    ) -> None:
        layout = viewer.layout
        right = layout.right_lid if layout.right_lid is not None else layout.ibug68[36:42]
        left = layout.left_lid if layout.left_lid is not None else layout.ibug68[42:48]
        self.right = Eye(right, viewer, 1, settings, open_right)
        self.left = Eye(left, viewer, 0, settings, open_left)
        self._settings = settings
        both = zip((self.left, self.right), settings.eyes_used, strict=True)
        self._both_used = [eye if used else None for eye, used in both]
        self.used = [eye for eye in self._both_used if eye is not None]
        """The eyes that count: both, or the one that is not excluded."""
        self._shut = Shut(settings)
        self._still = StillEye()
        self.seen = EyesSeen()
        """Both eyes in the last frame."""

    @property
    def trusted(self) -> bool:
        """Whether the baselines of the eyes that count are reliable."""
        return self.used[0].baseline.trusted and self.used[-1].baseline.trusted

    @property
    def covered(self) -> bool | None:
        """Whether no eye that counts is visible although one should be; None if none should."""
        covered = [eye.covered for eye in self.used if eye.in_view]
        return all(covered) if covered else None

    def update(
        self,
        view: FaceView,
        time_ns: int,
        *,
        learning: bool = True,
        size: tuple[int, int] | None = None,
    ) -> tuple[EyeState, EyeState]:
        """Return the states of the left and the right eye, and set `seen`.

        Args:
            view: of the face in the frame, with unsmoothed points, because smoothing would flatten
                blinks.
            time_ns: capture time of the frame.
            learning: whether this frame may be used for the baseline of open eyes. If not, because
                the eyes are shut, they count as shut after an unknown time too.
            size: width and height of the frame, pixels; None means that every eye is inside.
        """
        left = self.left.update(view, time_ns, learning, size)
        right = self.right.update(view, time_ns, learning, size)
        states = [
            (eye, state)
            for eye, state in zip(self._both_used, (left, right), strict=True)
            if eye is not None and state.openness is not None
        ]
        self.seen = self._both(states, time_ns, learning) if states else EyesSeen()
        if len(states) == 2:
            self._still.update(self.left.blink, self.right.blink)
        return left, right

    def _both(self, states: list[tuple[Eye, EyeState]], time_ns: int, learning: bool) -> EyesSeen:
        openness = weights = blink = dropped = 0.0
        least_shut = -math.inf
        all_known, any_open = len(states) == len(self.used), False
        downs, irises = [], []
        for eye, state in states:
            openness = max(openness, state.openness or 0.0)
            weight = 1.0 / (eye.variance + 1e-4)
            weights += weight
            blink += weight * eye.blink
            least_shut = max(least_shut, eye.blink)
            all_known = all_known and eye.seen_open
            dropped += eye.dropped
            any_open = any_open or state.closed is False
            if state.probability_down is not None:
                downs.append(state.probability_down)
            if state.iris_visible is not None:
                irises.append(state.iris_visible)
        low = self._shut.update(openness, time_ns, keep=not learning)
        return EyesSeen(
            openness,
            blink / weights,
            least_shut,
            low if all_known else None,
            dropped / len(states),
            max(downs) if downs else None,
            sum(irises) / len(irises) if irises else None,
            any_open and not low,
        )
