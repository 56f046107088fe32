"""A profile as one HTML page that needs nothing else: no script, no network."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from landmarkd.web.charts import bars, histogram, line, stacked

MOST_OPERATORS = 12

AGE_NAMES = {
    "age_at_inference": "when the model starts",
    "age_at_result": "when the report is done",
    "age_at_wire": "when it is sent",
}

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #667085; --paper: #f6f7f9; --card: #fff; --rule: #e4e7ec }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --dim: #98a2b3; --paper: #0f141b; --card: #171e28; --rule: #2a3441 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 40px 20px 60px }
h1 { font-size: 27px; margin: 0; letter-spacing: -.02em }
h2 { font-size: 17px; margin: 0 0 14px }
p { margin: 6px 0 0 } .dim, p.note { color: var(--dim) } p.note { font-size: 13px; margin-top: 12px }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 22px; margin-top: 18px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 22px }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 14px 16px }
.tile b { display: block; font-size: 25px; letter-spacing: -.02em } .tile span { color: var(--dim); font-size: 13px }
.warn b { color: #d92d20 }
table { border-collapse: collapse; width: 100%; margin-top: 14px; font-variant-numeric: tabular-nums }
th { text-align: right; color: var(--dim); font-weight: 500; font-size: 13px }
td { border-top: 1px solid var(--rule); padding: 5px 0; text-align: right }
th:first-child, td:first-child { text-align: left } td:last-child { width: 200px }
i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 8px }
svg { max-width: 100%; height: auto; display: block } td svg { margin-left: auto }
svg text { fill: var(--ink); font: 14px system-ui, sans-serif } svg text.dim { fill: var(--dim) }
svg text.on { fill: #fff; font-weight: 600 } .line { fill: none; stroke: #3b6fe0; stroke-width: 2 }
.rows { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 18px }
pre { background: var(--paper); border: 1px solid var(--rule); border-radius: 8px; padding: 12px 14px; overflow: auto }
"""
_COLOURS = [
    "#3b6fe0",
    "#12a594",
    "#e5820e",
    "#8e4ec6",
    "#d6409f",
    "#5b8c2a",
    "#0091b3",
    "#c2410c",
    "#6e6adf",
    "#7a6c5d",
]
STYLE += "".join(f".c{i} {{ fill: {c}; background: {c} }}\n" for i, c in enumerate(_COLOURS))


def page(profile: Mapping[str, Any]) -> str:
    """Return the page of a profile as `landmarkd.profile.result.document` makes it."""
    title = f"{profile['model']} on {profile['board'] or 'this machine'}"
    run = f"{profile['source']} · {profile['frames']} frames in {profile['seconds']:.1f} s"
    run += f" · {profile['runtime']}, {profile['accelerator']}"
    body = [
        "<h1>landmarkd profile</h1>",
        f"<p>{escape(title)}</p>",
        f'<p class="dim">{escape(run)}</p>',
        _tiles(profile),
        _stages(profile["stages_ms"], max(profile["frames"], 1)),
        _ages(profile["ages_ms"]),
        _run(profile["machine"]),
        _sweep(profile["sweep"], profile["recommendation"], profile["model"]),
        _operators(profile["operators"]),
        f'<p class="note">The stopwatches took {profile["overhead"]:.2%} of the processing time.</p>',
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main>{''.join(body)}</main></html>\n"
    )


