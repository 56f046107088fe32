"""gpsd for faces: camera frames in, dense 3D facial landmarks, head pose and driver state out.

The names in `__all__` are the public interface (docs/api.md). They are imported when they are first
used, so that a program that only receives loads neither OpenCV nor a TFLite runtime.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# What type checkers read; the interpreter reads `_MODULES`.
if TYPE_CHECKING:
    from landmarkd.api import Camera as Camera
    from landmarkd.api import Receiver as Receiver
    from landmarkd.api import detect as detect
    from landmarkd.enums import Attention as Attention
    from landmarkd.enums import ClockQuality as ClockQuality
    from landmarkd.enums import Degradation as Degradation
    from landmarkd.enums import EventKind as EventKind
    from landmarkd.enums import EventPhase as EventPhase
    from landmarkd.enums import GazeZone as GazeZone
    from landmarkd.enums import Lids as Lids
    from landmarkd.errors import AccessError as AccessError
    from landmarkd.errors import CalibrationError as CalibrationError
    from landmarkd.errors import ConfigurationError as ConfigurationError
    from landmarkd.errors import DelegateError as DelegateError
    from landmarkd.errors import EndOfStreamError as EndOfStreamError
    from landmarkd.errors import InferenceRuntimeError as InferenceRuntimeError
    from landmarkd.errors import LandmarkdError as LandmarkdError
    from landmarkd.errors import MissingPackageError as MissingPackageError
    from landmarkd.errors import ModelError as ModelError
    from landmarkd.errors import SinkError as SinkError
    from landmarkd.errors import SinkSetupError as SinkSetupError
    from landmarkd.errors import SourceAbsentError as SourceAbsentError
    from landmarkd.errors import SourceBusyError as SourceBusyError
    from landmarkd.errors import SourceError as SourceError
    from landmarkd.errors import SourceFormatError as SourceFormatError
    from landmarkd.errors import SourceLostError as SourceLostError
    from landmarkd.errors import SourceTimeoutError as SourceTimeoutError
    from landmarkd.errors import UsageError as UsageError
    from landmarkd.errors import WireError as WireError
    from landmarkd.pipeline import Pipeline as Pipeline
    from landmarkd.settings.config import Configuration as Configuration
    from landmarkd.settings.config import load_configuration as load_configuration
    from landmarkd.types import BlinkRates as BlinkRates
    from landmarkd.types import Counters as Counters
    from landmarkd.types import Detection as Detection
    from landmarkd.types import DriverEvent as DriverEvent
    from landmarkd.types import DriverState as DriverState
    from landmarkd.types import EyeReading as EyeReading
    from landmarkd.types import EyeState as EyeState
    from landmarkd.types import FaceExtent as FaceExtent
    from landmarkd.types import FaceObservation as FaceObservation
    from landmarkd.types import FaceReport as FaceReport
    from landmarkd.types import Frame as Frame
    from landmarkd.types import Gaze as Gaze
    from landmarkd.types import HeadPose as HeadPose
    from landmarkd.types import Intrinsics as Intrinsics
    from landmarkd.types import RegionOfInterest as RegionOfInterest
    from landmarkd.types import Report as Report
    from landmarkd.types import Session as Session
    from landmarkd.types import UtcOffset as UtcOffset

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


if not TYPE_CHECKING:  # it would make every other name, also a wrong one, one of any type

    def __getattr__(name: str) -> Any:
        try:
            module = _HOME[name]
        except KeyError:
            raise AttributeError(f"module 'landmarkd' has no attribute {name!r}") from None
        value = globals()[name] = getattr(import_module(module), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
