"""Lids: how far each eye is open, from the unsmoothed points, whatever the head's pose and whoever's eye it is."""

import math
from dataclasses import dataclass

import numpy as np

from landmarkd.layout import Indices, Layout, canonical_points
from landmarkd.rotation import Matrix, rotation_to_ray
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.histogram import FadingHistogram
from landmarkd.signals.timing import NANOSECONDS
from landmarkd.types import Array, EyeState, FaceObservation, HeadPose

UNKNOWN = EyeState(aperture=0.0, openness=None, closed=None)
"""An eye that was not measured."""
MIN_SCALE = 1e-3
"""Pixels for each millimetre; a face of less than a pixel is none."""


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face as the image shows it: what every measure of its features starts from.

    Attributes:
        points: (count, 3) image pixels, unsmoothed.
        sigma: (count,) pixels, or None.
        visible: probabilities that the left and the right eye can be seen, or None.
        pose: of the head.
        rotation: (3, 3), of the head relative to the ray on which it is seen, which is what the
            image shows.
        scale: pixels for each millimetre.
    """

    points: Array
    sigma: Array | None
    visible: tuple[float, float] | None
    pose: HeadPose
    rotation: Matrix
    scale: float


class FaceViewer:
    """Makes views of faces; one for each layout."""

    def __init__(self, layout: Layout) -> None:
        # Eye corners, bridge and tip of the nose, and the sides at the height of the eyes.
        self._rigid = layout.ibug68[[0, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45]]
        head = canonical_points(layout)[self._rigid].astype(np.float64)
        head -= head.mean(0)
        self._spread = head.T @ head
        self._centring = np.eye(len(head)) - 1.0 / len(head)

    def view(self, observation: FaceObservation, pose: HeadPose) -> FaceView | None:
        """Return the view of a face, or None if its points have no extent."""
        rotation: Matrix = rotation_to_ray(pose.translation_mm).T @ pose.rotation
        image = self._centring @ observation.points[self._rigid, :2]
        across, down = rotation[0], rotation[1]
        spread = float(across @ self._spread @ across + down @ self._spread @ down)
        scale = math.sqrt(float(np.vdot(image, image)) / spread)
        if not (math.isfinite(scale) and scale > MIN_SCALE):
            return None
        return FaceView(
            observation.points, observation.sigma, observation.eyes_visible, pose, rotation, scale
        )


class GapMeter:
    """Measures how far an eye or a mouth is open: the mean gap between its two edges over its width.

    The gap lies along a direction that is known in the head; what the image shows of it shrinks by
    how far the pose turns that direction to or from the camera, and is divided by it. The width is
    the mean head's at the scale of this face: the corners' own distance is noisier than the whole
    face is, and changes with the expression.

    Args:
        ring: indices round the opening: a corner, k upper points, the other corner, k lower points
            back.
        layout: of the points.
        along: direction of the gap in the head; None takes it from the mean head, where the opening
            is open.
    """

    def __init__(
        self, ring: Indices, layout: Layout, along: tuple[float, float, float] | None = None
    ) -> None:
        count = len(ring) // 2
        # Times the points of the ring: the mean of the lower edge minus that of the upper one.
        self._gap = np.zeros(len(ring))
        self._gap[1:count], self._gap[count + 1 :] = -1.0 / (count - 1), 1.0 / (count - 1)
        self._ring = ring
        head = canonical_points(layout).astype(np.float64)
        down = self._gap @ head[ring] if along is None else np.array(along)
        self._down = down / math.hypot(*down)
        across = head[ring[count]] - head[ring[0]]
        self._width_mm = math.hypot(*across.tolist())

    def aperture(self, view: FaceView) -> float:
        """Return the gap over the width; what is shut may measure slightly below 0."""
        x, y, _ = (view.rotation @ self._down).tolist()
        right, below = (self._gap @ view.points[self._ring, :2]).tolist()
        shown = max(x * x + y * y, 1e-3)
        return float((right * x + below * y) / (shown * view.scale * self._width_mm))

    def sigma(self, view: FaceView) -> float:
        """Return the mean standard deviation of the points in widths of the opening, 0 if none is given."""
        if view.sigma is None:
            return 0.0
        return float(view.sigma[self._ring].mean()) / (view.scale * self._width_mm)


class OpenBaseline:
    """The aperture of one person's open eye, learnt while watching.

    It is an upper quantile of the last minutes' apertures: blinks and glances down do not move it.
    At the start a person-independent value holds until the eye was seen for longer than a blink
    lasts; while little is known the open eye is not taken to be narrower than half of it, so that
    lids shut from the first frame on stay shut.
    """

    def __init__(self, settings: DriverSettings, learnt: float | None = None) -> None:
        self._settings = settings
        self._seen = FadingHistogram(0.0, 0.8, 129, settings.baseline_memory_s)
        self.open = settings.prior_aperture if learnt is None else learnt
        # So much of one value is outweighed, at the quantile, by a longest blink's time of smaller
        # ones.
        prior_s = settings.blink_max_s * (1.0 / settings.open_quantile - 1.0)
        self._seen.add(self.open, prior_s if learnt is None else settings.eyes_trusted_s)
        self._trusted_after_s = settings.eyes_trusted_s + (prior_s if learnt is None else 0.0)

    @property
    def trusted(self) -> bool:
        """Whether enough was seen of this person."""
        return self._seen.seen_s >= self._trusted_after_s

    def learn(self, aperture: float, dt_s: float) -> None:
        """Take in the aperture of a frame that stood for `dt_s` seconds."""
        self._seen.add(aperture, dt_s)
        least = 0.02 if self.trusted else 0.5 * self._settings.prior_aperture
        self.open = max(self._seen.quantile(self._settings.open_quantile), least)

    def openness(self, aperture: float) -> float:
        """Return 1 for this person's open eye and 0 for shut, between -0.2 and 1.5."""
        shut = self.open * self._settings.closed_share
        return min(max((aperture - shut) / (self.open - shut), -0.2), 1.5)


