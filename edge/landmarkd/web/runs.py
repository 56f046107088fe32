"""The runs in one file of JSON lines: several starts append to it.

Each run numbers its frames and events from the beginning, and after a boot of the machine its
monotonic clock begins anew too. Here the frames of all runs get one time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LATE_NS = 1_000_000_000
"""A frame this much older than the newest was late on the network, and is of the same run."""
UNKNOWN_GAP_NS = 2_000_000_000
"""Shown between two runs if the time between them is unknown."""
MAX_SOURCES = 64
MAX_TOGETHER = 8
"""Runs of one source that may go on: devices may have the same name, and their lines alternate."""
NEAR_NS = 10_000_000_000
"""A source that was not there before may be one that was: a sender has its address as name until
its HELLO, which comes every two seconds. Then its clock goes on."""
OVER = 1000
"""After this many frames of other runs a run is over."""
MAX_RUNS = 10_000
"""More runs than this share the last number."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a frame says about its time.

    Attributes:
        source: name of its source.
        captured_ns: capture time on the clock of its run.
        sequence: number in its run, or None.
        offset_ns: from its clock to UTC, or None.
        synchronised: whether the offset is that of a synchronised clock.
    """

    source: str
    captured_ns: int
    sequence: int | None = None
    offset_ns: int | None = None
    synchronised: bool = False


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        number: from 0.
        shift_ns: from its clock to the time since the first frame of the file.
        captured_ns: capture time of its newest frame.
        sequence: number of its newest frame, or None.
        offset_ns: from its clock to UTC, or None.
        frames: of all runs, when its newest frame came.
    """

    number: int
    shift_ns: int
    captured_ns: int
    sequence: int | None = None
    offset_ns: int | None = None
    frames: int = 0

    def seconds(self, time_ns: int) -> float:
        """Return a time of its clock in seconds since the first frame of the file."""
        return (time_ns + self.shift_ns) / 1e9

    def utc_s(self, time_ns: int) -> float | None:
        """Return a time of its clock as UTC in seconds since 1970, or None."""
        return None if self.offset_ns is None else (time_ns + self.offset_ns) / 1e9

    def holds(self, stamp: Stamp) -> bool:
        """Return whether a frame may be of this run."""
        if stamp.captured_ns <= self.captured_ns:
            return not self.stepped_back(stamp)
        if stamp.sequence is None or self.sequence is None:
            return True
        return stamp.sequence > self.sequence  # else it counts anew

    def goes_on(self, stamp: Stamp, following: Iterable[Stamp | None]) -> bool:
        """Return whether a frame far from this run stands between two of it.

        Then it is of another unit, whose clock says nothing about the time between them.
        """
        at_ns = self.captured_ns
        if abs(stamp.captured_ns - at_ns) < NEAR_NS:
            return False
        times = (later.captured_ns for later in following if later is not None)
        return any(
            abs(time_ns - at_ns) < min(NEAR_NS, abs(time_ns - stamp.captured_ns))
            for time_ns in times
        )

    def stepped_back(self, stamp: Stamp) -> bool:
        """Return whether the clock of a frame began after this one."""
        return stamp.captured_ns < self.captured_ns - LATE_NS


class Runs:
    """Sorts frames into runs, in the order of the file.

    Attributes:
        ends: of each run the time of its newest frame, in seconds since the first frame.
        utc_s: UTC of the first frame in seconds since 1970, or None.
        synchronised: whether this clock was synchronised.
    """

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.utc_s: float | None = None
        self.synchronised = False
        # Of each source, because the lines of several senders alternate; the newest is the last.
        self._running: dict[str, list[Run]] = {}
        self._last: Run | None = None
        self._frames = 0
        self._end_ns = 0
        self._zero_utc_ns: int | None = None
        self._by_utc = self._following = self._beside = 0

    def take(self, stamp: Stamp, following: Iterable[Stamp | None] = ()) -> Run:
        """Return the run of the next frame.

        Args:
            stamp: of this frame.
            following: of some frames after it, in the order of the file; None is unknown.
        """
        runs = self._running.pop(stamp.source, [])
        known = runs or [run for each in self._running.values() for run in each]
        fitting = [run for run in known if run.holds(stamp) and not run.goes_on(stamp, following)]
        if not runs:
            fitting = [run for run in fitting if abs(stamp.captured_ns - run.captured_ns) < NEAR_NS]
        if fitting:
            run = min(fitting, key=lambda run: abs(stamp.captured_ns - run.captured_ns))
        else:
            run = self._begin(runs[-1] if runs else self._last, stamp, following)
        self._frames += 1
        run.frames = self._frames
        others = [each for each in runs if each is not run and run.frames - each.frames <= OVER]
        self._running[stamp.source] = [*others, run][-MAX_TOGETHER:]
        self._last = run
        if len(self._running) > MAX_SOURCES:
            del self._running[next(iter(self._running))]
        if stamp.captured_ns >= run.captured_ns:
            run.captured_ns, run.sequence = stamp.captured_ns, stamp.sequence
        self._end_ns = max(self._end_ns, stamp.captured_ns + run.shift_ns)
        self.ends[run.number] = max(self.ends[run.number], run.seconds(stamp.captured_ns))
        self._keep_utc(run, stamp)
        return run

    def _begin(self, before: Run | None, stamp: Stamp, following: Iterable[Stamp | None]) -> Run:
        at_ns = 0 if before is None else self._place(before, stamp, following)
        if len(self.ends) < MAX_RUNS:
            self.ends.append(at_ns / 1e9)
        return Run(len(self.ends) - 1, at_ns - stamp.captured_ns, stamp.captured_ns)

    def _place(self, before: Run, stamp: Stamp, following: Iterable[Stamp | None]) -> int:
        """Return the time of the first frame of a new run.

        By UTC, else beside a run that goes on, else by the clock, else at the end.
        """
        clock_ns = stamp.captured_ns + before.shift_ns
        if stamp.synchronised and stamp.offset_ns is not None and self._zero_utc_ns is not None:
            utc_ns = stamp.captured_ns + stamp.offset_ns - self._zero_utc_ns
            if utc_ns >= self._end_ns - LATE_NS:
                self._by_utc += abs(utc_ns - clock_ns) > LATE_NS
                return utc_ns
        if before.goes_on(stamp, following):
            self._beside += 1
            return before.captured_ns + before.shift_ns
        if not before.stepped_back(stamp):
            return clock_ns
        self._following += 1
        return self._end_ns + UNKNOWN_GAP_NS

    def _keep_utc(self, run: Run, stamp: Stamp) -> None:
        if stamp.offset_ns is None:
            return
        run.offset_ns = stamp.offset_ns
        if stamp.synchronised:
            self._zero_utc_ns = stamp.offset_ns - run.shift_ns
        if run.number == 0 and (self.utc_s is None or (stamp.synchronised > self.synchronised)):
            self.utc_s, self.synchronised = run.utc_s(-run.shift_ns), stamp.synchronised

    @property
    def trouble(self) -> str:
        """A sentence about runs with another clock; empty without any."""
        parts = []
        if self._by_utc:
            parts.append(f"{self._by_utc} placed by UTC")
        if self._beside:
            parts.append(f"{self._beside} placed beside the run that goes on meanwhile")
        if self._following:
            parts.append(
                f"{self._following} placed after the run before, because the time between is "
                "unknown"
            )
        if not parts:
            return ""
        return f"runs with another clock, as after a boot or of another unit: {', '.join(parts)}."
