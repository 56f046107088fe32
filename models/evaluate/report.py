"""Writes the results: Markdown to read, JSON to compare, CSV with a row for each face."""

import csv
import json
import math
from pathlib import Path
from typing import Any

from models.evaluate.suite import Evaluation
from models.evaluate.tables import Row, Table
from models.evaluate.targets import target_table, verdict


def write_report(done: Evaluation, folder: Path, facts: dict[str, Any]) -> Path:
    """Write report.md, numbers.json and faces.csv into a folder and return the Markdown's path.

    Args:
        done: what was measured.
        folder: made if it is missing.
        facts: facts about the model and the machine, for the top of the report.
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
    targets = target_table(done.tables, small=done.small)
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
