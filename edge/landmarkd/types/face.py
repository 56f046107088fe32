"""A face: where it is, where its points are, where it looks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.enums import Lids
from landmarkd.rotation import Quaternion, quaternion_from_matrix

Array = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1, pixels."""


@dataclass(frozen=True, slots=True)
class RegionOfInterest:
    """A square of the image, turned about its centre; what the landmark model is fed.

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
        box: x0, y0, x1, y1 in pixels, about the tight box of the 68 points.
        angle: roll of the face in degrees as far as the detector knows it, clockwise in the image.
    """

    score: float
    box: Box
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceExtent:
    """Where the points of a face lie, measured once for everything that asks.

    Attributes:
        roll: degrees, clockwise in the image.
        box: x0, y0, x1, y1, tight box of the 68 points, pixels.
        x, y, side: centre and side of the smallest square with this roll that holds the dense
            points, pixels.
    """

    roll: float
    box: Box
    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class EyeReading:
    """What the eye model says of one eye in one frame.

    Attributes:
        closed: probability, 0 to 1, that the lids are shut.
        down: probability, 0 to 1, that the lids are lowered because the eye looks down, the iris
            covered. The rest to 1 is neither: the eye is open.
        iris_visible: share of the iris that the lids leave to be seen, 0 to 1, or None if unknown.
        gaze: x (right in the image) and y (down) of the unit vector that the eye looks along, in
            the frame of the ray on which the camera sees the eye; towards the camera is (0, 0).
            `ahead_share` of the head's forward direction is left out of it. None if the model
            does not say.
        gaze_sigma: root mean square error of that vector, about radians, or None.
        ahead_share: how much of the head's forward direction, as `gaze` of a vector, is to be
            added to the gaze.
    """

    closed: float
    down: float
    iris_visible: float | None = None
    gaze: tuple[float, float] | None = None
    gaze_sigma: float | None = None
    ahead_share: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """What the landmark model saw in one frame, unsmoothed.

    Attributes:
        score: probability that a face is in the region, 0 to 1.
        roi: the region that was looked at.
        points: (count, 3) float32, image pixels.
        sigma: (count,) float32, standard deviation of each point in pixels, or None if the model
            has none.
        eyes_visible: probabilities, 0 to 1, that the subject's left and right eye are there to be
            seen, lids open or shut and not covered, or None if no model says so.
        eyes: what the eye model says of the subject's left and right eye, or None.
        track: number of the person that is followed, from 1; it rises when another person is
            noticed. 0 if persons are not distinguished.
        extent: of the landmark model's points, or None if it was not measured.
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


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where the head is and where it points, in OpenCV's camera frame (x right, y down, z forward).

    Attributes:
        yaw, pitch, roll: degrees, of the rotation in this order (`landmarkd.rotation`).
        rotation: (3, 3) float32, head frame to camera frame; identity looks straight into the
            camera.
        translation_mm: (3,) float32, the midpoint between the eyes in millimetres.
        camera: where the intrinsics came from, for example "calibrated:NAME", "preset:NAME" or
            "guess:60deg".
        residual: root mean square of the fit over the face's size; large when the points make no
            face.
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


@dataclass(frozen=True, slots=True)
class EyeState:
    """One eye.

    Attributes:
        aperture: gap of the lids over the width of the eye, corrected for the head's pose; about
            0.3 open.
        openness: aperture over that of the same person's open eye; 1 is open, 0 is shut. None if
            unknown.
        closed: at least 80 % closed (P80, see docs/driver-monitoring.md). None if unknown.
        state: open, closed, down (lowered because the eye looks down) or unknown.
        probability_closed, probability_down: of the eye model, 0 to 1, or None.
        iris_visible: share of the iris that the lids leave to be seen, 0 to 1, or None.
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


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where the eyes look: yaw and pitch in degrees in the camera frame, signs of the head's.

    Attributes:
        yaw, pitch: degrees, both eyes together, head pose included.
        zone: name of the zone of the configuration that it falls in, or None if unknown.
        sigma_yaw, sigma_pitch: standard deviations of both, degrees, or None if unknown.
    """

    yaw: float
    pitch: float
    zone: str | None = None
    sigma_yaw: float | None = None
    sigma_pitch: float | None = None


@dataclass(frozen=True, slots=True)
class FaceReport:
    """Everything known about the face of one frame.

    Attributes:
        observation: the unsmoothed points and the region they were found in.
        points: (count, 3) float32, smoothed, image pixels.
        box: x0, y0, x1, y1, tight box of the smoothed points, pixels.
        pose: head pose.
        left, right: the subject's eyes.
        gaze: None if unknown.
        raw_pose: head pose of this frame alone, unsmoothed; None where only one was sent.
    """

    observation: FaceObservation
    points: Array
    box: Box
    pose: HeadPose
    left: EyeState
    right: EyeState
    gaze: Gaze | None = None
    raw_pose: HeadPose | None = None
