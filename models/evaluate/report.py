"""Writes what was measured: Markdown to read, JSON to compare, CSV of each face."""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.evaluate.clips import CLOSED_BELOW, JITTER_CLIP
from models.evaluate.suite import Evaluation
from models.evaluate.tables import Row, Table


@dataclass(frozen=True, slots=True)
class Target:
    """A number to reach.

    Attributes:
        name: what it is.
        where: title, row and column in the tables.
        must, aim: values to reach.
        more_is_better: False for errors.
    """

    name: str
    where: tuple[str, str, str]
    must: float
    aim: float
    more_is_better: bool = False


_RULER, _PEOPLE = "Ruler, NME %", "people-labelled 2D"
_JITTER = "second difference, % of IOD"
_BLINKS = ("Blinks by threshold", f"{CLOSED_BELOW:.1f}")
_REJECTED = ("Presence", "all crops")
TARGETS = (
    Target("AFLW2000-3D, 68 points, raw", (_RULER, "AFLW2000-3D", "raw 68"), 3.0, 2.8),
    Target("AFLW2000-3D, 68 points, ruler", (_RULER, "AFLW2000-3D", "ruler 68"), 2.7, 2.4),
    Target("FG-NET, labelled points among the 51, raw", (_RULER, "FG-NET", "raw 51"), 2.35, 2.2),
    Target(
        "FG-NET, labelled points among the 51, ruler", (_RULER, "FG-NET", "ruler 51"), 1.9, 1.75
    ),
    Target("people-labelled 2D, 51 points, raw", (_RULER, _PEOPLE, "raw 51"), 2.45, 2.1),
    Target("people-labelled 2D, 51 points, ruler", (_RULER, _PEOPLE, "ruler 51"), 2.1, 1.95),
    Target(
        "synthetic, yaw 0–30, 68 points",
        ("Synthetic by yaw, NME %", "68 points", "0-30"),
        2.4,
        1.9,
    ),
    Target(
        "synthetic, yaw 60–90, 68 points",
        ("Synthetic by yaw, NME %", "68 points", "60-90"),
        3.8,
        3.3,
    ),
    Target("jitter, % of the inter-ocular distance", ("Jitter", JITTER_CLIP, _JITTER), 0.6, 0.3),
    Target("blinks found, of 27", (*_BLINKS, "found"), 27, 27, more_is_better=True),
    Target("false blinks", (*_BLINKS, "false"), 2, 0),
    Target(
        "faceless crops rejected, clean, %",
        (*_REJECTED, "clean: rejected, %"),
        98,
        99.5,
        more_is_better=True,
    ),
    Target(
        "faceless crops rejected, hard, %",
        (*_REJECTED, "hard: rejected, %"),
        98,
        99.5,
        more_is_better=True,
    ),
)


def target_table(all_tables: dict[str, Table]) -> list[tuple[Target, float]]:
    """Return the targets that were measured with their values."""
    found = []
    for target in TARGETS:
        title, row, name = target.where
        value = all_tables.get(title, {}).get(row, {}).get(name)
        if value is not None and math.isfinite(value):
            found.append((target, value))
    return found


def write_report(done: Evaluation, folder: Path, facts: dict[str, Any]) -> Path:
    """Write report.md, numbers.json and faces.csv into a folder and return the Markdown's path.

    Args:
        done: what was measured.
        folder: made if it is missing.
        facts: about the model and the machine, for the head of the report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {"model": done.model, "facts": facts, "tables": done.tables}
    (folder / "numbers.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    _write_faces(done, folder / "faces.csv")
    path = folder / "report.md"
    path.write_text(markdown(done, facts), encoding="utf-8")
    return path


def markdown(done: Evaluation, facts: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    lines = [f"# {done.model}", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    targets = target_table(done.tables)
    if targets:
        lines += [
            "## Targets",
            "",
            "| measure | measured | must | aim | |",
            "|---|---|---|---|---|",
        ]
        for target, value in targets:
            goals = f"{_number(target.must)} | {_number(target.aim)}"
            lines.append(
                f"| {target.name} | {_number(value)} | {goals} | {verdict(target, value)} |"
            )
        lines.append("")
    for title, table in done.tables.items():
        lines += [f"## {title}", "", *table_lines(table), ""]
    return "\n".join(lines)


def verdict(target: Target, value: float) -> str:
    """Return in a word how a value stands to its target."""
    sign = 1 if target.more_is_better else -1
    if sign * value >= sign * target.aim:
        return "aim"
    return "must" if sign * value >= sign * target.must else "short"


def table_lines(table: Table) -> list[str]:
    """Return a table as lines of Markdown; columns that a row lacks stay empty."""
    columns = list(dict.fromkeys(name for row in table.values() for name in row))
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [
        f"| {name} | {' | '.join(_cell(row, key) for key in columns)} |"
        for name, row in table.items()
    ]
    return lines


def compare(first: Path, second: Path) -> str:
    """Return a Markdown table of the changes between two numbers.json: both values, their ratio."""
    before, after = (json.loads(path.read_bytes()) for path in (first, second))
    lines = [f"# {before['model']} → {after['model']}", ""]
    for title, table in after["tables"].items():
        old = before["tables"].get(title, {})
        rows = [
            f"| {row} | {key} | {_number(old[row][key])} | {_number(value)} "
            f"| {_ratio(old[row][key], value)} |"
            for row, values in table.items()
            for key, value in values.items()
            if key in old.get(row, {})
        ]
        if rows:
            lines += [
                f"## {title}",
                "",
                "| | | before | after | ratio |",
                "|---|---|---|---|---|",
                *rows,
                "",
            ]
    return "\n".join(lines)


def _write_faces(done: Evaluation, path: Path) -> None:
    rows = [
        {"set": name, "face": result.face.name, **result.measures()}
        for name, results in done.results.items()
        for result in results
    ]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _cell(row: Row, key: str) -> str:
    return _number(row[key]) if key in row else ""


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return (
        f"{value:g}"
        if float(value).is_integer()
        else f"{value:.3f}"
        if abs(value) < 1
        else f"{value:.2f}"
    )


def _ratio(before: float, after: float) -> str:
    return (
        f"{after / before:.3f}" if before and math.isfinite(before) and math.isfinite(after) else ""
    )
