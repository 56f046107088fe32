"""A GPIO line, for a lamp or a buzzer, that is on during alerts of the driver."""

from collections.abc import Sequence
from typing import Any

from landmarkd.errors import MissingPackageError, SinkError, UsageError
from landmarkd.sinks.hook import HIGHEST_LEVEL
from landmarkd.sinks.parts import Formatter, Transport
from landmarkd.sinks.worker import QueuedSink
from landmarkd.types import Report, Session
from landmarkd.uri import Uri

UNKNOWN = ("unknown", "blocked")
"""States of attention in which the state of the driver is unknown."""
LINES = 58
"""Number of lines of the chip with the most, BCM2711."""
BLINK_NS = 500_000_000
"""Half a period of ``unknown=blink``."""


class LineFormatter(Formatter[bool]):
    """The state of the line, each time it changes.

    Args:
        level: the line is on from this level on.
        unknown: "on", "off" or "blink" while the state of the driver is unknown.
    """

    promised = "a line that is on during an alert"

    def __init__(self, level: int, unknown: str) -> None:
        self._level, self._unknown = level, unknown
        self._on: bool | None = None

    def format(self, report: Report, dropped: int) -> Sequence[bool]:
        """Return the new state of the line, or nothing without a change."""
        driver = report.driver
        if driver is not None and driver.level >= self._level:
            wanted = True
        elif self._unknown == "off" or (
            driver is not None and driver.attention not in UNKNOWN and not report.stalled
        ):
            wanted = False
        else:
            wanted = self._unknown == "on" or report.paced_ns // BLINK_NS % 2 == 0
        if wanted == self._on:
            return ()
        self._on = wanted
        return (wanted,)

    def connected(self) -> Sequence[bool]:
        """Return the last state, because the line is off after it was opened."""
        return (self._on,) if self._on is not None else ()

    def goodbye(self, dropped: int) -> Sequence[bool]:
        """Switch it off."""
        return (False,)


class LineTransport(Transport[bool]):
    """gpiozero's DigitalOutputDevice."""

    def __init__(self, name: str, pin: int, *, active_high: bool) -> None:
        self._name, self._pin, self._active_high = name, pin, active_high
        self._line: Any = None

    def check(self) -> None:
        """Check that gpiozero is installed."""
        try:
            import gpiozero  # noqa: F401
        except ImportError as error:
            raise MissingPackageError(
                "gpio: needs gpiozero; pip install 'landmarkd[gpio]', or sudo apt install "
                "python3-gpiozero."
            ) from error

    def open(self) -> None:
        """Open the line and switch it off.

        Raises:
            SinkError: the line cannot be used.
        """
        import gpiozero

        self.close()
        try:
            self._line = gpiozero.DigitalOutputDevice(
                self._pin, active_high=self._active_high, initial_value=False
            )
        except (gpiozero.GPIOZeroError, OSError) as error:
            raise SinkError(
                f"{self._name}: {error}; is the line free, and the user in the group gpio?"
            ) from error

    def send(self, pieces: Sequence[bool]) -> int:
        """Switch the line."""
        if self._line is None:
            raise OSError("the line is closed")
        for piece in pieces:
            self._line.value = float(piece)
        return len(pieces)

    def close(self) -> None:
        """Switch the line off and release it."""
        line, self._line = self._line, None
        if line is not None:
            line.value = 0.0
            line.close()


class GpioSink(QueuedSink[bool]):
    """``gpio:17?level=2&active_high=no&unknown=off|on|blink``.

    The line is on while the driver has at least this level. Numbers are BCM numbers. With
    ``unknown=blink`` the line blinks while the state of the driver is unknown. Needs
    gpiozero: the extra ``gpio``, or python3-gpiozero from apt on Raspberry Pi OS.
    """

    def __init__(self, uri: Uri, session: Session) -> None:
        uri.only({"level", "active_high", "unknown"})
        if uri.path not in map(str, range(LINES)) or uri.host:
            raise UsageError(
                f"{uri.text}: name the line by its BCM number, 0 to {LINES - 1}, such as gpio:17."
            )
        unknown = uri.choice("unknown", ("off", "on", "blink"))
        level = uri.integer("level", 2, 1, HIGHEST_LEVEL)
        active_high = uri.boolean("active_high", True)
        transport = LineTransport(uri.text, int(uri.path), active_high=active_high)
        super().__init__(uri, LineFormatter(level, unknown), transport)
