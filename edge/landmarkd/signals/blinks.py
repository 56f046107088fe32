"""Blinks and long closures: dips of the openness, with the times of closing and opening."""

from itertools import pairwise

from landmarkd.enums import EventKind, EventPhase
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.timing import NANOSECONDS, EventBook, nanoseconds
from landmarkd.types import DriverEvent

LONGEST_NS = nanoseconds(3.5)
"""How much longer a dip with shut eyes may be: tired lids need a second or two to go down, and to
rise. Ours."""

STEP_SHARE = 0.2
"""Weight of the last interval of the frames in their mean. Ours."""


class BlinkDetector:
    """Finds blinks and long closures in the openness of the eyes relative to the usual one.

    A dip begins when the openness falls through `blink_openness` and ends when it rises through
    `blink_end_openness`. Its duration is measured at half of its amplitude, as in studies of blinks
    (Caffier et al. 2003), and interpolated between frames, so that it is exact at a low frame rate
    too. A dip that does not reach `blink_depth` is a smile or a glance down; in a blink both eyes
    dip (`blink_both`). Up to `blink_max_s` it is a blink; a longer one is a long closure, unless
    the eyes were shut (P80) for as long as a microsleep. Of a dip longer than these times together,
    of lids that move slowly, only the time in which the eyes are shut counts: beyond `blink_max_s`
    it is a long closure, else the lids are just low. Both are known only when they are over, and
    are reported once, as an END.
    """

    def __init__(self, settings: DriverSettings, book: EventBook) -> None:
        self._settings, self._book = settings, book
        self._gap_ns = nanoseconds(settings.blink_gap_s)
        self._hold_ns = nanoseconds(settings.hold_s)
        self._slow_ns = nanoseconds(settings.blink_slow_frame_s)
        self._microsleep_ns = nanoseconds(settings.microsleep_s)
        self._blink_ns = nanoseconds(settings.blink_max_s)
        self._slow_dip_ns = self._microsleep_ns + self._blink_ns
        self._longest_ns = self._slow_dip_ns + LONGEST_NS
        self._dip: list[tuple[int, float]] = []
        self._last: tuple[int, float] | None = None
        self._frame_ns: int | None = None
        self._step_ns = 0.0
        self._least_shut = 1.0
        self._shut: tuple[int, int] | None = None
        self._run_ns: int | None = None
        self._longest_run_ns = 0
        self._explained = False

    def update(
        self,
        openness: float | None,
        time_ns: int,
        *,
        least_shut: float | None = None,
        closed: bool | None = None,
        explained: bool = False,
    ) -> list[DriverEvent]:
        """Add the openness of a frame and return a blink or long closure that ended on it.

        Args:
            openness: of both eyes relative to the usual one; None if unknown.
            time_ns: capture time.
            least_shut: of the more open eye; the same if left out.
            closed: whether the eyes are classified as shut, which a long closure needs.
            explained: whether they are shut for another reason than sleepiness.
        """
        usual_ns = self._usual_gap(time_ns)
        if openness is None:
            return []
        last, self._last = self._last, (time_ns, openness)
        if last is None:
            return []
        gap_ns = time_ns - last[0]
        # Shut before and after it: the same closure, as for a microsleep.
        stayed = bool(self._dip and closed) and self._run_ns is not None
        if gap_ns > usual_ns and not (stayed and gap_ns <= self._hold_ns):
            self._dip = []
            return []
        other = openness if least_shut is None else least_shut
        if not self._dip:
            if openness < self._settings.blink_openness <= last[1]:
                self._dip = [last, self._last]
                self._least_shut, self._shut, self._explained = other, None, False
                self._run_ns, self._longest_run_ns = None, 0
                self._note(closed, explained, time_ns)
            return []
        self._dip.append(self._last)
        if openness <= self._settings.blink_end_openness:
            self._least_shut = min(self._least_shut, other)
            self._note(closed, explained, time_ns)
            low_ns = time_ns - self._dip[0][0]
            shut = self._run_ns is not None or self._longest_run_ns > self._blink_ns
            if low_ns > (self._longest_ns if shut else self._slow_dip_ns):
                self._dip = []
                # Further frames below the limit are no new dip, which has to start above it.
            return []
        self._note(False, False, time_ns)
        dip, self._dip = self._dip, []
        return self._ended(dip, time_ns)

    def _usual_gap(self, time_ns: int) -> float:
        """Note the time of a frame; return how long eyes may be unknown in a dip, nanoseconds.

        A slow camera has gaps too, which are not all alike.
        """
        usual_ns = 3.0 * self._step_ns
        if self._frame_ns is not None:
            step_ns = min(time_ns - self._frame_ns, 2 * self._gap_ns)
            self._step_ns += (step_ns - self._step_ns) * (STEP_SHARE if self._step_ns else 1.0)
        self._frame_ns = time_ns
        return max(self._gap_ns, usual_ns)

    def _note(self, closed: bool | None, explained: bool, time_ns: int) -> None:
        """Note the classification of the lids on a frame of the dip."""
        if self._run_ns is not None:
            self._longest_run_ns = max(self._longest_run_ns, time_ns - self._run_ns)
        if closed:
            self._shut = self._shut[0] if self._shut else time_ns, time_ns
            self._run_ns = time_ns if self._run_ns is None else self._run_ns
        else:
            self._run_ns = None
        self._explained = self._explained or explained

    def _ended(self, dip: list[tuple[int, float]], time_ns: int) -> list[DriverEvent]:
        settings = self._settings
        deepest_ns, deepest = min(dip, key=lambda sample: sample[1])
        slow = time_ns - dip[-2][0] > self._slow_ns
        shallow = deepest >= settings.blink_depth and not slow
        if shallow or self._least_shut >= settings.blink_both:
            return []
        half = min(0.5 * (1.0 + deepest), settings.blink_openness)
        began_ns = next(_crossing(a, b, half) for a, b in pairwise(dip) if b[1] < half)
        ended_ns = next(
            _crossing(a, b, half) for a, b in reversed(list(pairwise(dip))) if a[1] < half
        )
        duration_s = (ended_ns - began_ns) / NANOSECONDS
        kind = EventKind.BLINK
        if dip[-2][0] - dip[0][0] > self._slow_dip_ns and (
            self._longest_run_ns <= self._blink_ns or duration_s <= settings.blink_max_s
        ):
            return []
        if duration_s > settings.blink_max_s:
            if self._shut is None or self._shut[1] - self._shut[0] >= self._microsleep_ns:
                return []
            if self._explained and duration_s >= settings.microsleep_s:
                return []
            kind = EventKind.LONG_CLOSURE
        evidence = {
            "duration_s": duration_s,
            "closing_s": (deepest_ns - began_ns) / NANOSECONDS,
            "opening_s": (ended_ns - deepest_ns) / NANOSECONDS,
            "openness": deepest,
        }
        fastest = max((a[1] - b[1]) / max(b[0] - a[0], 1) for a, b in pairwise(dip)) * NANOSECONDS
        if not slow and fastest > 0.0:
            # Amplitude over peak closing velocity, seconds; it grows with drowsiness (Johns 2003).
            evidence["amp_velocity_s"] = (dip[0][1] - deepest) / fastest
        return [
            DriverEvent(self._book.new_id(), kind, EventPhase.END, 0, began_ns, time_ns, evidence)
        ]


def _crossing(a: tuple[int, float], b: tuple[int, float], level: float) -> int:
    """Return the time at which the line from a to b passes a level, nanoseconds."""
    share = (level - a[1]) / (b[1] - a[1])
    return a[0] + round(min(max(share, 0.0), 1.0) * (b[0] - a[0]))
