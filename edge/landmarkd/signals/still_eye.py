"""An eye that never shuts."""

import logging

log = logging.getLogger(__name__)

STILL_BLINKS = 10
"""This many blinks in a row of only one eye are not winks. Our value."""
DIPPED, BACK, STILL = 0.4, 0.75, 0.85
"""Openness over the usual one: of a blink (below), a reopened eye, a still eye (above). Ours."""


class StillEye:
    """Detects an eye that does not shut when the other one blinks: a prosthesis or a palsy."""

    def __init__(self) -> None:
        self._alone = [0, 0]
        self._dip: int | None = None
        self._other = 1.0
        self.said: str | None = None

    def update(self, left: float, right: float) -> None:
        """Add the openness of both eyes relative to the usual one, if both are visible."""
        blinks = left, right
        if self._dip is None:
            lower = int(blinks[1] < blinks[0])
            if blinks[lower] < DIPPED:
                self._dip, self._other = lower, blinks[1 - lower]
            return
        self._other = min(self._other, blinks[1 - self._dip])
        if blinks[self._dip] < BACK:
            return
        still, self._dip = 1 - self._dip, None
        self._alone[1 - still] = 0
        self._alone[still] = self._alone[still] + 1 if self._other > STILL else 0
        if self._alone[still] == STILL_BLINKS and self.said is None:
            self.said = ("left", "right")[still]
            log.warning(
                "the %s eye did not shut in %d blinks of the other; if it never does, set "
                'eye_aside = "%s" in [driver]',
                self.said,
                STILL_BLINKS,
                self.said,
            )
