"""`landmarkd status` and `landmarkd top`: the state of the daemon on this machine."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.display import as_text, plain
from landmarkd.errors import ExitCode
from landmarkd.interrupt import usual_end

if TYPE_CHECKING:
    from rich.console import RenderableType

    from landmarkd.daemon.diagnosis import Diagnosis
    from landmarkd.daemon.snapshot import Snapshot

MAX_SHOWN = 1000
"""Maximum characters of a line."""
REFRESH_S = 1.0
"""The period of the status of the daemon."""

FolderOption = Annotated[
    Path | None,
    typer.Option("--runtime", help="Folder of the status file; default: that of the service."),
]


def status(
    runtime: FolderOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole state as JSON.")] = False,
) -> None:
    """Show the state and the faults of the daemon.

    Exit code: 0 if it runs, 75 if it runs with a fault and tries to recover, 69 if it does not run.
    """
    snapshot, diagnosis = _read(runtime)
    if as_json:
        print(json.dumps({**asdict(snapshot), **asdict(diagnosis)}, indent=2))
    else:
        # Plain text, because the import of rich takes longer than everything else.
        print(plain(f"landmarkd {snapshot.device}"))
        for name, said in _rows(snapshot, diagnosis):
            print(f"  {plain(name):<10} {plain(said, MAX_SHOWN)}")
        for mark, said, _ in _words(diagnosis):
            print(f"{mark}{plain(said, MAX_SHOWN)}")
    if not diagnosis.alive:
        raise typer.Exit(int(ExitCode.UNAVAILABLE))
    raise typer.Exit(int(ExitCode.TEMPORARY if diagnosis.troubles else ExitCode.OK))


def top(
    runtime: FolderOption = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="End after this many refreshes.")
    ] = None,
) -> None:
    """Watch the daemon in the terminal, refreshed once a second, until Ctrl-C."""
    from rich.live import Live

    shown = 0
    with usual_end(), Live(_shown(*_read(runtime)), auto_refresh=False) as live:
        while frames is None or shown < frames:
            live.update(_shown(*_read(runtime)), refresh=True)
            shown += 1
            if frames is None or shown < frames:
                time.sleep(REFRESH_S)


def _read(runtime: Path | None) -> "tuple[Snapshot, Diagnosis]":
    from landmarkd.daemon.diagnosis import diagnose
    from landmarkd.daemon.statusfile import read_status, shown_folder

    snapshot = read_status(runtime or shown_folder())
    return snapshot, diagnose(snapshot, time.monotonic_ns())


def _words(diagnosis: "Diagnosis") -> list[tuple[str, str, str]]:
    """Return mark, text and colour of each fault and note."""
    words = [("! ", trouble, "bold red") for trouble in diagnosis.troubles]
    words += [("- ", note, "yellow") for note in diagnosis.notes]
    return words if diagnosis.troubles else [*words, ("", "Nothing is wrong.", "green")]


def _shown(snapshot: "Snapshot", diagnosis: "Diagnosis") -> "RenderableType":
    """Return the table, and the faults below it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    title = Text(plain(f"landmarkd {snapshot.device}"))
    table = Table(title=title, show_header=False)
    for name, said in _rows(snapshot, diagnosis):
        table.add_row(as_text(name), as_text(said))
    words = [
        Text.assemble((mark, colour), (plain(said, MAX_SHOWN), "" if mark else colour))
        for mark, said, colour in _words(diagnosis)
    ]
    return Group(table, *words)


def _rows(snapshot: "Snapshot", diagnosis: "Diagnosis") -> list[tuple[str, str]]:
    """Return the rows: names and texts."""
    lasted = f"{snapshot.uptime_s:.0f} s"
    # The state itself may have begun a moment ago.
    state = f"{snapshot.state}, up for {lasted}" if diagnosis.alive else f"stopped (ran {lasted})"
    faults = ("reopened", "corrupt", "stale", "identical")
    counts = ", ".join(f"{getattr(snapshot, name)} {name}" for name in faults)
    heat = "temperature unknown"
    if snapshot.temperature_c is not None:
        heat = f"{snapshot.temperature_c:.0f} °C"
    rows = [("state", f"{state}, updated {diagnosis.age_s:.1f} s ago")]
    if snapshot.version:
        rows.append(("version", snapshot.version))
    if snapshot.model:
        rows += [
            ("source", f"{snapshot.source}, {snapshot.captured_fps:.1f} fps captured"),
            ("model", f"{snapshot.model} on {snapshot.runtime} ({snapshot.accelerator})"),
        ]
    processed = f"{snapshot.processed_fps:.1f} fps processed, {snapshot.skipped_fps:.1f} skipped; "
    processed += f"{snapshot.processed} in all, {snapshot.with_face} with a face"
    rows += [("frames", processed), ("faults", f"{counts} since the start")]
    if snapshot.latency_ms:
        rows.append(("latency", "p50 {:.1f} ms, p99 {:.1f} ms".format(*snapshot.latency_ms)))
    if snapshot.stages_ms:
        stages = (f"{name} {spent:.2f}" for name, spent in snapshot.stages_ms.items())
        rows.append(("stages", f"{'  '.join(stages)} ms"))
    rows.append(("driver", snapshot.attention or "not watched"))
    rows.append(("machine", f"{snapshot.memory_mb:.0f} MB, {heat}"))
    for sink in snapshot.sinks:
        line = f"{'' if sink.connected else 'not '}connected, {sink.sent} sent, "
        line += f"{sink.dropped} dropped, {sink.reconnects} reconnects"
        rows.append((sink.uri.partition("?")[0], line))
    return rows