class Eye:
    """One eye: meter, baseline and whether it is closed.

    Args:
        ring: indices round the eye.
        layout: of the points.
        number: 0 for the left eye, 1 for the right.
        settings: thresholds.
        learnt: aperture of this person's open eye, if it is known from before.
    """

    def __init__(
        self,
        ring: Indices,
        layout: Layout,
        number: int,
        settings: DriverSettings,
        learnt: float | None,
    ) -> None:
        self._meter = GapMeter(ring, layout)
        # A nose turned to image left, yaw > 0, hides the subject's right eye, number 1, first.
        self._number, self._far_sign = number, 1.0 if number == 1 else -1.0
        self._settings = settings
        self.baseline = OpenBaseline(settings, learnt)
        self._closed = False
        self._time_ns: int | None = None
        self.covered = self.in_view = False

    def update(self, view: FaceView, time_ns: int, learning: bool) -> EyeState:
        """Return the state of the eye in a frame; see `Eyes.update`."""
        settings, pose = self._settings, view.pose
        dt = 0.0 if self._time_ns is None else (time_ns - self._time_ns) / NANOSECONDS
        self._time_ns = time_ns
        aperture = self._meter.aperture(view)
        limit = (
            settings.max_eye_yaw_far if pose.yaw * self._far_sign > 0 else settings.max_eye_yaw_near
        )
        self.in_view = abs(pose.yaw) <= limit and abs(pose.pitch) <= settings.max_eye_pitch
        if view.visible is not None:
            self.covered = view.visible[self._number] < settings.min_eye_visible
        else:
            self.covered = self._meter.sigma(view) > settings.max_eye_sigma
        if not self.in_view or self.covered:
            return EyeState(aperture, None, None)
        if learning and 0.0 < dt <= settings.hold_s:
            self.baseline.learn(aperture, dt)
        openness = self.baseline.openness(aperture)
        threshold = settings.reopen_openness if self._closed else settings.closed_openness
        self._closed = openness <= threshold
        return EyeState(aperture, openness, self._closed)


class Eyes:
    """Both eyes of the driver.

    Args:
        settings: thresholds.
        layout: of the points; with lids they are used, otherwise the six points round each eye of
            the 68.
        open_left, open_right: apertures of this person's open eyes if they are known from before.
    """

    def __init__(
        self,
        settings: DriverSettings,
        layout: Layout,
        open_left: float | None = None,
        open_right: float | None = None,
    ) -> None:
        right = layout.right_lid if layout.right_lid is not None else layout.ibug68[36:42]
        left = layout.left_lid if layout.left_lid is not None else layout.ibug68[42:48]
        self.right = Eye(right, layout, 1, settings, open_right)
        self.left = Eye(left, layout, 0, settings, open_left)

    @property
    def trusted(self) -> bool:
        """Whether the baselines of both eyes are."""
        return self.left.baseline.trusted and self.right.baseline.trusted

    @property
    def covered(self) -> bool:
        """Whether none of the eyes that should be in view can be made out."""
        eyes = [eye for eye in (self.left, self.right) if eye.in_view]
        return bool(eyes) and all(eye.covered for eye in eyes)

    def update(
        self, view: FaceView, time_ns: int, *, learning: bool = True
    ) -> tuple[EyeState, EyeState]:
        """Return the states of the left and the right eye.

        Args:
            view: of the face in the frame; its points are unsmoothed, smoothing would flatten
                blinks.
            time_ns: capture time of the frame.
            learning: whether this frame may teach what open eyes look like.
        """
        return self.left.update(view, time_ns, learning), self.right.update(view, time_ns, learning)
