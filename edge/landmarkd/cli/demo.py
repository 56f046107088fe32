"""`landmarkd demo`: the whole pipeline on the bundled clip, over UDP and a pseudo-terminal."""

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.cli.options import ModelOption, read_configuration
from landmarkd.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from landmarkd.daemon.service import Service
    from landmarkd.receive.link import Link
    from landmarkd.types import Report

REFRESH_HZ = 8
WIDTH = 40
"""Characters of the second column, if the terminal has room for them."""


def demo(
    model: ModelOption = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="As fast as possible instead of at the pace of the clip.")
    ] = False,
) -> None:
    """Play the bundled clip through the pipeline, send it over UDP and serial, and decode both.

    Exit code: 0 if every sent message was decoded, else 74.
    """
    from rich.console import Console
    from rich.live import Live

    from landmarkd.camera import make_source
    from landmarkd.daemon.service import Service
    from landmarkd.pipeline import Pipeline
    from landmarkd.receive.loopback import Listener, PtyLink, udp_loopback
    from landmarkd.sinks import make_sink

    console = Console()
    view = _View(paced=not fast)
    with ExitStack() as stack:
        configuration = read_configuration(None, source="demo:", model=model)
        pipeline = Pipeline(configuration)
        session = pipeline.session()
        udp, udp_uri = udp_loopback()
        serial = PtyLink()
        serial.open()
        receivers = [udp, serial]
        for receiver in receivers:
            stack.callback(Listener(receiver).close)
        sinks = [make_sink(uri, session) for uri in (udp_uri, serial.sink_uri)]
        live = stack.enter_context(
            Live(console=console, refresh_per_second=REFRESH_HZ, transient=True)
        )
        if not console.is_terminal:
            live.stop()
        service = Service(make_source("demo:", fast=fast), pipeline, sinks, on_report=view.add)
        live.update(view, refresh=True)
        service.requests.obey()
        began = time.process_time()
        service.run()
        cpu_ms = (time.process_time() - began) * 1e3
    console.print(_summary(view, service, receivers, cpu_ms))
    lost = sum(
        sink.statistics.messages - receiver.counters.packets
        for sink, receiver in zip(sinks, receivers, strict=True)
    )
    if lost:
        print(f"landmarkd: {lost} messages were sent and not decoded.", file=sys.stderr)
        raise typer.Exit(int(ExitCode.IO))


class _View:
    """The live table of the newest report.

    Frames that are not played at their pace have times in the future and no latency.
    """

    def __init__(self, *, paced: bool) -> None:
        self.paced = paced
        self.last: Report | None = None
        self.latencies_ms: list[float] = []
        self.faces = 0

    def add(self, report: "Report") -> None:
        self.last = report
        if self.paced:
            self.latencies_ms.append((report.emitted_ns - report.captured_ns) / 1e6)
        self.faces += report.face is not None

    def __rich__(self) -> "RenderableType":
        from rich.table import Table

        table = Table(title="landmarkd demo: the bundled clip", show_header=False)
        report = self.last
        if report is None:
            table.add_row("frame", "waiting for the first frame")
            return table
        # As wide as the other rows: the table keeps its width while there is no face. Not by
        # `min_width`, with which rich fails in a terminal of three columns.
        table.add_row("frame", f"{report.sequence:<{WIDTH}}")
        if report.face is None:
            table.add_row("face", "none")
        else:
            pose, face = report.face.pose, report.face
            table.add_row("face", f"{len(face.points)} points, score {face.observation.score:.2f}")
            table.add_row(
                "head", f"yaw {pose.yaw:+5.0f}°  pitch {pose.pitch:+5.0f}°  roll {pose.roll:+5.0f}°"
            )
            x, y, z = pose.translation_mm
            table.add_row("position", f"x {x:+.0f}  y {y:+.0f}  z {z:+.0f} mm")
            right, left = _percent(face.right.openness), _percent(face.left.openness)
            table.add_row("eyes", f"right {right}  left {left} open")
        if report.driver is not None:
            table.add_row("driver", ", ".join((report.driver.attention, *report.driver.active)))
        if self.latencies_ms:
            table.add_row("latency", f"{self.latencies_ms[-1]:.1f} ms from capture to result")
        return table


def _percent(value: float | None) -> str:
    return "   ?" if value is None else f"{100 * value:3.0f}%"


def _summary(
    view: _View, service: "Service", receivers: "Sequence[Link]", cpu_ms: float
) -> "Table":
    import numpy as np
    from rich.table import Table

    frames = max(1, service.observer.processed)
    table = Table(title="Summary", show_header=False)
    table.add_row("frames", f"{service.observer.processed}, {view.faces} with a face")
    if view.latencies_ms:
        p50, p99 = np.percentile(view.latencies_ms, (50, 99))
        table.add_row("latency", f"median {p50:.1f} ms, p99 {p99:.1f} ms from capture to result")
    table.add_row("CPU", f"{cpu_ms / frames:.2f} ms a frame, receivers included")
    for name, (median, worst) in service.pipeline.clock.percentiles(50, 99):
        table.add_row(f"  {name}", f"median {median:.3f} ms, p99 {worst:.3f} ms")
    for sink, receiver in zip(service.sinks, receivers, strict=True):
        sent, got = sink.statistics, receiver.counters
        complete = got.packets == sent.messages and not got.rejected
        verdict = "all decoded" if complete else "NOT all decoded"
        table.add_row(
            sink.uri.partition(":")[0],
            f"{sent.bytes} bytes, {sent.messages} messages sent, {got.packets} decoded: {verdict}",
        )
    return table
