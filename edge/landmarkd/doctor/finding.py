"""The result of a check: what was found, how bad it is, and what fixes it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from landmarkd.machine import Machine
from landmarkd.settings.config import Configuration


class Severity(IntEnum):
    """How bad a finding is; `landmarkd doctor` exits with 1 for a warning and 2 for an error."""

    OK = 0
    """As it should be."""
    NOTE = 1
    """Worth knowing; nothing is wrong."""
    WARNING = 2
    """It runs, but worse than it could, or not for long."""
    ERROR = 3
    """It cannot do its work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: of the thing that was checked, stable, for scripts.
        severity: how bad it is.
        text: what was found, one sentence.
        remedy: what to do about it, a command where there is one; empty when nothing is to be done.
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
    """Return a finding that all is well."""
    return Finding(name, Severity.OK, text)


def note(name: str, text: str) -> Finding:
    """Return a finding worth knowing."""
    return Finding(name, Severity.NOTE, text)


def warning(name: str, text: str, remedy: str) -> Finding:
    """Return a finding that makes it run worse."""
    return Finding(name, Severity.WARNING, text, remedy)


def fault(name: str, text: str, remedy: str) -> Finding:
    """Return a finding that keeps it from running."""
    return Finding(name, Severity.ERROR, text, remedy)


def exit_status(findings: Iterable[Finding]) -> int:
    """Return 0 when all is well, 1 for warnings, 2 for errors."""
    worst = max((finding.severity for finding in findings), default=Severity.OK)
    return max(0, worst - Severity.NOTE)
