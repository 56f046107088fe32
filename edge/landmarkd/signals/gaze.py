"""Where the eyes look: positions of irises relative to eyeballs."""

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
"""Limit for one eye, approximately radians: a gaze with a larger error than 17 degrees is not
used."""
NEAR_HIDDEN_DEG, FAR_HIDDEN_DEG, RAISED_HIDDEN_DEG = 70.0, 50.0, 45.0
"""From these turns of the head on, away from the camera, a patch does not show where its eye looks:
to the side for the near eye and for the eye behind the nose, and up for both. On rendered heads
such gazes are two to four of their standard deviations off, mostly toward the camera: by 18 degrees
at 75 degrees and 40 at 85, by 16 to 44 of the eye behind the nose, and by 15 of heads 45 degrees
up."""
EYES_AGREE = 0.5
"""Correlation of the errors of both eyes: they share the light, the lids and the head."""
MIN_SIGMA_DEG = 1.0


@dataclass(slots=True)
class Look:
    """A direction of both eyes together in the camera's frame.

    Attributes:
        yaw, pitch: degrees.
        sigma: standard deviation of each angle, degrees, or None without a model.
    """

    yaw: float
    pitch: float
    sigma: float | None = None


class IrisMeter:
    """Measures the gaze of one eye, from the shift of its iris from the centre of its eyeball.

    The centre relative to the corners of the eye is that of the mean head. Its error for a person
    is a constant angle, which the natural forward direction of the person includes.

    Args:
        iris: (5,) indices, the pupil's centre and four points of the limbus.
        lid: the ring of the same eye.
        outward: sign of x away from the nose.
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
    """Gaze of both eyes together, in the camera frame; for layouts with irises.

    Args:
        viewer: makes the views that are measured.
        used: whether the left and the right eye count; one that never moves does not.
    """

    def __init__(self, viewer: FaceViewer, used: tuple[bool, bool] = (True, True)) -> None:
        self._used = used
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
        """Return the gaze of both eyes together, or None if neither is known.

        If the eye model has a gaze, each eye is weighted by its certainty, also with lowered lids;
        one that the head's turn hides does not count.
        Otherwise the shift of the irises of the eyes in `use` is used.

        Args:
            view: of the face.
            use: whether the left and the right eye are open and in view.
        """
        if view.eyes is not None and None not in (view.eyes[0].gaze, view.eyes[1].gaze):
            return _fused(view, self._used)
        found = [
            eye.direction(view)
            for eye, seen, used in zip(self._eyes, use, self._used, strict=False)
            if seen and used
        ]
        if not found:
            return None
        x, y, z = (sum(values) for values in zip(*found, strict=True))
        return Look(*angles_from_direction(_turned(view.pose.translation_mm.tolist(), (x, y, z))))


def _ahead(x: float, y: float) -> Row:
    """Return the unit vector toward the camera with these x and y, limited to `MAX_SINE`."""
    sine = math.hypot(x, y)
    if sine > MAX_SINE:
        x, y, sine = x * MAX_SINE / sine, y * MAX_SINE / sine, MAX_SINE
    return x, y, -math.sqrt(1.0 - sine * sine)


def _turned(ray: Sequence[float], direction: Row) -> Row:
    """Return a direction in the frame of a ray as one in the camera's frame."""
    (a, b, c), (d, e, f), (g, h, i) = rows_to_ray(*ray)
    x, y, z = direction
    return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z


def _fused(view: FaceView, used: tuple[bool, bool]) -> Look | None:
    """Return the mean gaze of the eye model, weighted by one over the variance of each eye."""
    place = view.pose.translation_mm.tolist()
    # The subject's left eye lies at x > 0 of a head that faces the camera.
    right = [row[0] for row in view.pose.rotation.tolist()]
    x = y = z = whole = squares = 0.0
    product, count = 1.0, 0
    if view.pitch >= RAISED_HIDDEN_DEG:
        return None
    for number, eye in enumerate(view.eyes or ()):
        shown = 1.0 if view.visible is None else view.visible[number]
        if eye.gaze is None or eye.gaze_sigma is None or eye.gaze_sigma > MAX_GAZE_SIGMA:
            continue
        if not used[number] or shown < 0.5 or eye.closed > 0.5:
            continue
        # A nose turned to the subject's right hides the right eye, number 1, first.
        far = (view.yaw > 0.0) == (number == 1)
        if abs(view.yaw) >= (FAR_HIDDEN_DEG if far else NEAR_HIDDEN_DEG):
            continue
        aside = EYE_FROM_MIDDLE_MM if number == 0 else -EYE_FROM_MIDDLE_MM
        ray = place[0] + aside * right[0], place[1] + aside * right[1], place[2] + aside * right[2]
        # The patch hardly shows the rotation of the head, which the pose has.
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
    # The error of the vector has two components, one for each angle.
    sigma = math.degrees(math.sqrt(variance / 2))
    return Look(*angles_from_direction((x, y, z)), max(sigma, MIN_SIGMA_DEG))
