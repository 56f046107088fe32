"""The result for one frame, and what stays the same for a run."""

from dataclasses import dataclass, field

from landmarkd.enums import ClockQuality
from landmarkd.types.driver import DriverState
from landmarkd.types.face import FaceReport
from landmarkd.types.frame import Intrinsics


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
    intrinsics: Intrinsics | None = None
    utc: UtcOffset | None = None


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
