"""The output of driver monitoring on every evaluation clip, whole, against its labels.

An alarm about closed eyes is an event of kind microsleep, sleep or unresponsive that began with the
eyes, or drowsiness of level 2. Its later stages belong to the same alarm. In a clip labelled
`awake` every such alarm is false; nothing is exempted.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from landmarkd.enums import EventKind, EventPhase
from landmarkd.types import Report

from models.evaluate.events import blinks, matched

CLOSURE = {EventKind.MICROSLEEP, EventKind.SLEEP}
BAD = ("drowsy", "asleep", "distracted", "unresponsive")
FOUND_WITHIN_S = 0.2
CLOSURE_S = 1.0
PEOPLE = {
    "mahie, webcam, 30 fps": ("blink_mahie_1.avi", "blink_mahie_2.avi", "blink_mahie_3.avi"),
    "soniya, glasses, dim, 6 fps": ("blink_soniya_5.avi",),
    "eyes_shut_4s, phone, 20 fps": ("eyes_shut_4s.mp4",),
}


@dataclass
class ClipResult:
    """One clip.

    Attributes:
        name: of the file.
        awake: whether it is labelled so.
        face_s: time with a face.
        shares: seconds of it in each state of attention.
        events: lines that name every event other than a blink.
        false_alarms: alarms about closed eyes outside labelled closures.
        closures: (label, delay of the alarm in seconds beyond the closure's first second, or None).
        yawns: found, false and missed.
        blinks: hits, false and missed, or None without labels.
    """

    name: str
    awake: bool
    face_s: float
    shares: dict[str, float]
    events: list[str] = field(default_factory=list)
    false_alarms: int = 0
    closures: list[tuple[tuple[int, int], float | None]] = field(default_factory=list)
    yawns: tuple[int, int, int] = (0, 0, 0)
    blinks: tuple[int, int, int] | None = None


def measure(name: str, reports: list[Report], label: dict) -> ClipResult:
    """Return the result of one clip.

    Args:
        name: of the clip.
        reports: on all its frames.
        label: of the clip in eye_labels.json, or {}.
    """
    times = np.array([report.captured_ns for report in reports])
    steps = np.diff(times, append=times[-1]) / 1e9
    shares: dict[str, float] = {}
    face_s = 0.0
    for report, step in zip(reports, steps, strict=True):
        if report.face is not None:
            face_s += step
            said = str(report.driver.attention)
            shares[said] = shares.get(said, 0.0) + step
    result = ClipResult(name, bool(label.get("awake")), face_s, shares)
    _count_alarms(result, reports, times, label)
    wanted = label.get("blink_events") or label.get("blinks")
    if wanted:
        last = label.get("labelled_range", (0, len(reports)))[1]
        found = [blink for blink in blinks(reports) if blink[0] <= last]
        result.blinks = matched(found, wanted, label.get("tolerance_frames", 2))
    return result


def _count_alarms(result, reports, times, label):
    shut = [
        tuple(span)
        for span in label.get("eyes_shut", []) + label.get("both_closed", [])
        if (times[span[1]] - times[span[0]]) / 1e9 >= CLOSURE_S
    ]
    delays: dict[tuple[int, int], float | None] = dict.fromkeys(shut)
    false_ids, closure_ids, yawned = set(), set(), []
    for report in reports:
        for event in report.driver.events:
            if event.kind == EventKind.BLINK:
                continue
            result.events.append(_line(event, report, times[0]))
            began = int(np.searchsorted(times, event.began_ns))
            if event.kind in CLOSURE:
                closure_ids.add(event.id)
            drowsy = event.kind == EventKind.DROWSINESS and event.level >= 2
            if event.phase is EventPhase.END:
                if event.kind == EventKind.YAWN:
                    yawned.append((began, report.sequence))
                continue
            if event.id in closure_ids or drowsy:
                true = next((s for s in shut if s[0] - 6 <= began <= s[1]), None)
                if true is None:
                    false_ids.add(event.id)
                elif delays[true] is None and event.kind in CLOSURE:
                    delays[true] = (report.captured_ns - times[true[0]]) / 1e9 - CLOSURE_S
    running = [event for event in reports[-1].driver.active if event == EventKind.YAWN]
    yawned += [(reports[-1].sequence, reports[-1].sequence) for _ in running]
    result.false_alarms = len(false_ids)
    result.closures = list(delays.items())
    result.yawns = matched(yawned, label.get("yawns", []), 0)


def _line(event, report, start_ns):
    at, began = ((ns - start_ns) / 1e9 for ns in (event.at_ns, event.began_ns))
    evidence = ", ".join(f"{key} {value:.2f}" for key, value in event.evidence.items())
    return (
        f"{event.kind} {event.phase} level {event.level}, frame {report.sequence}, {at:.2f} s, "
        f"began {began:.2f} s: {evidence}"
    )


def poisson_interval(count, level=0.95):
    """Return the exact (Garwood) interval of a Poisson mean from one count."""

    def mean_at(below, wanted):
        """Return the mean at which a count of at most `below` has the probability `wanted`."""
        low, high = 0.0, 10.0 + 5.0 * (below + 1)
        for _ in range(100):
            mean = 0.5 * (low + high)
            term = total = math.exp(-mean)
            for k in range(1, below + 1):
                term *= mean / k
                total += term
            low, high = (mean, high) if total > wanted else (low, mean)
        return 0.5 * (low + high)

    tail = (1.0 - level) / 2
    return (0.0 if count == 0 else mean_at(count - 1, 1.0 - tail)), mean_at(count, tail)


def awake_hours(results):
    """Return the hours with a face in clips that are labelled awake."""
    return sum(result.face_s for result in results if result.awake) / 3600.0


def bad_share(results):
    """Return the share of awake time in each state that is worse than attentive."""
    awake = [result for result in results if result.awake]
    total = sum(result.face_s for result in awake)
    return {name: sum(r.shares.get(name, 0.0) for r in awake) / total for name in BAD}
