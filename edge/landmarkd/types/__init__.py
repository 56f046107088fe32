"""The data of the pipeline: immutable records over arrays, validated when they are built.

Conventions (docs/landmarks.md): pixels with x right, y down and pixel centres at integers; depth in
the same unit, larger is nearer to the camera, zero at the mean of the dense points; angles in
degrees, yaw > 0 turns the nose to image left, pitch > 0 looks up, roll > 0 is clockwise in the
image; left and right are those of the subject; times are monotonic nanoseconds of the frame's
capture.
"""

from landmarkd.types.driver import BlinkRates, DriverEvent, DriverState
from landmarkd.types.face import (
    Array,
    Box,
    Detection,
    EyeReading,
    EyeState,
    FaceExtent,
    FaceObservation,
    FaceReport,
    Gaze,
    HeadPose,
    RegionOfInterest,
)
from landmarkd.types.frame import Frame, Intrinsics
from landmarkd.types.report import Counters, Report, Session, UtcOffset

__all__ = [
    "Array",
    "BlinkRates",
    "Box",
    "Counters",
    "Detection",
    "DriverEvent",
    "DriverState",
    "EyeReading",
    "EyeState",
    "FaceExtent",
    "FaceObservation",
    "FaceReport",
    "Frame",
    "Gaze",
    "HeadPose",
    "Intrinsics",
    "RegionOfInterest",
    "Report",
    "Session",
    "UtcOffset",
]
