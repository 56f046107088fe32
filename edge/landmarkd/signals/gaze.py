"""Where the eyes look: irises against eyeballs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landmarkd.layout import Indices, canonical_points
from landmarkd.rotation import Row, angles_from_direction, rows_to_ray
from landmarkd.signals.view import FaceView, FaceViewer

EYEBALL_BEHIND_CORNERS_MM = (0.5, -2.7, 4.6)
"""From the midpoint of the eye's corners to the eyeball's centre in the mean head: outward, down
and into the head (from the sclera meshes of ICT-FaceKit)."""
MAX_SINE = 0.95
EYE_FROM_MIDDLE_MM = 31.5
"""From the midpoint between the eyes to either: half of the mean interpupillary distance of adults,
63 mm (Dodgson, 2004)."""
MAX_GAZE_SIGMA = 0.30
"""Of one eye, about radians: a less certain gaze than 17 degrees gives no direction."""
EYES_AGREE = 0.5
"""Correlation of the errors of both eyes: they share the light, the lids and the head."""
MIN_SIGMA_DEG = 1.0


@dataclass(slots=True)
class Look:
    """A direction of both eyes together in the camera's frame.

    Attributes:
        yaw, pitch: degrees.
        sigma: standard deviation of either, degrees, or None if no model says.
    """

    yaw: float
    pitch: float
    sigma: float | None = None


class IrisMeter:
    """Measures where one eye looks, from the shift of its iris against the centre of its eyeball.

    The centre is where the mean head has it from the corners of the eye; what is wrong with that
    for a person is a constant angle, and goes with the person's natural forward direction.

    Args:
        iris: (5,) indices, the pupil's centre and four points of the limbus.
        lid: the ring of the same eye.
        outward: sign of x that leads away from the nose.
        viewer: makes the views that are measured.
    """

    def __init__(self, iris: Indices, lid: Indices, outward: float, viewer: FaceViewer) -> None:
        corners = lid[[0, len(lid) // 2]]
        # The mean of the iris minus that of the corners.
        self._shift = viewer.measure(
            np.concatenate([iris, corners]), np.array([1.0 / len(iris)] * len(iris) + [-0.5, -0.5])
        )
        head = canonical_points(viewer.layout).astype(np.float64)
        x, y, z = EYEBALL_BEHIND_CORNERS_MM
        self._offset = x * outward, y, z
        centre = head[corners].mean(0) + self._offset
        self._radius_mm = math.hypot(*(head[iris].mean(0) - centre).tolist())

    def direction(self, view: FaceView) -> Row:
        """Return the unit vector of the gaze in the frame of the ray on which the head is seen."""
        right, below, _ = view.sums[self._shift]
        aside, under = view.shown(self._offset)
        x = (right / view.scale - aside) / self._radius_mm
        y = (below / view.scale - under) / self._radius_mm
        return _ahead(x, y)


class GazeMeter:
    """Gaze of both eyes together, in the camera's frame; for layouts that have irises."""

    def __init__(self, viewer: FaceViewer) -> None:
        self._eyes: tuple[IrisMeter, ...] = ()
        layout = viewer.layout
        if (
            layout.right_iris is not None
            and layout.left_iris is not None
            and layout.right_lid is not None
            and layout.left_lid is not None
        ):
            self._eyes = (
                IrisMeter(layout.left_iris, layout.left_lid, 1.0, viewer),
                IrisMeter(layout.right_iris, layout.right_lid, -1.0, viewer),
            )

    def look(self, view: FaceView, use: tuple[bool, bool]) -> Look | None:
        """Return where both eyes look together, or None if neither is known.

        Where the eye model gives a gaze of its own, each eye counts by its certainty, and lowered
        lids do not matter to it; otherwise the shift of the irises is used, of the eyes in `use`.

        Args:
            view: of the face.
            use: whether the left and the right eye are open and in view.
        """
        if view.eyes is not None and None not in (view.eyes[0].gaze, view.eyes[1].gaze):
            return _fused(view)
        found = [eye.direction(view) for eye, used in zip(self._eyes, use, strict=False) if used]
        if not found:
            return None
        x, y, z = (sum(values) for values in zip(*found, strict=True))
        return Look(*angles_from_direction(_turned(view.pose.translation_mm.tolist(), (x, y, z))))


def _ahead(x: float, y: float) -> Row:
    """Return the unit vector toward the camera with these x and y, which are cut to `MAX_SINE`."""
    sine = math.hypot(x, y)
    if sine > MAX_SINE:
        x, y, sine = x * MAX_SINE / sine, y * MAX_SINE / sine, MAX_SINE
    return x, y, -math.sqrt(1.0 - sine * sine)


def _turned(ray: Sequence[float], direction: Row) -> Row:
    """Return a direction in the frame of a ray as one in the camera's frame."""
    (a, b, c), (d, e, f), (g, h, i) = rows_to_ray(*ray)
    x, y, z = direction
    return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z


def _fused(view: FaceView) -> Look | None:
    """Return the mean of what the eye model says of each eye, weighed by one over its variance."""
    place = view.pose.translation_mm.tolist()
    # The subject's left eye lies at x > 0 of a head that faces the camera.
    right = [row[0] for row in view.pose.rotation.tolist()]
    x = y = z = whole = squares = 0.0
    product, count = 1.0, 0
    for number, eye in enumerate(view.eyes or ()):
        shown = 1.0 if view.visible is None else view.visible[number]
        if eye.gaze is None or eye.gaze_sigma is None or eye.gaze_sigma > MAX_GAZE_SIGMA:
            continue
        if shown < 0.5 or eye.closed > 0.5:
            continue
        aside = EYE_FROM_MIDDLE_MM if number == 0 else -EYE_FROM_MIDDLE_MM
        ray = place[0] + aside * right[0], place[1] + aside * right[1], place[2] + aside * right[2]
        # The patch hardly shows how the head is turned; the pose does.
        across = eye.gaze[0] - eye.ahead_share * view.across[2]
        below = eye.gaze[1] - eye.ahead_share * view.down[2]
        a, b, c = _turned(ray, _ahead(across, below))
        weight = eye.gaze_sigma**-2
        x, y, z = x + weight * a, y + weight * b, z + weight * c
        # The mean's weight of each error is one over its variance.
        error = weight * eye.gaze_sigma
        whole, squares, product, count = (
            whole + weight,
            squares + error * error,
            product * error,
            count + 1,
        )
    if not count:
        return None
    if count == 2:
        squares += 2 * EYES_AGREE * product
    variance = squares / (whole * whole)
    # The vector's error has two components, of which either angle is one.
    sigma = math.degrees(math.sqrt(variance / 2))
    return Look(*angles_from_direction((x, y, z)), max(sigma, MIN_SIGMA_DEG))
