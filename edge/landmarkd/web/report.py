"""The page of `landmarkd report`: timelines of a drive, in one file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from landmarkd.enums import EventKind, EventPhase, Lids
from landmarkd.web.charts import Timeline, clock
from landmarkd.web.drive import Drive, Happening, Moment
from landmarkd.web.html import card, document, table, tiles

ATTENTION = {
    "attentive": "f-good",
    "distracted": "f-warn",
    "drowsy": "f-notice",
    "asleep": "f-alarm",
    "unresponsive": "f-alarm",
    "absent": "f-gone",
    "blocked": "f-gone",
    "unknown": "f-line",
}
EYES = {Lids.OPEN: "f-good", Lids.DOWN: "f-notice", Lids.CLOSED: "f-alarm", Lids.UNKNOWN: "f-line"}
LEVELS = ("f-line", "f-notice", "f-warn", "f-alarm")
LEVEL_NAMES = ("without a level", "notice", "warning", "alarm")
BLINK = "f-gone"
SCALES = (30.0, 60.0, 90.0, 180.0)
"""Greatest angles of a chart, degrees."""
MAX_ROWS = 500
"""Maximum of rows in the table; more events are only counted."""
MAX_ZONES = 8
LONG_GAP_S = 1.0


def page(drive: Drive) -> str:
    """Return the whole page."""
    moments, start = drive.moments, drive.moments[0].seconds
    chart = Timeline(drive.seconds - start, start)
    charts = [
        chart.strip("attention", _runs(moments, "attention"), ATTENTION),
        _events(drive, chart),
        chart.strip("eyes", _runs(moments, "eyes"), {str(k): v for k, v in EYES.items()}),
        chart.plot("eyes open", (0.0, 1.0), _series(moments, "left", "right"), mark=0.2),
        chart.plot("PERCLOS", (0.0, 0.3), _series(moments, "perclos"), mark=0.1),
        chart.plot("drowsiness score", (0.0, 1.0), _series(moments, "score")),
        _head(moments, chart),
        chart.strip("gaze zone", _runs(moments, "zone"), _zones(moments)),
        chart.plot("mouth open", (0.0, 1.0), _series(moments, "mouth"), mark=0.5),
        chart.axis(),
    ]
    trouble = f'<p class="note">{escape(drive.trouble)}</p>' if drive.trouble else ""
    body = (
        f"<h1>{escape(drive.name)}</h1><p class=dim>{escape(_when(drive))}</p>{trouble}"
        f"{_facts(drive)}{card('Over time', ''.join(charts), 'A gap is an unknown value.')}"
        f"{_table(drive)}"
    )
    return document(drive.name, body)


def _head(moments: Sequence[Moment], chart: Timeline) -> str:
    """Return the angles of the head on a scale for all of them."""
    angles = [abs(a) for m in moments for a in (m.yaw, m.pitch) if a is not None]
    most = next(most for most in SCALES if most >= min(max(angles, default=0.0), SCALES[-1]))
    return chart.plot("head, degrees", (-most, most), _series(moments, "yaw", "pitch"))


def _when(drive: Drive) -> str:
    if drive.utc_s is None:
        return "The date is unknown; times count from the first frame."
    kept = "" if drive.synchronised else " by a clock that was not synchronised"
    date = _utc(drive.utc_s, "%Y-%m-%d %H:%M:%S")
    return f"Began {date} UTC{kept}; times count from there."


def _utc(seconds: float | None, form: str = "%H:%M:%S") -> str:
    """Return seconds since 1970 as a time, or a dash."""
    if seconds is None:
        return "–"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "an impossible time"


def _facts(drive: Drive) -> str:
    moments = drive.moments
    faces = sum(moment.face for moment in moments) / len(moments)
    perclos = [moment.perclos for moment in moments if moment.perclos is not None]
    blinks = sum(event.kind == EventKind.BLINK for event in drive.events)
    # Drowsiness begins as a notice and escalates, and the beginning of any event may be lost.
    alerts = len({(event.run, event.id) for event in drive.events if event.level >= 2})
    return tiles(
        [
            (clock(drive.seconds), "length, minutes:seconds", False),
            (f"{drive.frames}", "frames", False),
            (f"{faces:.0%}", "with a face", False),
            (f"{blinks}", "blinks", False),
            (f"{max(perclos):.0%}" if perclos else "unknown", "highest PERCLOS", False),
            (f"{alerts}", "warnings and alarms", alerts > 0),
        ]
    )


def _series(
    moments: Sequence[Moment], *names: str
) -> list[tuple[str, list[tuple[float, float | None]]]]:
    return [
        (name if len(names) > 1 else "", [(m.seconds, getattr(m, name)) for m in moments])
        for name in names
    ]


def _runs(moments: Sequence[Moment], name: str) -> list[tuple[str, float, float]]:
    """Return the runs of a value: value, from, until; missing frames are a gap."""
    runs: list[tuple[str, float, float]] = []
    for moment, following in zip(moments, [*moments[1:], moments[-1]], strict=True):
        what, end = getattr(moment, name), min(following.seconds, moment.seconds + LONG_GAP_S)
        if what is None:
            continue
        if runs and runs[-1][0] == what and moment.seconds - runs[-1][2] < 1e-6:
            runs[-1] = (what, runs[-1][1], end)
        else:
            runs.append((what, moment.seconds, end))
    return runs


def _zones(moments: Sequence[Moment]) -> dict[str, str]:
    """Return a colour for each zone, road first."""
    zones = sorted({moment.zone for moment in moments if moment.zone and moment.zone != "road"})
    return {"road": "f-good", **{zone: f"c{n + 1}" for n, zone in enumerate(zones[:MAX_ZONES])}}


def _events(drive: Drive, chart: Timeline) -> str:
    spans, begun = [], dict[tuple[int, int], Happening]()
    for event in drive.events:
        key = (event.run, event.id)
        if event.kind == EventKind.BLINK:
            spans.append(
                (f"blink {clock(event.seconds, 1)}", BLINK, event.seconds, event.seconds, False)
            )
        elif event.phase == EventPhase.END:
            first = begun.pop(key, event)
            spans.append(_span(first, event.seconds))
        else:
            before = begun.get(key)
            begun[key] = event
            if before is not None:
                spans.append(_span(before, event.seconds))
    spans += [_span(event, drive.ends[event.run]) for event in begun.values()]
    return chart.marks(
        "events", spans, {"blink": BLINK, **dict(zip(LEVEL_NAMES, LEVELS, strict=True))}
    )


def _span(event: Happening, until: float) -> tuple[str, str, float, float, bool]:
    title = f"{event.kind} {clock(event.seconds, 1)} to {clock(until, 1)}"
    # Drowsiness is long and would hide the others.
    low = event.kind == EventKind.DROWSINESS
    return title, LEVELS[event.level], event.seconds, until, low


def _table(drive: Drive) -> str:
    events = [event for event in drive.events if event.kind != EventKind.BLINK]
    if not events:
        return card("Events", "<p>No events except blinks.</p>")
    rows = [
        (
            clock(event.seconds, 1),
            _utc(event.utc_s),
            event.kind,
            event.phase,
            str(event.level),
            ", ".join(f"{name} {value:.3g}" for name, value in event.evidence.items() if value),
        )
        for event in events[:MAX_ROWS]
    ]
    more = f"{len(events) - MAX_ROWS} more are not shown." if len(events) > MAX_ROWS else ""
    return card("Events", table(("time", "UTC", "event", "phase", "level", "evidence"), rows), more)
