"""Lids: how far each eye is open, from the unsmoothed points, whatever the head's pose and whoever's eye it is."""

import math

import numpy as np
from numpy.typing import NDArray

from edge.signals.rotation import Matrix, rotation_to_ray
from edge.signals.settings import DriverSettings
from edge.signals.smoothing import NANOSECONDS
from edge.types import Array, EyeState, FaceObservation, HeadPose
from edge.vision.layout import Indices, Layout, canonical_points

UNKNOWN = EyeState(aperture=0.0, openness=None, closed=None)
"""An eye that was not measured."""


def seen_rotation(pose: HeadPose) -> Matrix:
    """Return the head's rotation as the image shows it: relative to the ray on which the head is seen."""
    seen: Matrix = rotation_to_ray(pose.translation_mm).T @ pose.rotation
    return seen


def pixels_per_mm(points: Array, rotation: Matrix, layout: Layout) -> float:
    """Return the scale of a face from the spread of its rigid points, robust to the length of any one feature."""
    head = canonical_points(layout)[_rigid(layout)] @ rotation.T
    image = points[_rigid(layout), :2]
    spread = np.square(head[:, :2] - head[:, :2].mean(0)).sum()
    return math.sqrt(float(np.square(image - image.mean(0)).sum() / spread))


def _rigid(layout: Layout) -> Indices:
    # Eye corners, bridge and tip of the nose, and the sides at the height of the eyes.
    return layout.ibug68[[0, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45]]


class LidMeter:
    """Measures the aperture of one eye: the mean gap of its lids over the width of the eye.

    The lids' gap and the eye's width lie along directions that are known in the head; what the image shows of each
    shrinks by how far the pose turns that direction to or from the camera, and is divided by it. The width is the
    mean head's at the scale of this face: the corners' own distance is noisier than the whole face is.

    Args:
        ring: indices round the eye: a corner, k points of the upper lid, the other corner, k of the lower back.
        layout: of the points.
    """

    def __init__(self, ring: Indices, layout: Layout) -> None:
        count = len(ring) // 2
        self._upper, self._lower = ring[1:count], ring[:count:-1]
        self._ring = ring
        head = canonical_points(layout)
        down = (head[self._lower] - head[self._upper]).mean(0).astype(np.float64)
        self._down = down / math.hypot(*down)
        self._width_mm = math.hypot(*(head[ring[count]] - head[ring[0]]).tolist())

    def aperture(self, points: Array, rotation: Matrix, scale: float) -> float:
        """Return the aperture; shut eyes may measure slightly below 0.

        Args:
            points: (count, 3) image pixels, unsmoothed.
            rotation: of the head as the image shows it.
            scale: pixels for each millimetre.
        """
        x, y, _ = (rotation @ self._down).tolist()
        gap = (points[self._lower, :2] - points[self._upper, :2]).mean(0)
        shown = max(x * x + y * y, 1e-3)
        return float((gap[0] * x + gap[1] * y) / (shown * scale * self._width_mm))

    def sigma(self, sigma: Array, scale: float) -> float:
        """Return the standard deviation of the lids in widths of the eye."""
        return float(sigma[self._ring].mean()) / (scale * self._width_mm)


class OpenBaseline:
    """The aperture of one person's open eye, learnt while watching.

    A histogram of apertures, weighted by time and forgetting slowly, whose upper quantile is the open eye: blinks
    and glances down do not move it. The person-independent prior counts like the first second.
    """

    _BINS = 128
    _RANGE = 0.8

    def __init__(self, settings: DriverSettings, learnt: float | None = None) -> None:
        self._settings = settings
        self._weights: NDArray[np.float64] = np.zeros(self._BINS)
        self.seen_s = 0.0
        start = settings.prior_aperture if learnt is None else learnt
        self._add(start, 1.0 if learnt is None else settings.eyes_trusted_s)
        if learnt is not None:
            self.seen_s = settings.eyes_trusted_s
        self.open = start

    @property
    def trusted(self) -> bool:
        """Whether enough was seen of this person."""
        return self.seen_s >= self._settings.eyes_trusted_s

    def learn(self, aperture: float, dt_s: float) -> None:
        """Take in the aperture of a frame that stood for `dt_s` seconds."""
        self._weights *= math.exp(-dt_s / self._settings.baseline_memory_s)
        self._add(aperture, dt_s)
        self.seen_s += dt_s
        total = np.cumsum(self._weights)
        wanted = self._settings.open_quantile * total[-1]
        index = int(np.searchsorted(total, wanted))
        before = total[index - 1] if index else 0.0
        inside = (wanted - before) / self._weights[index]
        self.open = max((index - 0.5 + inside) * self._RANGE / self._BINS, 0.02)

    def _add(self, aperture: float, weight: float) -> None:
        """Share a weight between the two bins whose centres are nearest."""
        place = min(max(aperture / self._RANGE * self._BINS, 0.0), self._BINS - 1.001)
        index, part = int(place), place - int(place)
        self._weights[index] += weight * (1.0 - part)
        self._weights[index + 1] += weight * part

    def openness(self, aperture: float) -> float:
        """Return 1 for this person's open eye and 0 for shut, between -0.2 and 1.5."""
        shut = self.open * self._settings.closed_share
        return min(max((aperture - shut) / (self.open - shut), -0.2), 1.5)


