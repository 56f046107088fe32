"""The counts of a capture."""

from dataclasses import dataclass

RUNNING, STALLED, REOPENING, WAITING = "running", "stalled", "reopening", "waiting"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the start.

    Attributes:
        captured: valid frames of the source.
        skipped: captured frames that were replaced by a newer one before they were taken.
        reopened: attempts to open the camera again.
        stale: dropped frames whose time stamp is not newer than the previous one.
        identical: dropped frames that are bit for bit equal to the previous one.
        corrupt: dropped frames that could not be decoded or had another size.
        missing: frames of a file that its container lists but does not contain.
        state: "running", "stalled" (a frame is late), "reopening", or "waiting" for a camera that
            has not delivered yet.
        trouble: why the camera is opened again, until it delivers; else None.
    """

    captured: int = 0
    skipped: int = 0
    reopened: int = 0
    stale: int = 0
    identical: int = 0
    corrupt: int = 0
    missing: int = 0
    state: str = RUNNING
    trouble: str | None = None
