"""One row of the fault table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FAULTS: dict[str, Callable[[Path], "Row"]] = {}
"""Every fault by name, in table order. Each causes its fault, asserts, and returns a row."""

ALONE: set[str] = set()
"""Faults that disturb everything else on the machine, or measure a rate."""


@dataclass(frozen=True, slots=True)
class Row:
    """The effect of a fault.

    Attributes:
        wire: what the wire showed during the fault.
        recovery_s: from the end of the fault to the next frame that arrived; None where that does
            not exist.
        lost: what was lost.
        status: the output of `landmarkd status` during the fault, without its table.
    """

    wire: str
    recovery_s: float | None
    lost: str
    status: str


def fault(
    name: str, *, alone: bool = False
) -> Callable[[Callable[[Path], Row]], Callable[[Path], Row]]:
    """Add a function to the table under `name`; `alone` if nothing else may run beside it."""

    def enter(function: Callable[[Path], Row]) -> Callable[[Path], Row]:
        assert name not in FAULTS
        FAULTS[name] = function
        if alone:
            ALONE.add(name)
        return function

    return enter
