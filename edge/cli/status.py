"""`landmarkd status` and `landmarkd top`: how the daemon on this machine is doing."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.errors import ExitCode

if TYPE_CHECKING:
    from rich.table import Table

STALE_S = 5.0
"""A status file older than this is of a daemon that hangs."""

FolderOption = Annotated[
    Path | None, typer.Option("--runtime", help="Folder of the status file; default that of the service.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Look after it")(status)
    app.command(rich_help_panel="Look after it")(top)


def status(
    runtime: FolderOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole record as JSON.")] = False,
) -> None:
    """Say how the daemon is doing and what is wrong.

    Exit code 0 when it runs, 75 when it runs with a fault that it works on, 69 when it does not run.
    """
    values = _read(runtime)
    if as_json:
        print(json.dumps(values, indent=2))
    else:
        from rich.console import Console

        console = Console()
        console.print(_table(values))
        for trouble in values["troubles"]:
            console.print(f"[bold red]![/] {trouble}")
    raise typer.Exit(int(_verdict(values)))


def top(
    runtime: FolderOption = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after so many refreshes.")] = None,
) -> None:
    """Watch the daemon in the terminal, refreshed once a second, until Ctrl-C."""
    from rich.live import Live

    shown = 0
    with Live(_table(_read(runtime)), auto_refresh=False) as live:
        while frames is None or shown < frames:
            live.update(_table(_read(runtime)), refresh=True)
            shown += 1
            if frames is None or shown < frames:
                time.sleep(1.0)


def _read(runtime: Path | None) -> dict[str, Any]:
    from edge.daemon.statusfile import read_status, runtime_folder

    values = read_status(runtime or runtime_folder())
    age_s = (time.monotonic_ns() - int(values["updated_ns"])) / 1e9
    values["age_s"] = round(age_s, 1)
    values["alive"] = values["state"] != "stopped" and _alive(int(values["pid"])) and age_s >= 0
    values["troubles"] = _troubles(values, age_s)
    return values


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _troubles(values: dict[str, Any], age_s: float) -> list[str]:
    """Return what is wrong, each in one sentence with what to do."""
    if values["state"] == "stopped":
        return ["The daemon was stopped; start it with sudo systemctl start landmarkd."]
    if not values["alive"]:
        return ["The daemon ended without saying goodbye; see journalctl -u landmarkd."]
    troubles = []
    if age_s > STALE_S:
        troubles.append(f"The daemon has not moved for {age_s:.0f} s; systemd restarts it when its watchdog runs out.")
    if values["state"] == "stalled":
        troubles.append(f"The camera {values['source']} delivers nothing.")
    if values["state"] == "reopening":
        troubles.append(f"The camera {values['source']} was lost and is opened again and again; check its cable.")
    if "delegate" in values["degraded"]:
        troubles.append("The Coral was lost or refused, the processor does its work; see landmarkd doctor.")
    if values["throttled"]:
        troubles.append("The processor was throttled or saw too low a voltage; see landmarkd doctor.")
    troubles += [
        f"{sink['uri']} is not connected{': ' + sink['last_error'] if sink['last_error'] else ''}."
        for sink in values["sinks"]
        if not sink["connected"]
    ]
    return troubles


def _verdict(values: dict[str, Any]) -> ExitCode:
    if not values["alive"]:
        return ExitCode.UNAVAILABLE
    return ExitCode.TEMPORARY if values["troubles"] else ExitCode.OK


def _table(values: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(title=f"landmarkd {values['device']}", show_header=False, min_width=60)
    state = values["state"] if values["alive"] else "not running"
    table.add_row("state", f"{state} for {values['uptime_s']:.0f} s, told {values['age_s']} s ago")
    table.add_row("source", f"{values['source']}, {values['captured_fps']:.1f} fps captured")
    table.add_row("model", f"{values['model']} on {values['runtime']} ({values['accelerator']})")
    table.add_row(
        "frames",
        f"{values['processed_fps']:.1f} fps processed, {values['skipped_fps']:.1f} skipped; "
        f"{values['processed']} in all, {values['with_face']} with a face",
    )
    table.add_row(
        "faults", ", ".join(f"{values[name]} {name}" for name in ("reopened", "corrupt", "stale", "identical"))
    )
    if values["latency_ms"]:
        table.add_row("latency", "p50 {:.1f} ms, p99 {:.1f} ms".format(*values["latency_ms"]))
    table.add_row("stages", "  ".join(f"{name} {spent:.2f}" for name, spent in values["stages_ms"].items()) + " ms")
    table.add_row("driver", str(values["attention"] or "not watched"))
    heat = "unknown" if values["temperature_c"] is None else f"{values['temperature_c']:.0f} °C"
    table.add_row("machine", f"{values['memory_mb']:.0f} MB, {heat}")
    for sink in values["sinks"]:
        line = "connected" if sink["connected"] else "not connected"
        table.add_row(
            sink["uri"].partition("?")[0],
            f"{line}, {sink['sent']} sent, {sink['dropped']} dropped, {sink['reconnects']} reconnects",
        )
    return table
