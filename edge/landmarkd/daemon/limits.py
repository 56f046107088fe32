"""When a run ends by itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a run, from its start to its end, over all reloads.

    Attributes:
        frames: after this many processed frames, or None.
        duration_s: after this long, or None.
    """

    frames: int | None = None
    duration_s: float | None = None

    def reached(self, processed: int, passed_ns: int) -> bool:
        """Return whether one of them is reached.

        Args:
            processed: frames since the start of the run.
            passed_ns: nanoseconds since then.
        """
        if self.frames is not None and processed >= self.frames:
            return True
        return self.duration_s is not None and passed_ns >= self.duration_s * 1e9
