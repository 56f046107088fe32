"""What finding and following a face is decided by."""

from pydantic import BaseModel, ConfigDict, Field


class TrackerSettings(BaseModel):
    """How a face is found and followed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detector: str = Field("network", description="Name of the detector.")
    presence: float = Field(
        0.5, ge=0, le=1, description="Least score at which a newly found face is believed."
    )
    tracking: float = Field(
        0.3, ge=0, le=1, description="Least score at which a tracked face is kept."
    )
    retry_s: float = Field(
        0.1, ge=0, le=10, description="Pause between detections just after a face was lost."
    )
    longest_retry_s: float = Field(0.25, ge=0, le=10, description="Pause after long absence.")
    checker: str = Field(
        "network",
        description="Name of the detector that checks whether a tracked face is still there.",
    )
    recheck_s: float = Field(
        0.3,
        ge=0,
        le=60,
        description="Pause between the checks of a tracked face: is another one wanted more.",
    )
    smallest_px: float = Field(20, ge=8, le=1000, description="Smallest side of a face, pixels.")
    seat: tuple[float, float, float, float] | None = Field(
        None,
        description="x0, y0, x1, y1 of the seat as shares of the frame. A face whose middle lies "
        "outside, with a margin of 15 % of the seat's size, is not the driver; in it the largest "
        "and the nearest to its middle wins.",
    )
