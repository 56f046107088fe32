"""Compares events of reports with labelled ones."""

from collections.abc import Iterable, Sequence

import numpy as np
from landmarkd.enums import EventKind, EventPhase
from landmarkd.types import Report


def blinks(reports: Sequence[Report]) -> list[tuple[float, float]]:
    """Return the blinks of a clip's reports, begin and end each, in numbers of frames."""
    times = np.array([report.captured_ns for report in reports])
    numbers = np.array([report.sequence for report in reports])
    found = []
    for report in reports:
        for event in report.driver.events if report.driver is not None else ():
            if event.kind == EventKind.BLINK and event.phase is EventPhase.END:
                end_ns = event.began_ns + event.evidence["duration_s"] * 1e9
                begin, end = np.interp([event.began_ns, end_ns], times, numbers).tolist()
                found.append((begin, end))
    return found


def matched(
    found: Iterable[tuple[float, float]], wanted: Iterable[tuple[float, float]], tolerance: float
) -> tuple[int, int, int]:
    """Return hits, false and missed events; each labelled event takes at most one.

    Args:
        found: begin and end of each.
        wanted: begin and end of each label.
        tolerance: how far apart they may be, in the same unit.
    """
    left, hits, false = list(wanted), 0, 0
    for begin, end in found:
        near = [w for w in left if begin <= w[1] + tolerance and end >= w[0] - tolerance]
        if near:
            left.remove(near[0])
            hits += 1
        else:
            false += 1
    return hits, false, len(left)


def f1(hits: int, false: int, missed: int) -> float:
    """Return the F1 score of counted events."""
    return 2 * hits / max(1, 2 * hits + false + missed)
