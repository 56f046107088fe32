"""Where the driver looks: irises against eyeballs, and the zone of the car that this falls in."""

import math

import numpy as np

from landmarkd.layout import Indices, Layout, canonical_points
from landmarkd.rotation import Vector, angles_from_direction, rotation_to_ray
from landmarkd.settings.driver import DriverSettings, Zone
from landmarkd.signals.eyes import FaceView
from landmarkd.signals.histogram import FadingHistogram

EYEBALL_BEHIND_CORNERS_MM = (0.5, -2.7, 4.6)
"""Centre of the eyeball from the midpoint of the eye's corners: outward, down and into the head, of the mean head
(its sclera meshes; ICT-FaceKit)."""
MAX_SINE = 0.95


class IrisMeter:
    """Measures where one eye looks, from the shift of its iris against the centre of its eyeball.

    The centre is where the mean head has it from the corners of the eye; what is wrong with that
    for a person is a constant angle, and goes with the person's natural forward direction.

    Args:
        iris: (5,) indices, the pupil's centre and four points of the limbus.
        lid: the ring of the same eye.
        outward: sign of x that leads away from the nose.
        layout: of the points.
    """

    def __init__(self, iris: Indices, lid: Indices, outward: float, layout: Layout) -> None:
        corners = lid[[0, len(lid) // 2]]
        self._used = np.concatenate([iris, corners])
        # Times these points: the mean of the iris minus that of the corners.
        self._shift = np.array([1.0 / len(iris)] * len(iris) + [-0.5, -0.5])
        head = canonical_points(layout).astype(np.float64)
        x, y, z = EYEBALL_BEHIND_CORNERS_MM
        self._offset = np.array([x * outward, y, z])
        centre = head[corners].mean(0) + self._offset
        self._radius_mm = math.hypot(*(head[iris].mean(0) - centre).tolist())

    def direction(self, view: FaceView) -> Vector:
        """Return the unit vector that the eye looks along, in the frame of the ray on which the head is seen."""
        shift = (
            self._shift @ view.points[self._used, :2] / view.scale
            - (view.rotation @ self._offset)[:2]
        )
        x, y = (shift / self._radius_mm).tolist()
        sine = math.hypot(x, y)
        if sine > MAX_SINE:
            x, y, sine = x * MAX_SINE / sine, y * MAX_SINE / sine, MAX_SINE
        return np.array([x, y, -math.sqrt(1.0 - sine * sine)])


class GazeMeter:
    """Gaze of both eyes together, in the camera's frame; for layouts that have irises."""

    def __init__(self, layout: Layout) -> None:
        self._eyes: tuple[IrisMeter, ...] = ()
        if (
            layout.right_iris is not None
            and layout.left_iris is not None
            and layout.right_lid is not None
            and layout.left_lid is not None
        ):
            self._eyes = (
                IrisMeter(layout.left_iris, layout.left_lid, 1.0, layout),
                IrisMeter(layout.right_iris, layout.right_lid, -1.0, layout),
            )

    def angles(self, view: FaceView, use: tuple[bool, bool]) -> tuple[float, float] | None:
        """Return yaw and pitch in degrees, or None if no eye tells.

        Args:
            view: of the face.
            use: whether the left and the right eye are open and in view.
        """
        total = np.zeros(3)
        for eye, used in zip(self._eyes, use, strict=False):
            if used:
                total += eye.direction(view)
        if not total.any():
            return None
        return angles_from_direction(rotation_to_ray(view.pose.translation_mm) @ total)


class ForwardDirection:
    """A driver's natural forward direction: the median of where head or eyes point, over the last minutes.

    Drivers look at the road most of the time, so the median is the road whichever way the camera
    stands.
    """

    def __init__(self, settings: DriverSettings, learnt: tuple[float, float] | None = None) -> None:
        self._yaw = FadingHistogram(-90.0, 90.0, 181, settings.baseline_memory_s)
        self._pitch = FadingHistogram(-90.0, 90.0, 181, settings.baseline_memory_s)
        self._trusted_s = settings.forward_trusted_s
        self.direction = (0.0, 0.0)
        """Yaw and pitch of forward, degrees."""
        self._renewed_s = 0.0
        if learnt is not None:
            self.learn(learnt[0], learnt[1], self._trusted_s)

    @property
    def trusted(self) -> bool:
        """Whether enough was seen of this person."""
        return self._yaw.seen_s >= self._trusted_s

    def learn(self, yaw: float, pitch: float, dt_s: float) -> None:
        """Take in where head or eyes pointed, degrees, for `dt_s` seconds."""
        self._yaw.add(yaw, dt_s)
        self._pitch.add(pitch, dt_s)
        # A median of minutes need not be renewed more than once a second.
        if self._yaw.seen_s >= self._renewed_s:
            self._renewed_s = self._yaw.seen_s + 1.0
            self.direction = self._yaw.quantile(0.5), self._pitch.quantile(0.5)


def zone_of(
    yaw: float, pitch: float, forward: tuple[float, float], settings: DriverSettings
) -> tuple[str, Zone]:
    """Return the name of the zone that a direction falls in, and the zone; "off" if it is in none.

    Args:
        yaw: of the gaze, degrees.
        pitch: of the gaze, degrees.
        forward: yaw and pitch of the driver's natural forward direction.
        settings: for its zones and the side that the driver sits on.
    """
    # The driver's right is image left for a camera that faces the driver: yaw > 0.
    right, up = yaw - forward[0], pitch - forward[1]
    if settings.steering == "right":
        right = -right
    for name, zone in settings.zones.items():
        if zone.right[0] <= right <= zone.right[1] and zone.up[0] <= up <= zone.up[1]:
            return name, zone
    return "off", Zone(right=(-180, 180), up=(-90, 90), counts_as="away")
