"""The result for one frame, and the constant data of a run."""

from dataclasses import dataclass, field

from landmarkd.enums import ClockQuality, Degradation
from landmarkd.types.driver import DriverState
from landmarkd.types.face import FaceReport
from landmarkd.types.frame import Intrinsics


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts since the start, up to this frame.

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
    """Offset from monotonic time to Coordinated Universal Time. No decision depends on it.

    Attributes:
        offset_ns: UTC in nanoseconds since 1970 minus the sender's monotonic clock.
        quality: whether the clock of the sender is synchronised.
    """

    offset_ns: int
    quality: ClockQuality = ClockQuality.UNKNOWN


@dataclass(slots=True)
class Report:
    """The result for one frame, also without a face. Encoders encode it and sinks send it.

    Attributes:
        source, sequence, captured_ns: as in the frame.
        emitted_ns: monotonic time at which the pipeline finished.
        width, height: of the frame, pixels.
        face: None when no face is tracked.
        driver: None when driver monitoring is off.
        counters: totals up to this frame.
        degraded: names of the parts in a fallback ("delegate", "camera_stalled"); empty if there
            are none.
        intrinsics: camera parameters that the pose was computed with, or None if unknown.
        utc: offset to the wall clock, read about once a second, or None if it was not read.
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
    intrinsics: Intrinsics | None = None
    utc: UtcOffset | None = None

    @property
    def stalled(self) -> bool:
        """Whether the camera delivers nothing: then `sequence` and `captured_ns` stand still."""
        return Degradation.CAMERA_STALLED in self.degraded

    @property
    def paced_ns(self) -> int:
        """Time for what is sent again and again: of the capture, or of the report if stalled.

        It may step back a little when frames come again.
        """
        return self.emitted_ns if self.stalled else self.captured_ns


@dataclass(frozen=True, slots=True)
class Session:
    """The constant data of one run of the daemon; receivers get it by HELLO.

    Attributes:
        boot_id: random at each start, so that a receiver detects a restart.
        device: a name for this unit.
        model: name of the landmark model.
        model_sha256: of its file, hexadecimal.
        layout: name of the landmark layout, "landmarkd-562" or "dense-520".
        count: number of landmarks.
        intrinsics: None until the first frame, which has the size of the image.
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
