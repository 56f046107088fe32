"""gpsd for faces: camera frames in, dense 3D facial landmarks, head pose and driver state out.

The names in `__all__` are the public interface (docs/api.md). They are imported when they are first
used, so that a program that only receives loads neither OpenCV nor a TFLite runtime.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmarkd.api import Camera as Camera
    from landmarkd.api import Receiver as Receiver
    from landmarkd.api import detect as detect
    from landmarkd.errors import LandmarkdError as LandmarkdError
    from landmarkd.pipeline import Pipeline as Pipeline
    from landmarkd.settings.config import Configuration as Configuration
    from landmarkd.settings.config import load_configuration as load_configuration

__version__ = "0.2.0"

MAX_PIXELS = 1 << 27
"""A file or frame that claims to be a larger picture is refused; OpenCV alone takes eight times as
many, 3 GB from a file of 1 MB."""
# OpenCV reads it when it is loaded: a program that imports cv2 before this has OpenCV's own limit.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))

_MODULES = {
    "landmarkd.api": ("Camera", "Receiver", "detect"),
    "landmarkd.pipeline": ("Pipeline",),
    "landmarkd.settings.config": ("Configuration", "load_configuration"),
    "landmarkd.errors": (
        "AccessError",
        "CalibrationError",
        "ConfigurationError",
        "DelegateError",
        "EndOfStreamError",
        "InferenceRuntimeError",
        "LandmarkdError",
        "MissingPackageError",
        "ModelError",
        "SinkError",
        "SinkSetupError",
        "SourceAbsentError",
        "SourceBusyError",
        "SourceError",
        "SourceFormatError",
        "SourceLostError",
        "SourceTimeoutError",
        "UsageError",
        "WireError",
    ),
    "landmarkd.enums": (
        "Attention",
        "ClockQuality",
        "Degradation",
        "EventKind",
        "EventPhase",
        "GazeZone",
        "Lids",
    ),
    "landmarkd.types": (
        "BlinkRates",
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
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604 - all are strings


def __getattr__(name: str) -> Any:
    try:
        module = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'landmarkd' has no attribute {name!r}") from None
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
