"""The result of a check: the finding, its severity and its remedy."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from landmarkd.machine import Machine
from landmarkd.settings.config import Configuration


class Severity(IntEnum):
    """Severity of a finding; `landmarkd doctor` exits with 1 for a warning and 2 for an error."""

    OK = 0
    """No fault."""
    NOTE = 1
    """Information; nothing is wrong."""
    WARNING = 2
    """landmarkd runs, but not well, or not for long."""
    ERROR = 3
    """landmarkd cannot run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        name: of the check, stable, for scripts.
        severity: of the finding.
        text: the finding in one sentence.
        remedy: what to do, a command if possible; empty if there is nothing to do.
    """

    name: str
    severity: Severity
    text: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.severity >= Severity.WARNING and not self.remedy:
            raise ValueError(f"the finding {self.name!r} needs a remedy")


Check = Callable[[Machine, Configuration], Iterable[Finding]]


def ok(name: str, text: str) -> Finding:
    """Return a finding without a fault."""
    return Finding(name, Severity.OK, text)


def note(name: str, text: str) -> Finding:
    """Return a finding with information."""
    return Finding(name, Severity.NOTE, text)


def warning(name: str, text: str, remedy: str) -> Finding:
    """Return a finding with a warning."""
    return Finding(name, Severity.WARNING, text, remedy)


def fault(name: str, text: str, remedy: str) -> Finding:
    """Return a finding with an error."""
    return Finding(name, Severity.ERROR, text, remedy)


def exit_status(findings: Iterable[Finding]) -> int:
    """Return 0 without faults, 1 for warnings, 2 for errors."""
    worst = max((finding.severity for finding in findings), default=Severity.OK)
    return max(0, worst - Severity.NOTE)
