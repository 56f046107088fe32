"""Settings of face detection and tracking."""

from typing import Self

from pydantic import model_validator

from landmarkd.settings.setting import Section, Threshold, setting


class TrackerSettings(Section):
    """How a face is found and followed."""

    detector: str = setting("network", "Name of the detector.")
    presence: Threshold = setting(0.5, "Least score at which a newly found face is believed.")
    tracking: Threshold = setting(0.3, "Least score at which a tracked face is kept.")
    retry_s: float = setting(
        0.1, "Pause between detections just after a face was lost.", ge=0, le=10
    )
    longest_retry_s: float = setting(0.25, "Pause after long absence.", ge=0, le=10)
    checker: str = setting(
        "network", "Name of the detector that checks whether a tracked face is still there."
    )
    recheck_s: float = setting(
        0.6,
        "Pause between the checks of a tracked face: is another face a better choice? After a "
        "check that finds one it is a third as long.",
        ge=0,
        le=60,
    )
    smallest_px: float = setting(12, "Smallest longer side of a face, pixels.", ge=8, le=1000)
    seat: tuple[float, float, float, float] | None = setting(
        None,
        "x0, y0, x1, y1 of the seat as shares of the frame. A face whose middle lies outside, "
        "with a margin of 15 % of the seat's size, is not the driver; in it the largest and the "
        "nearest to its middle wins. Once a driver was there for half a minute, a face of less "
        "than half the usual size is nobody.",
    )

    @model_validator(mode="after")
    def _seat_inside(self) -> Self:
        x0, y0, x1, y1 = self.seat or (0, 0, 1, 1)
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise ValueError("seat is x0, y0, x1, y1, shares of the frame from 0 to 1 that rise")
        return self
