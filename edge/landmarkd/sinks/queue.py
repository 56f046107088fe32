"""A bounded queue of reports with ranks."""

from collections import deque

from landmarkd.types import Report


class RankedQueue:
    """At most `limit` reports; a full queue drops the oldest of the lowest rank.

    Args:
        limit: maximum of reports.
        urgent_first: return the oldest of the highest rank first; else in their order.
    """

    def __init__(self, limit: int, *, urgent_first: bool = False) -> None:
        self.limit, self._urgent_first = limit, urgent_first
        self._items: deque[tuple[int, Report]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether the next `push` drops a report."""
        return len(self._items) >= self.limit

    @property
    def highest(self) -> int:
        """The highest rank in the queue, -1 if it is empty."""
        return max((rank for rank, _ in self._items), default=-1)

    def push(self, report: Report, rank: int) -> bool:
        """Add a report; return whether this dropped a report, perhaps the new one."""
        if not self.full:
            self._items.append((rank, report))
            return False
        lowest = min(each for each, _ in self._items)
        if rank >= lowest:
            del self._items[self._first(lowest)]
            self._items.append((rank, report))
        return True

    def take(self) -> Report:
        """Remove and return the next report; raises IndexError if there is none."""
        place = self._first(self.highest) if self._urgent_first and self._items else 0
        report = self._items[place][1]
        del self._items[place]
        return report

    def clear(self) -> int:
        """Remove all and return their number."""
        count = len(self._items)
        self._items.clear()
        return count

    def _first(self, rank: int) -> int:
        return next(place for place, (each, _) in enumerate(self._items) if each == rank)
