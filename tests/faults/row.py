"""One row of the fault table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FAULTS: dict[str, Callable[[Path], "Row"]] = {}
"""Every fault by its name, in the order of the table. Each makes its trouble happen, asserts, and returns a row."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a fault did.

    Attributes:
        wire: what the wire showed meanwhile.
        recovery_s: from the end of the trouble to the next frame that went through; None where there is no such
            moment.
        lost: what was lost.
    """

    wire: str
    recovery_s: float | None
    lost: str


def fault(name: str) -> Callable[[Callable[[Path], Row]], Callable[[Path], Row]]:
    """Enter a function into the table under `name`."""

    def enter(function: Callable[[Path], Row]) -> Callable[[Path], Row]:
        assert name not in FAULTS
        FAULTS[name] = function
        return function

    return enter
