"""A profile as one HTML page without scripts and without network access."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from landmarkd.web.charts import PALETTE, bars, histogram, line, stacked
from landmarkd.web.html import card, document, tiles

MOST_OPERATORS = 12

AGE_NAMES = {
    "age_at_inference": "when the model starts",
    "age_at_result": "when the report is done",
    "age_at_wire": "when it is sent",
}


def page(profile: Mapping[str, Any]) -> str:
    """Return the page of a profile from `landmarkd.profile.result.document`."""
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
        f'<p class="note">A Coral would run {share:.1%} of the multiply-adds of the model.</p>'
        if (share := profile.get("edgetpu_share")) is not None
        else "",
        f'<p class="note">The measurement itself took {profile["overhead"]:.2%} of the time.</p>',
    ]
    return document(title, "".join(body))


def _tiles(profile: Mapping[str, Any]) -> str:
    machine, ages = profile["machine"], profile["ages_ms"]
    facts = [(f"{profile['fps']:.1f}", "frames a second", False)]
    age = ages.get("age_at_wire") or ages.get("age_at_result")
    if age:
        facts.append((f"{age['p50']:.1f} ms", f"from capture to wire, p99 {age['p99']:.1f}", False))
    facts.append((f"{profile['cpu_ms_per_frame']:.2f} ms", "processor time a frame", False))
    slope = machine["memory_slope_mb_per_minute"]
    grows = "" if slope is None else f", {slope:+.1f} MB a minute"
    facts.append((f"{machine['memory_mb']:.0f} MB", f"memory{grows}", False))
    facts.append((str(profile["skipped"]), "frames skipped", profile["skipped"] > 0))
    if machine["temperature_c"] is not None:
        throttling = ", ".join(machine["throttling"]) or "not throttled"
        degrees = machine["temperature_c"]
        facts.append((f"{degrees:.0f} °C", throttling, degrees >= 80))
    return tiles(facts)


def _stages(stages: Mapping[str, Mapping[str, Any]], frames: int) -> str:
    worked = {name: entry for name, entry in stages.items() if name != "wait"}
    bar = stacked([(name, entry["total"] / frames) for name, entry in worked.items()])
    colours = {name: index for index, name in enumerate(worked)}
    return card(
        "Time of each stage",
        bar + _table(stages, {name: name for name in stages}, colours),
        "The bar is the mean frame. Sinks run on their own threads, beside the pipeline. "
        "Detection does not run in every frame. Waiting for the next frame is not counted.",
    )


def _ages(ages: Mapping[str, Mapping[str, Any]]) -> str:
    if not ages:
        return ""
    colours = {name: index for index, name in enumerate(ages)}
    return card("Age of a frame", _table(ages, AGE_NAMES, colours))


def _table(
    entries: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], colours: Mapping[str, int]
) -> str:
    rows = []
    for name, entry in entries.items():
        mark = f'<i class="key c{colours[name] % PALETTE}"></i>' if name in colours else ""
        numbers = "".join(
            f"<td class=number>{short(entry[rank])}</td>" for rank in ("p50", "p90", "p99", "max")
        )
        chart = histogram(entry["histogram"]["counts"], colour=colours.get(name, 9))
        rows.append(
            f"<tr><td>{mark}{escape(names.get(name, name))}</td>{numbers}<td>{chart}</td></tr>"
        )
    ranks = "".join(f"<th class=number>{name}</th>" for name in ("p50", "p90", "p99", "max"))
    head = f"<th>ms</th>{ranks}<th>distribution</th>"
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def short(value: float) -> str:
    """Return a number with three significant digits, and at most three decimals."""
    return f"{value:.{3 - min(3, len(str(int(abs(value)))) - (abs(value) < 1))}f}"


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
    charts = [drawn for name, unit, points in series if (drawn := line(name, points, unit))]
    if not charts:
        return ""
    cores = ", ".join(f"{share:.0%}" for share in machine["cores"])
    return card(
        "The machine during the run",
        f'<div class="rows">{"".join(charts)}</div>',
        f"Busy share of each core: {cores}.",
    )


def _sweep(
    sweep: Sequence[Mapping[str, Any]], recommendation: Mapping[str, Any], model: str
) -> str:
    if not sweep:
        return ""
    rows = []
    for each in sweep:
        how = variant_name(each)
        name = how if each["model"] == model else f"{each['model'][:26]}, {how}"
        note = each["problem"]
        if each["p50_ms"] is not None:
            note = f"{each['p50_ms']:.2f} ms, p90 {each['p90_ms']:.2f}"
        rows.append((name, each["p50_ms"], note))
    advice = ""
    if recommendation:
        configuration = escape(recommendation["configuration"])
        advice = f"<p>{escape(recommendation['reason'])}</p><pre>{configuration}</pre>"
    return card("One inference with other settings", bars(rows) + advice)


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
        f"The {len(slowest)} slowest of {len(operators)} operators, measured with models that end "
        "after each one. XNNPACK fuses operators: single values are estimates, their sum is exact."
    )
    return card("Operators of the model", bars(rows), note)