def _tiles(profile: Mapping[str, Any]) -> str:
    machine, ages = profile["machine"], profile["ages_ms"]
    tiles = [(f"{profile['fps']:.1f}", "frames a second", False)]
    age = ages.get("age_at_wire") or ages.get("age_at_result")
    if age:
        tiles.append((f"{age['p50']:.1f} ms", f"from capture to wire, p99 {age['p99']:.1f}", False))
    tiles.append((f"{profile['cpu_ms_per_frame']:.2f} ms", "processor time a frame", False))
    slope = machine["memory_slope_mb_per_minute"]
    grows = "" if slope is None else f", {slope:+.1f} MB a minute"
    tiles.append((f"{machine['memory_mb']:.0f} MB", f"memory{grows}", False))
    tiles.append((str(profile["skipped"]), "frames skipped", profile["skipped"] > 0))
    if machine["temperature_c"] is not None:
        hot = machine["temperature_c"] >= 80
        tiles.append(
            (
                f"{machine['temperature_c']:.0f} °C",
                ", ".join(machine["throttling"]) or "not throttled",
                hot,
            )
        )
    shown = (
        f'<div class="tile{" warn" if bad else ""}"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        for value, name, bad in tiles
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def _stages(stages: Mapping[str, Mapping[str, Any]], frames: int) -> str:
    worked = {name: entry for name, entry in stages.items() if name != "wait"}
    bar = stacked([(name, entry["total"] / frames) for name, entry in worked.items()])
    colours = {name: index for index, name in enumerate(worked)}
    return _card(
        "Where the time of a frame goes",
        bar + _table(stages, {name: name for name in stages}, colours),
        "The bar is the mean frame; the sinks' part of it runs on threads of their own, beside the pipeline. "
        "Detection runs only when no face is tracked. Waiting for the next frame is no work.",
    )


def _ages(ages: Mapping[str, Mapping[str, Any]]) -> str:
    if not ages:
        return ""
    return _card(
        "How old a frame is",
        _table(ages, AGE_NAMES, {name: index for index, name in enumerate(ages)}),
        "",
    )


def _table(
    entries: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], colours: Mapping[str, int]
) -> str:
    rows = []
    for name, entry in entries.items():
        mark = f'<i class="c{colours[name] % 10}"></i>' if name in colours else "<i></i>"
        numbers = "".join(f"<td>{entry[rank]:.3f}</td>" for rank in ("p50", "p90", "p99", "max"))
        chart = histogram(entry["histogram"]["counts"], colour=colours.get(name, 9))
        rows.append(
            f"<tr><td>{mark}{escape(names.get(name, name))}</td>{numbers}<td>{chart}</td></tr>"
        )
    head = "<tr><th>milliseconds</th><th>p50</th><th>p90</th><th>p99</th><th>max</th><th>distribution</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _run(machine: Mapping[str, Any]) -> str:
    samples = machine["samples"]
    series: list[tuple[str, str, list[tuple[float, float]]]] = [
        ("Memory", "MB", [(each["at_s"], each["memory_mb"]) for each in samples]),
        (
            "Temperature",
            "°C",
            [(s["at_s"], s["temperature_c"]) for s in samples if s["temperature_c"] is not None],
        ),
        (
            "Clock",
            "MHz",
            [(s["at_s"], s["clock_mhz"]) for s in samples if s["clock_mhz"] is not None],
        ),
        (
            "All cores",
            "% busy",
            [(s["at_s"], 100 * sum(s["cores"]) / len(s["cores"])) for s in samples if s["cores"]],
        ),
    ]
    charts = [(name, drawn) for name, unit, points in series if (drawn := line(points, unit))]
    if not charts:
        return ""
    shown = "".join(f"<div><span class=dim>{name}</span>{drawn}</div>" for name, drawn in charts)
    cores = ", ".join(f"{share:.0%}" for share in machine["cores"])
    return _card(
        "The machine meanwhile", f'<div class="rows">{shown}</div>', f"Busy, core by core: {cores}."
    )


def _sweep(
    sweep: Sequence[Mapping[str, Any]], recommendation: Mapping[str, Any], model: str
) -> str:
    if not sweep:
        return ""
    rows = []
    for each in sweep:
        how = variant_name(each)
        note = (
            each["problem"]
            if each["p50_ms"] is None
            else f"{each['p50_ms']:.2f} ms, p90 {each['p90_ms']:.2f}"
        )
        rows.append(
            (
                how if each["model"] == model else f"{each['model'][:26]}, {how}",
                each["p50_ms"],
                note,
            )
        )
    advice = ""
    if recommendation:
        advice = f"<p>{escape(recommendation['reason'])}</p><pre>{escape(recommendation['configuration'])}</pre>"
    return _card("What if: one inference", bars(rows) + advice, "")


def variant_name(variant: Mapping[str, Any]) -> str:
    """Return how a variant of the sweep runs, in words."""
    if variant["delegate"] == "coral":
        return "Coral"
    count = "1 thread" if variant["threads"] == 1 else f"{variant['threads']} threads"
    return count if variant["xnnpack"] else f"{count}, without XNNPACK"


def _operators(operators: Sequence[Mapping[str, Any]]) -> str:
    if not operators:
        return ""
    slowest = sorted(operators, key=lambda each: -each["ms"])[:MOST_OPERATORS]
    rows = [
        (f"{each['index']} {each['operator']}", each["ms"], f"{each['ms'] * 1e3:.0f} µs")
        for each in slowest
    ]
    note = (
        f"The {len(slowest)} slowest of {len(operators)} operators, from models cut off behind each one. XNNPACK works "
        "across operators: single values are estimates, their sum is not."
    )
    return _card("Inside the model", bars(rows), note)


def _card(title: str, content: str, note: str) -> str:
    return (
        f"<section><h2>{title}</h2>{content}"
        + (f'<p class="note">{escape(note)}</p>' if note else "")
        + "</section>"
    )
