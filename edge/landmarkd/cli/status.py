"""`landmarkd status` and `landmarkd top`: how the daemon on this machine is doing."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.display import plain
from landmarkd.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from landmarkd.daemon.diagnosis import Diagnosis
    from landmarkd.daemon.snapshot import Snapshot

MAX_SHOWN = 1000
"""Characters of one line that are shown."""
REFRESH_S = 1.0
"""As often as the daemon tells."""

FolderOption = Annotated[
    Path | None,
    typer.Option("--runtime", help="Folder of the status file; default that of the service."),
]


def status(
    runtime: FolderOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole record as JSON.")] = False,
) -> None:
    """Say how the daemon is doing and what is wrong.

    Exit code 0 when it runs, 75 when it runs with a fault that it works on, 69 when it does not
    run.
    """
    snapshot, diagnosis = _read(runtime)
    if as_json:
        print(json.dumps({**asdict(snapshot), **asdict(diagnosis)}, indent=2))
    else:
        from rich.console import Console

        Console(highlight=False).print(_shown(snapshot, diagnosis), soft_wrap=True)
    if not diagnosis.alive:
        raise typer.Exit(int(ExitCode.UNAVAILABLE))
    raise typer.Exit(int(ExitCode.TEMPORARY if diagnosis.troubles else ExitCode.OK))


def top(
    runtime: FolderOption = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after so many refreshes.")] = None,
) -> None:
    """Watch the daemon in the terminal, refreshed once a second, until Ctrl-C."""
    from rich.live import Live

    shown = 0
    with Live(_shown(*_read(runtime)), auto_refresh=False) as live:
        while frames is None or shown < frames:
            live.update(_shown(*_read(runtime)), refresh=True)
            shown += 1
            if frames is None or shown < frames:
                time.sleep(REFRESH_S)


def _read(runtime: Path | None) -> "tuple[Snapshot, Diagnosis]":
    from landmarkd.daemon.diagnosis import diagnose
    from landmarkd.daemon.statusfile import read_status, runtime_folder

    snapshot = read_status(runtime or runtime_folder())
    return snapshot, diagnose(snapshot, time.monotonic_ns())


def _shown(snapshot: "Snapshot", diagnosis: "Diagnosis") -> "RenderableType":
    """Return the table, and below it what is wrong."""
    from rich.console import Group
    from rich.text import Text

    troubles = [
        Text.assemble(("! ", "bold red"), plain(trouble, MAX_SHOWN))
        for trouble in diagnosis.troubles
    ]
    notes = [Text.assemble(("- ", "yellow"), plain(note, MAX_SHOWN)) for note in diagnosis.notes]
    fine = [] if troubles else [Text("Nothing is wrong.", "green")]
    return Group(_table(snapshot, diagnosis), *troubles, *notes, *fine)


def _table(snapshot: "Snapshot", diagnosis: "Diagnosis") -> "Table":
    from rich.table import Table
    from rich.text import Text

    title = Text(plain(f"landmarkd {snapshot.device}"))
    table = Table(title=title, show_header=False, min_width=60)

    def row(name: str, text: str) -> None:
        # As text, so that brackets in a path are not taken for markup.
        table.add_row(name, Text(plain(text, MAX_SHOWN)))

    lasted = f"{snapshot.uptime_s:.0f} s"
    state = f"{snapshot.state} for {lasted}" if diagnosis.alive else f"stopped (ran {lasted})"
    row("state", f"{state}, updated {diagnosis.age_s:.1f} s ago")
    if snapshot.version:
        row("version", snapshot.version)
    if snapshot.model:
        row("source", f"{snapshot.source}, {snapshot.captured_fps:.1f} fps captured")
        row("model", f"{snapshot.model} on {snapshot.runtime} ({snapshot.accelerator})")
    row(
        "frames",
        f"{snapshot.processed_fps:.1f} fps processed, {snapshot.skipped_fps:.1f} skipped; "
        f"{snapshot.processed} in all, {snapshot.with_face} with a face",
    )
    faults = ("reopened", "corrupt", "stale", "identical")
    row(
        "faults",
        ", ".join(f"{getattr(snapshot, name)} {name}" for name in faults) + " since the start",
    )
    if snapshot.latency_ms:
        row("latency", "p50 {:.1f} ms, p99 {:.1f} ms".format(*snapshot.latency_ms))
    if snapshot.stages_ms:
        row(
            "stages",
            "  ".join(f"{name} {spent:.2f}" for name, spent in snapshot.stages_ms.items()) + " ms",
        )
    row("driver", snapshot.attention or "not watched")
    heat = (
        "temperature unknown"
        if snapshot.temperature_c is None
        else f"{snapshot.temperature_c:.0f} °C"
    )
    row("machine", f"{snapshot.memory_mb:.0f} MB, {heat}")
    for sink in snapshot.sinks:
        line = "connected" if sink.connected else "not connected"
        row(
            sink.uri.partition("?")[0],
            f"{line}, {sink.sent} sent, {sink.dropped} dropped, {sink.reconnects} reconnects",
        )
    return table
