"""What a capture has counted."""

from dataclasses import dataclass

RUNNING, STALLED, REOPENING, WAITING = "running", "stalled", "reopening", "waiting"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was counted since the start.

    Attributes:
        captured: good frames that the source delivered.
        skipped: of these, replaced by a newer one before anybody took them.
        reopened: attempts to open the camera again.
        stale: dropped for a time stamp that is not newer than the one past.
        identical: dropped for equalling the one before bit for bit.
        corrupt: dropped because they could not be decoded or had another size.
        missing: frames of a file that its container promised and that are not there.
        state: "running", "stalled" (a frame is late), "reopening", or "waiting" for a camera that
            was not there yet.
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
