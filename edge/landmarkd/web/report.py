"""The page of `landmarkd report`: timelines as SVG in one file that needs nothing else."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmarkd.cli.report import Drive, Moment

WIDTH = 1000
"""Of the drawing area, SVG units; more moments than this share a column, drawn from their least to their greatest."""
LEFT, RIGHT = 110, 12
PLOT, STRIP = 90, 22

STYLE = """
:root{--ink:#1c2430;--soft:#667085;--line:#d6dbe3;--ground:#fff;--one:#2563c9;--two:#c2571a;--good:#3b9c6d;
--note:#d9b23c;--warn:#e07b2f;--alarm:#c9372c;--gone:#9aa4b2}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#98a2b3;--line:#39424f;--ground:#14181e;--one:#6ea8ff;
--two:#f0a064;--good:#55c08c;--note:#e5c768;--warn:#f0934e;--alarm:#f06a5f;--gone:#5d6775}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:1180px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem}p,td,th{color:var(--soft)}b{color:var(--ink);font-weight:600}
.facts{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:1rem 0 1.4rem;padding:0;list-style:none}
.facts b{display:block;font-size:1.25rem}svg{width:100%;height:auto;display:block;margin:0 0 .5rem}
text{font:12px system-ui,sans-serif;fill:var(--soft)}.name{fill:var(--ink)}.grid{stroke:var(--line);stroke-width:1}
table{border-collapse:collapse;width:100%;margin-top:1rem}td,th{text-align:left;padding:.25rem .8rem .25rem 0;
border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
"""
ATTENTION = {
    "attentive": "good", "distracted": "warn", "drowsy": "note", "asleep": "alarm", "unresponsive": "alarm",
    "absent": "gone", "blocked": "gone",
}  # fmt: skip
ZONES = ("one", "two", "note", "warn", "alarm", "gone")
LEVELS = ("soft", "note", "warn", "alarm")


def page(drive: "Drive") -> str:
    """Return the whole page."""
    moments, seconds = drive.moments, max(drive.seconds, 1e-3)
    zones = sorted({moment.zone for moment in moments if moment.zone and moment.zone != "road"})
    colours = {
        "road": "good",
        **{zone: ZONES[index % len(ZONES)] for index, zone in enumerate(zones)},
    }
    charts = [
        _strip("attention", moments, seconds, lambda moment: moment.attention, ATTENTION),
        _events(drive, seconds),
        _plot(
            "eyes open",
            moments,
            seconds,
            (0.0, 1.2),
            0.2,
            ("left", lambda m: m.left),
            ("right", lambda m: m.right),
        ),
        _plot("PERCLOS", moments, seconds, (0.0, 0.3), 0.1, ("share", lambda m: m.perclos)),
        _plot(
            "head, °",
            moments,
            seconds,
            (-60, 60),
            0.0,
            ("yaw", lambda m: m.yaw),
            ("pitch", lambda m: m.pitch),
        ),
        _strip("gaze zone", moments, seconds, lambda moment: moment.zone, colours),
        _plot("mouth open", moments, seconds, (0.0, 1.0), 0.5, ("gap", lambda m: m.mouth)),
        _axis(seconds),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(drive.name)}</title><style>{STYLE}</style><h1>{escape(drive.name)}</h1>"
        f"<p>A drive as landmarkd saw it. Gaps are what it did not know.</p>{_facts(drive)}{''.join(charts)}"
        f"{_table(drive)}</html>\n"
    )


def _facts(drive: "Drive") -> str:
    moments = drive.moments
    faces = sum(moment.face for moment in moments) / len(moments)
    perclos = [moment.perclos for moment in moments if moment.perclos is not None]
    blinks = sum(event["kind"] == "blink" for event in drive.events)
    alerts = sum(event["phase"] == "begin" and event["level"] >= 2 for event in drive.events)
    facts = [
        (_clock(drive.seconds), "long"),
        (f"{len(moments)}", "frames"),
        (f"{faces:.0%}", "with a face"),
        (f"{blinks}", "blinks"),
        (f"{max(perclos):.1%}" if perclos else "unknown", "highest PERCLOS"),
        (f"{alerts}", "warnings and alarms"),
    ]
    return (
        '<ul class="facts">'
        + "".join(f"<li><b>{value}</b>{name}</li>" for value, name in facts)
        + "</ul>"
    )


def _frame(name: str, height: int, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" role="img" aria-label="{escape(name)}">'
        f'<text class="name" x="0" y="{height / 2 + 4:.0f}">{escape(name)}</text>{inside}</svg>'
    )


def _columns(
    moments: Sequence["Moment"], seconds: float, value: Callable[["Moment"], float | None]
) -> dict[int, tuple[float, float]]:
    """Return the least and the greatest value of each column that has one."""
    columns: dict[int, tuple[float, float]] = {}
    for moment in moments:
        number = value(moment)
        if number is None:
            continue
        column = min(WIDTH - 1, int(moment.seconds / seconds * WIDTH))
        low, high = columns.get(column, (number, number))
        columns[column] = min(low, number), max(high, number)
    return columns


def _plot(
    name: str,
    moments: Sequence["Moment"],
    seconds: float,
    limits: tuple[float, float],
    mark: float,
    *series: tuple[str, Callable[["Moment"], float | None]],
) -> str:
    low, high = limits

    def y(value: float) -> float:
        return PLOT - 8 - (min(max(value, low), high) - low) / (high - low) * (PLOT - 16)

    dashes = ' stroke-dasharray="4 4"'
    parts = [
        f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y(at):.1f}" y2="{y(at):.1f}"'
        f"{dashes if at == mark else ''}/>"
        f'<text x="{LEFT - 6}" y="{y(at) + 4:.1f}" text-anchor="end">{at:g}</text>'
        for at in sorted({low, mark, high})
    ]
    gap = max(2, round(WIDTH / max(1, len(moments)) * 3))
    for (label, value), colour in zip(series, ("one", "two"), strict=False):
        path, last = [], None
        for column, (least, greatest) in sorted(_columns(moments, seconds, value).items()):
            jump = "M" if last is None or column - last > gap else "L"
            path.append(f"{jump}{LEFT + column} {y(least):.1f}")
            if greatest - least > (high - low) / PLOT:
                path.append(f"L{LEFT + column} {y(greatest):.1f}")
            last = column
        parts.append(
            f'<path d="{"".join(path)}" fill="none" stroke="var(--{colour})" stroke-width="1.3">'
            f"<title>{escape(label)}</title></path>"
        )
    if len(series) > 1:
        for index, ((label, _), colour) in enumerate(zip(series, ("one", "two"), strict=False)):
            parts.append(
                f'<text x="0" y="{PLOT / 2 + 20 + 14 * index}" style="fill:var(--{colour})">{label}</text>'
            )
    return _frame(name, PLOT, "".join(parts))


def _strip(
    name: str,
    moments: Sequence["Moment"],
    seconds: float,
    value: Callable[["Moment"], str | None],
    colours: dict[str, str],
) -> str:
    runs: list[tuple[str | None, float, float]] = []
    for moment, following in zip(moments, [*moments[1:], moments[-1]], strict=True):
        what = value(moment)
        # Frames that never came are a gap, not the last state going on.
        end = min(following.seconds, moment.seconds + 1.0)
        if runs and runs[-1][0] == what and moment.seconds - runs[-1][2] < 1e-6:
            runs[-1] = (what, runs[-1][1], end)
        else:
            runs.append((what, moment.seconds, end))
    scale = WIDTH / seconds
    parts = [
        f'<rect x="{LEFT + begin * scale:.1f}" y="3" width="{max(0.8, (end - begin) * scale):.1f}" height="{STRIP - 6}"'
        f' fill="var(--{colours.get(what, "line")})"><title>{escape(what)} {_clock(begin)}, '
        f"{end - begin:.1f} s</title></rect>"
        for what, begin, end in runs
        if what is not None and what != "unknown"
    ]
    present = [what for what in colours if any(run[0] == what for run in runs)]
    legend, x = [], float(LEFT)
    for what in present:
        legend.append(
            f'<rect x="{x}" y="{STRIP + 2}" width="10" height="10" fill="var(--{colours[what]})"/>'
            f'<text x="{x + 14}" y="{STRIP + 11}">{escape(what)}</text>'
        )
        x += 30 + 7.0 * len(what)
    return _frame(name, STRIP + 16, "".join(parts + legend))


def _events(drive: "Drive", seconds: float) -> str:
    scale, bars = WIDTH / seconds, []
    begun: dict[int, tuple[float, str, str, int]] = {}
    for event in drive.events:
        level = "var(--" + LEVELS[min(3, max(0, int(event["level"])))] + ")"
        at, x = event["seconds"], LEFT + event["seconds"] * scale
        title = f"<title>{escape(str(event['kind']))} {event['phase']} {_clock(at)}</title>"
        if event["kind"] == "blink":
            bars.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="12" stroke="var(--soft)">{title}</line>'
            )
            continue
        if event["phase"] in {"begin", "escalate"}:
            begun[event["id"]] = (at, level, title, _lane(event))
            bars.append(
                f'<circle cx="{x:.1f}" cy="{_lane(event)}" r="4" fill="{level}">{title}</circle>'
            )
        if event["phase"] == "end" and event["id"] in begun:
            since, level, title, lane = begun.pop(event["id"])
            bars.append(_bar(since, at, scale, level, title, lane))
    bars += [
        _bar(since, seconds, scale, level, title, lane)
        for since, level, title, lane in begun.values()
    ]
    return _frame("events", 44, "".join(bars))


def _lane(event: dict[str, Any]) -> int:
    """Return the height at which an event is drawn: drowsiness lasts long and would hide the others."""
    return 36 if event["kind"] == "drowsiness" else 22


def _bar(since: float, until: float, scale: float, colour: str, title: str, lane: int) -> str:
    width = max(1.0, (until - since) * scale)
    return (
        f'<rect x="{LEFT + since * scale:.1f}" y="{lane - 3}" width="{width:.1f}" height="6" rx="3"'
        f' fill="{colour}" opacity="0.75">{title}</rect>'
    )


def _axis(seconds: float) -> str:
    step = next(
        step
        for step in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 1e9)
        if seconds / step <= 12
    )
    marks = []
    for number in range(int(seconds / step) + 1):
        x = LEFT + number * step / seconds * WIDTH
        marks.append(
            f'<text x="{x:.0f}" y="12" text-anchor="middle">{_clock(number * step)}</text>'
        )
    return _frame("", 18, "".join(marks))


def _table(drive: "Drive") -> str:
    rows = []
    for event in drive.events:
        if event["kind"] == "blink":
            continue
        numbers = ", ".join(
            f"{name} {value:g}" for name, value in (event.get("evidence") or {}).items() if value
        )
        cells = (
            _clock(event["seconds"], 1),
            event["kind"],
            event["phase"],
            event["level"],
            numbers,
        )
        rows.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
    if not rows:
        return "<p>No event but blinks.</p>"
    heads = "".join(f"<th>{name}</th>" for name in ("time", "event", "phase", "level", "evidence"))
    return f"<table><tr>{heads}</tr>{''.join(rows)}</table>"


def _clock(seconds: float, digits: int = 0) -> str:
    minutes, rest = divmod(round(seconds, digits), 60)
    return f"{int(minutes)}:{rest:0{3 + digits if digits else 2}.{digits}f}"
