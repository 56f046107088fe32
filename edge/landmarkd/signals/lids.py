"""Lids measured in the frame of the head.

The gap, the position of the lower lid, and the open eye of a person.
"""

import math

import numpy as np

from landmarkd.layout import Indices, canonical_points
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.histogram import FadingHistogram
from landmarkd.signals.timing import nanoseconds
from landmarkd.signals.view import FaceView, FaceViewer


class GapMeter:
    """Measures the opening of an eye or a mouth.

    The mean gap between its two edges over its width.

    The gap has a known direction in the head. In the image it is shorter if the pose turns this
    direction to or from the camera, so it is divided by that factor. The width is that of the
    mean head at the scale of this face: the distance of the corners has more noise and changes
    with the expression.

    Args:
        ring: indices around the opening: a corner, k upper points, the other corner, k lower points
            back.
        viewer: makes the views that are measured.
        along: direction of the gap in the head; None takes it from the mean head, where the opening
            is open.
    """

    def __init__(
        self, ring: Indices, viewer: FaceViewer, along: tuple[float, float, float] | None = None
    ) -> None:
        count = len(ring) // 2
        # Times the points of the ring: the mean of the lower edge minus that of the upper one.
        gap = np.zeros(len(ring))
        gap[1:count], gap[count + 1 :] = -1.0 / (count - 1), 1.0 / (count - 1)
        self._ring = ring
        self._gap = viewer.measure(ring, gap)
        head = canonical_points(viewer.layout).astype(np.float64)
        x, y, z = (gap @ head[ring]).tolist() if along is None else along
        length = math.hypot(x, y, z)
        self._down = x / length, y / length, z / length
        across = head[ring[count]] - head[ring[0]]
        self._width_mm = math.hypot(*across.tolist())

    def aperture(self, view: FaceView) -> float:
        """Return the gap over the width; it may be slightly below 0 if shut."""
        x, y = view.shown(self._down)
        right, below, _ = view.sums[self._gap]
        shown = max(x * x + y * y, 1e-3)
        return (right * x + below * y) / (shown * view.scale * self._width_mm)

    def sigma(self, view: FaceView) -> float:
        """Return the mean standard deviation of the points in widths of the opening.

        0 without sigma.
        """
        if view.sigma is None:
            return 0.0
        return float(view.sigma[self._ring].mean()) / (view.scale * self._width_mm)


class LowerLidMeter:
    """Measures the distance of the lower lid below the corners, in widths of the eye.

    It distinguishes a look down from shut eyes. In a look down the lower lid goes down with the
    eyeball, by 2 to 4 mm; when the eye shuts, it stays or rises a little. The head pose is
    corrected: in the image the lid, which is in front of the corners, moves relative to them with
    the pitch.

    Args:
        ring: indices around the eye, as for `GapMeter`.
        viewer: makes the views that are measured.
    """

    def __init__(self, ring: Indices, viewer: FaceViewer) -> None:
        count = len(ring) // 2
        lower = np.arange(count + 1, len(ring))
        cut = len(lower) // 4
        lower = lower[cut : len(lower) - cut]
        # Times the points of the ring: the middle of the lower edge minus that of the corners.
        drop = np.zeros(len(ring))
        drop[lower] = 1.0 / len(lower)
        drop[[0, count]] = -0.5
        self._drop = viewer.measure(ring, drop)
        head = canonical_points(viewer.layout).astype(np.float64)
        x, _, z = (drop @ head[ring]).tolist()
        self._aside = x, 0.0, z
        self._width_mm = math.hypot(*(head[ring[count]] - head[ring[0]]).tolist())

    def position(self, view: FaceView) -> float:
        """Return the distance of the lower lid below the corners, widths of the eye."""
        right, below, _ = view.sums[self._drop]
        aside, under = view.shown(self._aside)
        x, y = view.across[1], view.down[1]
        along = (right / view.scale - aside) * x + (below / view.scale - under) * y
        return along / (max(x * x + y * y, 1e-3) * self._width_mm)


class OpenBaseline:
    """The aperture of the open eye of one person, which is learnt.

    It is an upper quantile of the apertures of the last minutes: blinks and glances down do not
    change it. At the start it is a fixed value, until the eye was seen for longer than a blink.
    With little data the open eye is at least half of this value, so that lids that are shut
    from the first frame on count as shut.
    """

    def __init__(self, settings: DriverSettings, learnt: float | None = None) -> None:
        self._settings = settings
        self._seen = FadingHistogram(0.0, 0.8, 129, settings.baseline_memory_s)
        self.open = settings.prior_aperture if learnt is None else learnt
        # At the quantile, smaller values for the time of the longest blink outweigh this weight.
        prior_s = settings.blink_max_s * (1.0 / settings.open_quantile - 1.0)
        self._seen.add(self.open, prior_s if learnt is None else settings.eyes_trusted_s)
        self._trusted_after_s = settings.eyes_trusted_s + (prior_s if learnt is None else 0.0)

    @property
    def trusted(self) -> bool:
        """Whether there is enough data of this person."""
        return self._seen.seen_s >= self._trusted_after_s

    def learn(self, aperture: float, dt_s: float) -> None:
        """Add the aperture of a frame for `dt_s` seconds."""
        self._seen.add(aperture, dt_s)
        least = 0.02 if self.trusted else 0.5 * self._settings.prior_aperture
        self.open = max(self._seen.quantile(self._settings.open_quantile), least)

    def openness(self, aperture: float) -> float:
        """Return 1 for the open eye of this person and 0 for shut, between 0 and 1.5."""
        shut = self.open * self._settings.closed_share
        return min(max((aperture - shut) / (self.open - shut), 0.0), 1.5)


class Shut:
    """Whether lids are shut (P80), with hysteresis, which ends with an unknown time."""

    def __init__(self, settings: DriverSettings) -> None:
        self._settings, self._hold_ns = settings, nanoseconds(settings.hold_s)
        self._shut = False
        self._known_ns = 0

    def update(self, openness: float, time_ns: int, *, keep: bool) -> bool:
        """Add the openness of a frame and return whether the lids are shut.

        Args:
            openness: 0 is shut, 1 is open.
            time_ns: capture time.
            keep: lids that were shut before more than `hold_s` without a value are still shut.
        """
        if time_ns - self._known_ns > self._hold_ns and not keep:
            self._shut = False
        self._known_ns = time_ns
        settings = self._settings
        limit = settings.reopen_openness if self._shut else settings.closed_openness
        self._shut = openness <= limit
        return self._shut
