"""When a run of the service ends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a run.

    Attributes:
        frames: after this many processed frames, or None.
        duration_s: after this long, or None.
        patient: wait without a limit for a camera that is missing or used by another program, as a
            daemon does; else that is an error.
    """

    frames: int | None = None
    duration_s: float | None = None
    patient: bool = True
