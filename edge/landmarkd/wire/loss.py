"""Counts lost messages by their numbers; duplicates hide no loss."""

_HALF = 0x8000
_WINDOW = 64
"""A message that is late by fewer numbers than this no longer counts as lost."""
LEAP = 1024
"""A gap this large may be a restart of the sender; the next HELLO decides."""


class LossCounter:
    """Tracks the numbers of one sender, which wrap at 65536.

    Attributes:
        missing: numbers that did not arrive; those that arrive late are subtracted again.
        late: messages that arrived out of order, or in an unknown order.
        doubled: messages that arrived twice.
    """

    def __init__(self) -> None:
        self.missing = 0
        self.late = 0
        self.doubled = 0
        self._expected: int | None = None
        self._newest_ns = 0
        self._seen = 0
        self._leapt = 0

    def add(self, sequence: int, captured_ns: int = 0) -> None:
        """Count a message by its number.

        After a gap of half of all numbers, only the time of its frame tells it from a late one.
        """
        newer, self._newest_ns = captured_ns > self._newest_ns, max(captured_ns, self._newest_ns)
        if sequence == self._expected:
            self._expected = sequence + 1 & 0xFFFF
            self._seen = (self._seen << 1 | 1) & (1 << _WINDOW) - 1
            return
        ahead = 0 if self._expected is None else (sequence - self._expected) & 0xFFFF
        if ahead < _HALF or (newer and ahead <= 0xFFFF - _WINDOW):
            if ahead < LEAP:
                self.missing += ahead
            else:
                self._leapt += ahead
            self._seen = (self._seen << min(ahead + 1, _WINDOW) | 1) & (1 << _WINDOW) - 1
            self._expected = sequence + 1 & 0xFFFF
            return
        behind = 0xFFFF - ahead
        if behind < _WINDOW and self._seen >> behind & 1:
            self.doubled += 1
            return
        self.late += 1
        if behind < _WINDOW:
            self._seen |= 1 << behind
            self.missing = max(0, self.missing - 1)

    def greeted(self, *, anew: bool) -> None:
        """Handle a HELLO before its number: of the same start of the sender or of a new one."""
        if anew:
            self._expected, self._seen, self._newest_ns = None, 0, 0
        else:
            self.missing += self._leapt
        self._leapt = 0
