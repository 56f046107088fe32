"""A face: where it is, where its points are, where it looks.

What is made for each frame is not changed once it is passed on. It is not declared frozen, because
that takes three times as long.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.enums import Lids
from landmarkd.rotation import Quaternion, quaternion_from_matrix

Array = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1, pixels."""


@dataclass(slots=True)
class RegionOfInterest:
    """A square of the image, rotated about its centre: the input of the landmark model.

    Attributes:
        x, y: centre, pixels.
        side: length of a side, pixels.
        angle: degrees, clockwise in the image; 0 is upright.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x + self.y + self.side + self.angle) and self.side > 0):
            raise ValueError(
                "a region of interest needs a finite centre and angle and a positive side, "
                f"not {self}"
            )


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found in a whole frame.

    Attributes:
        score: 0 to 1.
        box: x0, y0, x1, y1 in pixels, approximately the tight box of the 68 points.
        angle: roll of the face in degrees by the detector, clockwise in the image.
    """

    score: float
    box: Box
    angle: float = 0.0


@dataclass(slots=True)
class FaceExtent:
    """Where the points of a face are, computed once for all users.

    Attributes:
        roll: degrees, clockwise in the image.
        box: x0, y0, x1, y1, tight box of the 68 points, pixels.
        x, y, side: centre and side of the smallest square with this roll that contains the dense
            points, pixels.
    """

    roll: float
    box: Box
    x: float
    y: float
    side: float


@dataclass(slots=True)
class EyeReading:
    """The output of the eye model for one eye in one frame.

    Attributes:
        closed: probability, 0 to 1, that the lids are shut.
        down: probability, 0 to 1, that the lids are lowered because the eye looks down, with the
            iris covered. The eye is open with the remaining probability.
        iris_visible: visible share of the iris, 0 to 1, or None if unknown.
        gaze: x (right in the image) and y (down) of the unit vector of the gaze, in the frame of
            the ray from the camera to the eye; (0, 0) looks into the camera. The share
            `ahead_share` of the forward direction of the head has to be added. None if the model
            has no gaze.
        gaze_sigma: root mean square error of this vector, approximately radians, or None.
        ahead_share: factor of the forward direction of the head (x and y of the unit vector) to add
            to `gaze`.
    """

    closed: float
    down: float
    iris_visible: float | None = None
    gaze: tuple[float, float] | None = None
    gaze_sigma: float | None = None
    ahead_share: float = 0.0


@dataclass(slots=True)
class FaceObservation:
    """The result of the landmark model for one frame, unsmoothed.

    Attributes:
        score: probability that a face is in the region, 0 to 1.
        roi: the region that the model read.
        points: (count, 3) float32, image pixels.
        sigma: (count,) float32, standard deviation of each point in pixels, or None if the model
            has no sigma.
        eyes_visible: probabilities, 0 to 1, that the left and right eye of the subject are visible,
            with open or shut lids, not covered; None without a model for this.
        eyes: output of the eye model for the left and right eye of the subject, or None.
        track: number of the followed person, from 1; it rises when another person is detected. 0 if
            persons are not distinguished.
        extent: of the points of the landmark model, or None if it was not computed.
    """

    score: float
    roi: RegionOfInterest
    points: Array
    sigma: Array | None = None
    eyes_visible: tuple[float, float] | None = None
    eyes: tuple[EyeReading, EyeReading] | None = None
    track: int = 0
    extent: FaceExtent | None = None

    def __post_init__(self) -> None:
        shape = self.points.shape
        if len(shape) != 2 or shape[1] != 3:
            raise ValueError("points are (count, 3)")
        if self.sigma is not None and self.sigma.shape != shape[:1]:
            raise ValueError("sigma has one value for each point")


@dataclass(slots=True)
class HeadPose:
    """Position and rotation of the head in the camera frame of OpenCV (x right, y down, z forward).

    Attributes:
        yaw, pitch, roll: degrees, of the rotation in this order (`landmarkd.rotation`).
        rotation: (3, 3) float32, head frame to camera frame; identity looks straight into the
            camera.
        translation_mm: (3,) float32, the midpoint between the eyes in millimetres.
        camera: where the intrinsics came from, for example "calibrated:NAME", "preset:NAME" or
            "guess:60deg".
        residual: root mean square error of the fit over the size of the face; large if the points
            are no face.
    """

    yaw: float
    pitch: float
    roll: float
    rotation: Array
    translation_mm: Array
    camera: str
    residual: float

    def __post_init__(self) -> None:
        if self.rotation.shape != (3, 3) or self.translation_mm.shape != (3,):
            raise ValueError("rotation is (3, 3) and translation_mm (3,)")

    @property
    def quaternion(self) -> Quaternion:
        """The same rotation as a unit quaternion w, x, y, z, with w >= 0."""
        return quaternion_from_matrix(self.rotation)


@dataclass(slots=True)
class EyeState:
    """One eye.

    Attributes:
        aperture: gap of the lids over the width of the eye, corrected for the head pose; open is
            about 0.3.
        openness: aperture over that of the open eye of this person; 1 is open, 0 is shut. None if
            unknown.
        closed: at least 80 % closed (P80, see docs/driver-monitoring.md). None if unknown.
        state: open, closed, down (lowered because the eye looks down) or unknown.
        probability_closed, probability_down: of the eye model, 0 to 1, or None.
        iris_visible: visible share of the iris, 0 to 1, or None.
        openness_sigma: standard deviation of openness, or None.
    """

    aperture: float
    openness: float | None
    closed: bool | None
    state: Lids = Lids.UNKNOWN
    probability_closed: float | None = None
    probability_down: float | None = None
    iris_visible: float | None = None
    openness_sigma: float | None = None


@dataclass(slots=True)
class Gaze:
    """Where the eyes look, in the camera frame with the signs of the head pose.

    Attributes:
        yaw, pitch: degrees, both eyes together, head pose included.
        zone: name of the zone of the configuration, or None if unknown.
        sigma_yaw, sigma_pitch: standard deviations of both, degrees, or None if unknown.
    """

    yaw: float
    pitch: float
    zone: str | None = None
    sigma_yaw: float | None = None
    sigma_pitch: float | None = None


@dataclass(slots=True)
class FaceReport:
    """Everything about the face of one frame.

    Attributes:
        observation: the unsmoothed points and their region.
        points: (count, 3) float32, smoothed, image pixels.
        box: x0, y0, x1, y1, tight box of the smoothed points, pixels.
        pose: head pose.
        left, right: the subject's eyes.
        gaze: None if unknown.
        raw_pose: unsmoothed head pose of this frame; None if only one pose was sent.
    """

    observation: FaceObservation
    points: Array
    box: Box
    pose: HeadPose
    left: EyeState
    right: EyeState
    gaze: Gaze | None = None
    raw_pose: HeadPose | None = None
