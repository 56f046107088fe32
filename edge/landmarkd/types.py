"""What flows through the pipeline: immutable records over arrays, validated where they are built.

Conventions (docs/landmarks.md): pixels with x right, y down and pixel centres at integers; depth in
the same unit, larger is nearer to the camera, zero at the mean of the dense points; angles in
degrees, yaw > 0 turns the nose to image left, pitch > 0 looks up, roll > 0 is clockwise in the
image; left and right are the subject's; times are monotonic nanoseconds of the frame's capture.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landmarkd.enums import Attention, ClockQuality, EventKind, EventPhase, Lids
from landmarkd.rotation import Quaternion, quaternion_from_matrix

Array = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1, pixels."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the camera.

    Attributes:
        source: where it came from, a URI or a file name.
        sequence: number of the frame at its source, counted from 0; gaps are frames never
            delivered.
        captured_ns: monotonic time of the capture, nanoseconds.
        image: (height, width, 3) uint8, BGR.
    """

    source: str
    sequence: int
    captured_ns: int
    image: NDArray[np.uint8]

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                f"a frame is (height, width, 3) uint8, this one is {image.shape} {image.dtype}"
            )


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
    eyes: "tuple[EyeReading, EyeReading] | None" = None
    track: int = 0
    extent: FaceExtent | None = None

    def __post_init__(self) -> None:
        shape = self.points.shape
        _require(len(shape) == 2 and shape[1] == 3, "points are (count, 3)")
        _require(
            self.sigma is None or self.sigma.shape == shape[:1],
            "sigma has one value for each point",
        )


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
        _require(self.rotation.shape == (3, 3), "rotation is (3, 3)")
        _require(self.translation_mm.shape == (3,), "translation_mm is (3,)")

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
class DriverEvent:
    """Something that happened to the driver's attention.

    Attributes:
        id: counts up from 1 within one run; begin, escalate and end of one event share it.
        kind: what happened.
        phase: begin, escalate or end.
        level: severity, 0 information, 1 notice, 2 warning, 3 alarm.
        began_ns: capture time of the frame that it began with.
        at_ns: capture time of the frame that this phase was decided on.
        evidence: numbers that led to it, by name ("duration_s", "perclos", "yaw").
    """

    id: int
    kind: EventKind
    phase: EventPhase
    level: int
    began_ns: int
    at_ns: int
    evidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlinkRates:
    """How often the eyes closed lately, per minute; None before that much time was seen.

    Attributes:
        blinks_1min, blinks_5min: blinks over the last minute and the last five.
        long_closures_1min, long_closures_5min: closures longer than a blink, over the same.
    """

    blinks_1min: float | None = None
    blinks_5min: float | None = None
    long_closures_1min: float | None = None
    long_closures_5min: float | None = None


@dataclass(frozen=True, slots=True)
class DriverState:
    """The driver's attention after this frame.

    Attributes:
        attention: what all of it comes to.
        level: severity of the worst running event, 0 to 3.
        calibrating: baselines of this person are still being learnt; openness is not to be trusted
            yet.
        perclos: share of the last 60 s with eyes at least 80 % closed, 0 to 1, or None before
            enough was seen.
        drowsiness: 0 alert to 3 very drowsy.
        mouth_openness: gap of the lips over the width of the mouth, or None if unknown.
        active: kinds of the running events.
        events: what began, escalated or ended on this frame.
        eyes: both eyes together: open, closed, down or unknown.
        drowsiness_score: slow estimate from blinks, closures and PERCLOS, 0 alert to 1, or None
            before enough was seen.
        rates: blinks and long closures.
    """

    attention: Attention = Attention.UNKNOWN
    level: int = 0
    calibrating: bool = True
    perclos: float | None = None
    drowsiness: int = 0
    mouth_openness: float | None = None
    active: tuple[EventKind, ...] = ()
    events: tuple[DriverEvent, ...] = ()
    eyes: Lids = Lids.UNKNOWN
    drowsiness_score: float | None = None
    rates: BlinkRates = field(default_factory=BlinkRates)


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


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted since the start, up to this frame.

    Attributes:
        captured: frames delivered by the source.
        processed: frames that went through the pipeline.
        skipped: frames that a newer one replaced before they were processed.
        reopened: how often the camera was opened again.
    """

    captured: int = 0
    processed: int = 0
    skipped: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class UtcOffset:
    """What to add to a monotonic time to have Coordinated Universal Time. Nothing decides by it.

    Attributes:
        offset_ns: UTC in nanoseconds since 1970 minus the sender's monotonic clock.
        quality: whether the sender's clock is kept to a reference.
    """

    offset_ns: int
    quality: ClockQuality = ClockQuality.UNKNOWN


@dataclass(frozen=True, slots=True)
class Report:
    """The result for one frame, also when there is no face. What encoders encode and sinks send.

    Attributes:
        source, sequence, captured_ns: as in the frame.
        emitted_ns: monotonic time at which the pipeline was done with it.
        width, height: of the frame, pixels.
        face: None when no face is tracked.
        driver: None when driver monitoring is off.
        counters: totals up to this frame.
        degraded: names of what runs in a fallback ("delegate", "camera_stalled"), empty when all is
            well.
        intrinsics: of the camera that the pose was computed with.
        utc: offset to the wall clock, read about once a second, or None if nobody read it.
    """

    source: str
    sequence: int
    captured_ns: int
    emitted_ns: int
    width: int
    height: int
    face: FaceReport | None
    driver: DriverState | None = None
    counters: Counters = field(default_factory=Counters)
    degraded: tuple[str, ...] = ()
    intrinsics: "Intrinsics | None" = None
    utc: UtcOffset | None = None


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera, with OpenCV's distortion model.

    Attributes:
        fx, fy: focal lengths, pixels.
        cx, cy: principal point, pixels.
        width, height: image size that these hold for, pixels.
        origin: "calibrated:NAME", "preset:NAME", "guess:60deg".
        distortion: k1, k2, p1, p2, k3.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    origin: str
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Session:
    """What stays the same for one run of the daemon; receivers learn it from HELLO.

    Attributes:
        boot_id: random, differs at each start, so that a receiver notices a restart.
        device: a name for this unit.
        model: name of the landmark model.
        model_sha256: of its file, hexadecimal.
        layout: name of the landmark layout, "landmarkd-562" or "dense-520".
        count: number of landmarks.
        intrinsics: None until the first frame tells the image's size.
        version: of landmarkd, such as "0.2.0"; empty if unknown.
    """

    boot_id: int
    device: str
    model: str
    model_sha256: str
    layout: str
    count: int
    intrinsics: Intrinsics | None = None
    version: str = ""
