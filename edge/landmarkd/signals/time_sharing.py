"""Visual attention time sharing: seconds away from the road within a window."""

from typing import Literal

from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.timing import SlidingShare, Steady, nanoseconds

Looking = Literal["road", "driving", "away"]
"""Where the driver looks; "driving" is a mirror or an instrument."""


class TimeSharing:
    """Counts the seconds away within a window, until a long enough look at the road."""

    def __init__(self, settings: DriverSettings) -> None:
        self._away = SlidingShare(settings.sharing_window_s)
        self._limit_s = settings.sharing_away_s
        self._reset_ns = nanoseconds(settings.sharing_reset_s)
        self._hold_ns = nanoseconds(settings.hold_s)
        self._forget_ns = nanoseconds(settings.forget_s)
        self._road = Steady(settings.hold_s, settings.blip_s)
        self._last: tuple[Looking | None, int] | None = None
        self.active = False

    @property
    def away_s(self) -> float:
        """Seconds away within the window."""
        return self._away.true_s

    def update(self, looking: Looking | None, time_ns: int) -> bool:
        """Add a frame and return whether the look was away for too much of the window.

        It stays so until a look at the road, or until nothing was known for `forget_s`.
        """
        if self._last is not None:
            was, then_ns = self._last
            known = was is not None and time_ns - then_ns <= self._hold_ns
            self._away.add(was == "away" if known else None, then_ns, time_ns)
        if time_ns - self._road.known_ns >= self._forget_ns:
            self._away.clear()
            self.active = False
        self._last = looking, time_ns
        on_road, road = None if looking is None else looking == "road", self._road
        road.update(on_road, time_ns)
        if on_road and road.holds and time_ns - road.since_ns >= self._reset_ns:
            self._away.clear()
            self.active = False
        self.active = self.active or self.away_s >= self._limit_s
        return self.active
