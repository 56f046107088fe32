"""`landmarkd doctor`: checks this machine, and names the command that fixes a fault."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.cli.options import ConfigOption, SourceOption, read_configuration
from landmarkd.display import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from landmarkd.doctor.finding import Finding

# Sign and style by severity.
_SIGNS = (("✓", "green"), ("·", "dim"), ("!", "yellow"), ("✗", "bold red"))


def doctor(
    config: ConfigOption = None,
    source: SourceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list of findings instead of a table.")
    ] = False,
) -> int:
    """Check this machine, and print the command that fixes each fault.

    With --source, or a source in the configuration, it also checks a picture of the camera: sit in
    front of it.

    Example: landmarkd doctor --source 0

    Exit code: 0 no fault, 1 warnings, 2 errors.
    """
    from landmarkd.doctor.finding import exit_status

    findings = _findings(config, source)
    return exit_status(_json(findings) if as_json else _table(findings))


def _findings(path: "Path | None", source: str | None) -> "Iterator[Finding]":
    """Yield the findings; if the configuration is wrong, with the defaults."""
    from landmarkd.doctor.checks import examine
    from landmarkd.doctor.finding import Finding, Severity
    from landmarkd.errors import AccessError, ConfigurationError
    from landmarkd.machine import Machine
    from landmarkd.settings.config import Configuration

    try:
        configuration = read_configuration(path, source=source)
    except (ConfigurationError, AccessError) as error:
        configuration = Configuration()
        remedy = "Correct the file, and try: landmarkd config check"
        yield Finding("configuration", Severity.ERROR, str(error), remedy)
    yield from examine(Machine(), configuration)


def _json(findings: "Iterable[Finding]") -> "list[Finding]":
    found = list(findings)
    plain = [asdict(item) | {"severity": item.severity.name.lower()} for item in found]
    print(json.dumps(plain, indent=2))
    return found


def _table(findings: "Iterable[Finding]") -> "list[Finding]":
    """Print each finding at once, because some checks take a second."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from landmarkd.doctor.finding import Severity

    console = Console(highlight=False)
    found = []
    for item in findings:
        found.append(item)
        sign, style = _SIGNS[item.severity]
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_column()
        row.add_column(width=14)
        row.add_row(Text(sign, style), as_text(item.name, "bold"), as_text(item.text))
        if item.remedy:
            row.add_row("", "", as_text(f"→ {item.remedy}", "cyan"))
        console.print(row)
    errors = sum(item.severity == Severity.ERROR for item in found)
    warnings = sum(item.severity == Severity.WARNING for item in found)
    counts = [
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    verdict = f"{', '.join(counts)}." if counts else "All is well."
    console.print(f"\n{verdict}", style="bold" if errors or warnings else "green")
    return found
