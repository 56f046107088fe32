"""Where the eyes look: irises against eyeballs."""

import math

import numpy as np

from landmarkd.layout import Indices, Layout, canonical_points
from landmarkd.rotation import Vector, angles_from_direction, rotation_to_ray
from landmarkd.signals.view import FaceView

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
