"""One row of the fault table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FAULTS: dict[str, Callable[[Path], "Row"]] = {}
"""Every fault by name, in table order. Each causes its fault, asserts, and returns a row."""

ALONE: set[str] = set()
"""Faults that disturb whatever runs beside them, or measure a rate."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a fault did.

    Attributes:
        wire: what the wire showed meanwhile.
        recovery_s: from the end of the trouble to the next frame that went through; None where
            there is no such moment.
        lost: what was lost.
        status: what `landmarkd status` said meanwhile, without its table.
    """

    wire: str
    recovery_s: float | None
    lost: str
    status: str


def fault(
    name: str, *, alone: bool = False
) -> Callable[[Callable[[Path], Row]], Callable[[Path], Row]]:
    """Enter a function into the table under `name`; `alone` if nothing else may run beside it."""

    def enter(function: Callable[[Path], Row]) -> Callable[[Path], Row]:
        assert name not in FAULTS
        FAULTS[name] = function
        if alone:
            ALONE.add(name)
        return function

    return enter
