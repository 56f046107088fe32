"""How many messages were lost, from their numbers: duplicates hide no loss."""

_HALF = 0x8000
_WINDOW = 64
"""Messages that may come late and still take their loss back."""
LEAP = 1024
"""A gap this large may be another start of the sender; the next HELLO says."""


class LossCounter:
    """Follows the numbers of one sender, which wrap at 65536.

    Attributes:
        missing: numbers that did not come; one that comes late is taken off again.
        late: messages that came out of order, or in no known order.
        doubled: messages that came twice.
    """

    def __init__(self) -> None:
        self.missing = 0
        self.late = 0
        self.doubled = 0
        self._expected: int | None = None
        self._seen = 0
        self._leapt = 0

    def add(self, sequence: int) -> None:
        """Take in the number of a message."""
        if sequence == self._expected:
            self._expected = sequence + 1 & 0xFFFF
            self._seen = (self._seen << 1 | 1) & (1 << _WINDOW) - 1
            return
        ahead = 0 if self._expected is None else (sequence - self._expected) & 0xFFFF
        if ahead < _HALF:
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
        """Take in a HELLO before its number: of the same start of the sender or of another."""
        if anew:
            self._expected, self._seen = None, 0
        else:
            self.missing += self._leapt
        self._leapt = 0
