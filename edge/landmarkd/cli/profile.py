"""`landmarkd profile`: the time of each stage on this machine, and a recommendation."""

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landmarkd.cli.beside import beside_the_service
from landmarkd.cli.options import (
    ConfigOption,
    ForceOption,
    ModelOption,
    SinkOption,
    SourceOption,
    read_configuration,
)
from landmarkd.display import as_text
from landmarkd.files import check_writable, refuse_existing, write_atomic, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from landmarkd.pipeline import Pipeline
    from landmarkd.profile.profiler import Recording
    from landmarkd.settings.config import Configuration
    from landmarkd.sinks.base import Sink

SWEEP_THREADS = 4


def profile(
    config: ConfigOption = None,
    source: SourceOption = None,
    sink: SinkOption = None,
    model: ModelOption = None,
    frames: Annotated[int, typer.Option(min=10, help="Number of frames.")] = 300,
    fast: Annotated[bool, typer.Option("--fast", help="Play files as fast as possible.")] = False,
    sweep: Annotated[
        bool, typer.Option(help="Also try threads, plain kernels, the Coral and other models.")
    ] = True,
    operators: Annotated[bool, typer.Option(help="Also time the operators of the model.")] = True,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write all results to this file.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write an HTML page.")] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Write the last 5 s as a trace for ui.perfetto.dev.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="OLD NEW", help="Only compare two files of --json."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Measure the time of each stage, and recommend threads and accelerator.

    Example: landmarkd profile --source v4l2:/dev/video0 --json today.json --html today.html
    """
    if compare is not None:
        _compare(*compare)
        return
    from landmarkd.profile.result import document
    from landmarkd.profile.trace import trace as make_trace
    from landmarkd.web.profile import page

    configuration = read_configuration(config, source=source, sinks=sink, model=model)
    for path in filter(None, (as_json, html, trace)):
        refuse_existing(path, force=force)
        check_writable(path)
    with _bar() as bar, beside_the_service():
        recording = _record(configuration, frames, fast, bar)
        measured = _engines(configuration, sweep, operators, bar)
    result = document(recording, **measured)
    _show(result)
    if as_json:
        _write(as_json, json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")
    if html:
        _write(html, page(result))
    if trace:
        _write(trace, json.dumps(make_trace(recording.spans, recording.machine.samples)) + "\n")


def _record(
    configuration: "Configuration",
    frames: int,
    fast: bool,
    bar: "Callable[[str, int], Callable[[], None]]",
) -> "Recording":
    from socket import AF_INET, SOCK_DGRAM, socket

    from landmarkd.camera import make_source
    from landmarkd.daemon.limits import Limits
    from landmarkd.profile.profiler import record
    from landmarkd.sinks import make_sink

    source = make_source(configuration.source.uri, fast=fast)
    tick = bar("Watching the pipeline", frames)
    with socket(AF_INET, SOCK_DGRAM) as nobody:
        # Without a sink of the user, send to a port that nobody reads, because encoding is part of
        # the work.
        nobody.bind(("127.0.0.1", 0))
        uris = configuration.sinks or (f"udp://127.0.0.1:{nobody.getsockname()[1]}",)

        def make_sinks(pipeline: "Pipeline") -> "Sequence[Sink]":
            session = pipeline.session()
            return [make_sink(uri, session) for uri in uris]

        return record(
            configuration,
            source,
            make_sinks,
            Limits(frames, None),
            paced=source.live or not fast,
            on_report=lambda _: tick(),
        )


def _engines(
    configuration: "Configuration",
    sweep: bool,
    operators: bool,
    bar: "Callable[[str, int], Callable[[], None]]",
) -> dict[str, Any]:
    from landmarkd.errors import InferenceRuntimeError
    from landmarkd.profile import engine
    from landmarkd.vision.zoo import open_zoo

    zoo = open_zoo(configuration.model.folder)
    name, card = zoo.landmarks(configuration.model.name)
    measured: dict[str, Any] = {"edgetpu_share": card.edgetpu_share}
    if sweep:
        most = min(SWEEP_THREADS, os.cpu_count() or 1)
        wanted = engine.variants(zoo, name, range(1, most + 1))
        tick = bar("Trying threads and kernels", len(wanted) * (engine.ROUNDS + 1))
        measured["sweep"] = engine.sweep(zoo, wanted, tick=tick)
        measured["recommendation"] = engine.recommend(measured["sweep"], name)
    if operators:
        try:
            measured["operators"] = engine.operators(
                zoo.verified(card), tick=bar("Timing operators", 0)
            )
        except InferenceRuntimeError as error:
            print(f"landmarkd: {error}", file=sys.stderr)
    return measured


@contextmanager
def _bar() -> "Iterator[Callable[[str, int], Callable[[], None]]]":
    """Yield a function that begins a part of the work and returns a function for each step."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:

        def begin(what: str, total: int) -> "Callable[[], None]":
            task = progress.add_task(what, total=total or None)
            return lambda: progress.advance(task)

        yield begin


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        as_text(result["model"], "bold"),
        as_text(
            f"on {result['board'] or 'this machine'}, {result['runtime']}"
            f" ({result['accelerator']}): {result['frames']} frames of {result['source']}"
        ),
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("ms", "p50", "p90", "p99", "max", "distribution"):
        table.add_column(column, justify="left" if column in {"ms", "distribution"} else "right")
    for name, entry in (result["stages_ms"] | result["ages_ms"]).items():
        numbers = (f"{entry[rank]:.3f}" for rank in ("p50", "p90", "p99", "max"))
        table.add_row(
            as_text(name.replace("_", " ")), *numbers, _sparkline(entry["histogram"]["counts"])
        )
    console.print(table)
    for text in _sentences(result):
        console.print(as_text(text))
    if advice := result["recommendation"]:
        console.print(as_text(advice["reason"], "bold"), "In the configuration:")
        for line in advice["configuration"].splitlines():
            console.print(as_text(line, "cyan"))


def _sentences(result: dict[str, Any]) -> "Iterator[str]":
    from landmarkd.web.profile import variant_name

    machine = result["machine"]
    cores = ", ".join(f"{share:.0%}" for share in machine["cores"]) or "unknown"
    yield (
        f"{result['fps']:.1f} frames a second, {result['skipped']} skipped, "
        f"{result['faces']} with a face"
    )
    yield f"{result['cpu_ms_per_frame']:.2f} ms of CPU time a frame; cores busy {cores}"
    slope = machine["memory_slope_mb_per_minute"]
    grows = "" if slope is None else f", {slope:+.2f} MB a minute"
    yield f"{machine['memory_mb']:.0f} MB{grows}"
    if machine["temperature_c"] is not None:
        clock = " at {} to {} MHz".format(*machine["clock_mhz"]) if machine["clock_mhz"] else ""
        throttling = ", ".join(machine["throttling"]) or "not throttled"
        yield f"{machine['temperature_c']:.0f} °C{clock}; {throttling}"
    if result["python_share"] is not None:
        yield (
            f"{result['python_share']:.0%} of the processing is Python, numpy and OpenCV; the rest "
            f"is the networks ({result['network_ms_per_frame']:.2f} ms a frame)"
        )
    if result["edgetpu_share"] is not None:
        yield f"A Coral would run {result['edgetpu_share']:.1%} of the model's multiply-adds"
    yield f"The measurement itself took {result['overhead']:.2%} of the processing time"
    for each in result["sweep"]:
        how = variant_name(each)
        took = each["problem"]
        if each["p50_ms"] is not None:
            took = f"{each['p50_ms']:8.3f} ms, p90 {each['p90_ms']:.3f}"
        yield f"  {each['model']:<26} {how:<24} {took}"


def _sparkline(counts: "Sequence[int]") -> str:
    # Two bins per character, so that the table fits into 80 columns.
    pairs = [sum(counts[index : index + 2]) for index in range(0, len(counts), 2)]
    blocks, most = " ▁▂▃▄▅▆▇█", max([*pairs, 1])
    return "".join(blocks[min(8, -(-8 * count // most))] for count in pairs)


def _compare(old: Path, new: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from landmarkd.profile.result import compare, load

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("ms", "old", "new", "change", "99 % sure between", ""):
        table.add_column(column, justify="left" if column in {"ms", ""} else "right")
    for change in compare(load(old), load(new)):
        verdict = "noise"
        if change.real:
            verdict = "[red]slower[/]" if change.share > 0 else "[green]faster[/]"
        table.add_row(
            as_text(change.name.replace("_", " ")),
            f"{change.before_ms:.3f}",
            f"{change.after_ms:.3f}",
            f"{change.share:+.1%}",
            f"{change.low:+.1%} and {change.high:+.1%}",
            verdict,
        )
    Console(highlight=False).print(table)


def _write(path: Path, text: str) -> None:
    with writing(path):
        write_atomic(path, text.encode())
