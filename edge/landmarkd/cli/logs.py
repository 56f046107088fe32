"""Log lines on standard error: plain text, or with a priority for journald."""

import logging
import os
import sys
import time
from collections.abc import Callable

from landmarkd.display import plain

QUIET_S = 60.0
"""A repeated line is only counted within this time."""

MAX_LINE = 2000
"""Characters of a message in the log."""
MOST_LINES = 256
"""Maximum of different lines in memory."""

# sd-daemon(3): journald reads the priority from a prefix.
_PRIORITIES = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}


class RepetitionFilter(logging.Filter):
    """Passes the first of equal lines, and then one a minute with their number.

    A loose cable or a missing broker must not fill the journal. The answer to a signal, whose
    record has ``asked``, always passes.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the line; adds the number of suppressed lines."""
        if getattr(record, "asked", False):
            return True
        key = (record.name, record.getMessage())
        now = self._now()
        since, held = self._seen.pop(key, (None, 0))
        if since is not None and now - since < QUIET_S:
            self._seen[key] = (since, held + 1)
            return False
        if held:
            record.msg, record.args = (
                f"{key[1]} ({held} more like this in the last {now - (since or now):.0f} s)",
                (),
            )
        self._seen[key] = (now, 0)
        while len(self._seen) > MOST_LINES:
            del self._seen[next(iter(self._seen))]
        return True


class _LineFormatter(logging.Formatter):
    """Removes line breaks and control characters of texts from outside."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the message as one printable line; a traceback keeps its lines."""
        return plain(super().formatMessage(record), MAX_LINE)


class _JournalFormatter(_LineFormatter):
    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITIES.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def set_up_logging(verbose: bool = False) -> None:
    """Send landmarkd's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    under_systemd = "JOURNAL_STREAM" in os.environ
    handler.setFormatter(
        _JournalFormatter("%(message)s") if under_systemd else _LineFormatter("%(message)s")
    )
    handler.addFilter(RepetitionFilter())
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True
    )
