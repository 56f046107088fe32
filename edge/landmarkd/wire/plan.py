"""The plan for a serial line: which points and how often, with STATUS for every frame."""

from dataclasses import dataclass

from landmarkd.errors import UsageError
from landmarkd.wire.codec import CODECS
from landmarkd.wire.framing import FRAMING_BYTES, MAX_SERIAL_FRAME
from landmarkd.wire.names import Selection
from landmarkd.wire.schema import TYPES, Points, Status
from landmarkd.wire.selection import indices_of

BITS_PER_BYTE = 10
"""8N1: a start bit, eight of data, a stop bit."""
LOAD = 0.85
"""Share of the line that is planned; the rest is for HELLO, EVENT and inexact clocks."""
FULL = 0.95
"""Share of the line that may be used while events add to the plan; clocks are inexact."""
ASSUMED_FPS = 60.0
"""Default rate of STATUS in the plan, frames a second."""
RATES = (60.0, 50.0, 30.0, 25.0, 20.0, 15.0, 10.0, 7.5, 5.0, 2.0, 1.0)
"""Rates of POINTS that are offered below that of the frames, Hz."""
GOOD_ENOUGH = {Selection.ALL: 10.0, Selection.IBUG68: 5.0, Selection.EYES: 5.0}
"""The first selection that reaches this rate, or that of slower frames, is chosen, Hz."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a line.

    Attributes:
        selection: points to send.
        points_hz: complete sets a second, 0 with no points.
        status_hz: most STATUS a second.
        rest_bytes_s: bytes a second for everything but the points.
        load: used share of the line.
        text: the plan in words.
    """

    selection: Selection
    points_hz: float
    status_hz: float
    rest_bytes_s: float
    load: float
    text: str


def points_bytes(count: int, max_frame: int = MAX_SERIAL_FRAME) -> int:
    """Return the bytes on the line of one complete set of `count` points."""
    fixed = CODECS[TYPES[Points]].minimum + FRAMING_BYTES
    chunks = -(-count // ((max_frame - fixed) // 6))
    return count * 6 + chunks * fixed


def plan(
    baud: int,
    layout: str,
    *,
    selection: Selection | None = None,
    points_hz: float | None = None,
    fps: float = ASSUMED_FPS,
    max_frame: int = MAX_SERIAL_FRAME,
) -> Plan:
    """Return the plan that fits `baud`.

    Args:
        baud: bits per second, 8N1.
        layout: name of the landmark layout.
        selection: required points; None chooses.
        points_hz: required rate; None chooses.
        fps: frames a second with a STATUS.
        max_frame: bytes of the longest frame.

    Raises:
        UsageError: the required plan does not fit; the message says what would.
    """
    room = baud / BITS_PER_BYTE * LOAD
    status = CODECS[TYPES[Status]].minimum + FRAMING_BYTES
    status_hz = min(fps, room / status)
    left = max(0.0, room - status_hz * status)

    if points_hz and points_hz > fps:
        raise UsageError(
            f"{points_hz:g} sets of points a second are more than the {fps:g} frames a second; "
            "choose a lower rate of points (hz=) or a higher one of frames (fps=)."
        )

    def sets(chosen: Selection) -> float:
        return left / points_bytes(len(indices_of(chosen, layout)), max_frame)

    def best(chosen: Selection) -> float:
        rates = (points_hz,) if points_hz else (fps, *RATES)
        return next((rate for rate in rates if rate <= min(fps, sets(chosen))), 0.0)

    if selection is None:
        enough = (
            chosen
            for chosen, useful in GOOD_ENOUGH.items()
            if best(chosen) >= min(points_hz or useful, fps)
        )
        selection = next(enough, Selection.EYES if points_hz else Selection.NONE)
    rate = 0.0
    if selection is not Selection.NONE:
        rate = best(selection)
        if not rate:
            fits = f"at most {sets(selection):.1f} sets a second fit"
            raise UsageError(
                f"{baud} baud: {fits} with {len(indices_of(selection, layout))} points; "
                "choose fewer points, a lower rate or a faster line."
            )
    count = len(indices_of(selection, layout))
    points_s = rate * points_bytes(count, max_frame) * bool(count)
    line_s = baud / BITS_PER_BYTE
    load = (status_hz * status + points_s) / line_s
    points = f"{count} points at {rate:g} Hz" if count else "no points"
    text = f"{baud} baud: status at up to {status_hz:.0f} Hz, {points} ({load:.0%} of the line)"
    return Plan(selection, rate, status_hz, line_s * FULL - points_s, load, text)