class Eye:
    """One eye: meter, baseline and whether it is closed."""

    def __init__(
        self, ring: Indices, layout: Layout, far_sign: float, settings: DriverSettings, learnt: float | None
    ) -> None:
        self._meter = LidMeter(ring, layout)
        self._far_sign = far_sign
        self._settings = settings
        self.baseline = OpenBaseline(settings, learnt)
        self._closed = False
        self._time_ns: int | None = None
        self.covered = False

    def update(
        self, observation: FaceObservation, pose: HeadPose, rotation: Matrix, scale: float, time_ns: int
    ) -> EyeState:
        """Return the state of the eye in a frame; see `Eyes.update`."""
        settings = self._settings
        dt = 0.0 if self._time_ns is None else (time_ns - self._time_ns) / NANOSECONDS
        self._time_ns = time_ns
        aperture = self._meter.aperture(observation.points, rotation, scale)
        limit = settings.max_eye_yaw_far if pose.yaw * self._far_sign > 0 else settings.max_eye_yaw_near
        sigma = observation.sigma
        self.covered = sigma is not None and self._meter.sigma(sigma, scale) > settings.max_eye_sigma
        if abs(pose.yaw) > limit or abs(pose.pitch) > settings.max_eye_pitch or self.covered:
            return EyeState(aperture, None, None)
        if 0.0 < dt <= settings.hold_s:
            self.baseline.learn(aperture, dt)
        openness = self.baseline.openness(aperture)
        threshold = settings.reopen_openness if self._closed else settings.closed_openness
        self._closed = openness <= threshold
        return EyeState(aperture, openness, self._closed)


class Eyes:
    """Both eyes of the driver.

    Args:
        settings: thresholds.
        layout: of the points; with lids they are used, otherwise the six points round each eye of the 68.
        open_left, open_right: apertures of this person's open eyes if they are known from before.
    """

    def __init__(
        self,
        settings: DriverSettings,
        layout: Layout,
        open_left: float | None = None,
        open_right: float | None = None,
    ) -> None:
        self._settings, self._layout = settings, layout
        right = layout.right_lid if layout.right_lid is not None else layout.ibug68[36:42]
        left = layout.left_lid if layout.left_lid is not None else layout.ibug68[42:48]
        # A nose turned to image left, yaw > 0, hides the subject's right eye first.
        self.right = Eye(right, layout, 1.0, settings, open_right)
        self.left = Eye(left, layout, -1.0, settings, open_left)

    @property
    def trusted(self) -> bool:
        """Whether the baselines of both eyes are."""
        return self.left.baseline.trusted and self.right.baseline.trusted

    def update(self, observation: FaceObservation, pose: HeadPose, time_ns: int) -> tuple[EyeState, EyeState]:
        """Return the states of the left and the right eye.

        Args:
            observation: unsmoothed points; smoothing would flatten blinks.
            pose: of the head in the same frame.
            time_ns: capture time of the frame.
        """
        if observation.score < self._settings.min_score or pose.residual > self._settings.max_residual:
            return UNKNOWN, UNKNOWN
        rotation = seen_rotation(pose)
        scale = pixels_per_mm(observation.points, rotation, self._layout)
        if not (math.isfinite(scale) and scale > 0):
            return UNKNOWN, UNKNOWN
        left = self.left.update(observation, pose, rotation, scale, time_ns)
        right = self.right.update(observation, pose, rotation, scale, time_ns)
        return left, right
