"""A vehicle that is too slow for an alarm, with hysteresis: a speed is never quite steady."""

BAND_KMH, BAND_SHARE = 0.9, 0.1
"""A vehicle that was fast enough is slow this far below the limit, or this share of the limit if it
is less. Within a step of whole km/h, so that 19 is slow for a limit of 20. Ours."""
AGAIN_KMH = 5.0
"""What was an alarm until the vehicle became slow is one again this far above the limit. Ours."""


class SpeedLimit:
    """Whether a condition causes no alarm, because the vehicle is too slow for it.

    An alarm that ended in the slow vehicle does not begin again while its condition goes on and the
    speed wavers about the limit.

    Args:
        limit_kmh: an alarm needs this speed.

    Attributes:
        slow: whether the vehicle was too slow in the last frame.
    """

    def __init__(self, limit_kmh: float) -> None:
        self._limit = limit_kmh
        self._slow_below = limit_kmh
        self._muted = self.slow = False

    def silent(self, condition: bool | None, speed_kmh: float) -> bool:
        """Return whether the condition of this frame causes no alarm.

        Args:
            condition: what the alarm is about; None if unknown.
            speed_kmh: of the vehicle.
        """
        self.slow = speed_kmh < self._slow_below
        band = 0.0 if self.slow else min(BAND_KMH, BAND_SHARE * self._limit)
        self._slow_below = self._limit - band
        if condition is False or speed_kmh >= self._limit + AGAIN_KMH:
            self._muted = False
        return self.slow or self._muted

    def ended(self) -> None:
        """Note that the alarm has just ended."""
        self._muted = self.slow
