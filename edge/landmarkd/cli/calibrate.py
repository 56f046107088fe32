"""`landmarkd calibrate board|camera|presets|driver|drivers`."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.cli.beside import beside_the_service
from landmarkd.cli.calibrate_driver import driver, drivers
from landmarkd.cli.options import (
    MAX_SECONDS,
    ConfigOption,
    ForceOption,
    read_configuration,
)
from landmarkd.display import as_text, plain
from landmarkd.errors import CalibrationError, UsageError
from landmarkd.files import check_writable, refuse_existing, write_atomic, writing

if TYPE_CHECKING:
    from rich.console import RenderableType

    from landmarkd.camera.calibration.collection import Collection, Verdict
    from landmarkd.camera.calibration.solve import Calibration
    from landmarkd.camera.calibration.view import BoardView

LIVE_HZ = 8
PAPERS = ("a4", "letter")
SERVICE_COPY = "/etc/landmarkd-camera.json"
"""A place that the service, and every user who reads its configuration, may read."""


commands = typer.Typer(help="Calibrate the camera and the driver.", no_args_is_help=True)


@commands.command()
def board(
    out: Annotated[Path, typer.Option("--out", "-o", help="The PDF to write.")] = Path("board.pdf"),
    paper: Annotated[str, typer.Option(help="a4 or letter.")] = "a4",
    force: ForceOption = False,
) -> None:
    """Write the calibration board as a PDF to print at 100 %.

    Glue it to something flat, such as a picture frame: a sheet that is not flat makes the
    calibration wrong; a wrong scale does not.
    """
    from importlib.resources import files

    if paper.lower() not in PAPERS:
        raise UsageError(f"paper is {paper!r}; use {' or '.join(PAPERS)}.")
    page = files("landmarkd") / "data" / f"board-{paper.lower()}.pdf"
    refuse_existing(out, force=force)
    with writing(out, "choose another place with --out"):
        write_atomic(out, page.read_bytes())
    print(
        f"Wrote {out}. Print it at 100 %, glue it flat, then: "
        "landmarkd calibrate camera --source v4l2:/dev/video0"
    )


@commands.command()
def camera(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(help="Pictures of the board, or folders of them, instead of a camera."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", "-s", help="Camera or video; default: that of the configuration."),
    ] = None,
    config: ConfigOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The calibration to write.")] = Path(
        "camera.json"
    ),
    limit: Annotated[
        float,
        typer.Option(min=5, max=MAX_SECONDS, help="Seconds; then the views so far are used."),
    ] = 300.0,
    force: ForceOption = False,
) -> None:
    """Measure a camera's focal length, centre and distortion from views of the printed board.

    Hold the board still in front of the camera and follow the instructions: in all parts of the
    picture, and tilted to each side. Ctrl-C ends it early. Use the same focus and picture size
    as later; another size of the same aspect ratio is scaled.

    Example: landmarkd calibrate camera --source v4l2:/dev/video0?size=640x480 --out camera.json
    """
    from landmarkd.camera import make_source, written_out
    from landmarkd.camera.calibration.session import look_at_pictures, watch
    from landmarkd.camera.calibration.solve import calibrate, save
    from landmarkd.settings.config import named_source
    from landmarkd.uri import named_file

    if not out.parent.is_dir():
        raise UsageError(
            f"{out.parent} is not a folder; make it, or choose another place with --out."
        )
    refuse_existing(out, force=force)
    check_writable(out, "choose another place with --out")
    if pictures and source:
        raise UsageError("Name pictures or a --source, not both.")
    uri = "" if pictures else written_out(source or named_source(read_configuration(config)))
    if uri.startswith("images:"):
        raise UsageError(
            f"Name pictures without --source: landmarkd calibrate camera {named_file(uri)}"
        )
    with _Screen() as screen:
        if pictures:
            collection = look_at_pictures(pictures, screen.look)
        else:
            with beside_the_service():
                collection = watch(make_source(uri, fast=True), screen.look, limit_s=limit)
    if not collection.views:
        raise CalibrationError(
            f"No view of the board could be used ({screen.why()}); "
            "print it with: landmarkd calibrate board"
        )
    result = calibrate(collection.views, out.stem)
    save(result, out)
    _print_result(result, collection, out)


@commands.command()
def presets(
    size: Annotated[str, typer.Option(help="Size of the pictures.")] = "640x480",
) -> None:
    """List the built-in camera presets, for pictures of one size."""
    import math
    import re

    from rich.console import Console
    from rich.table import Table

    from landmarkd.camera.intrinsics import DEFAULT_CHOICE, PRESETS, intrinsics_for

    match = re.fullmatch(r"([1-9]\d{1,3})x([1-9]\d{1,3})", size)
    if match is None:
        raise UsageError(f"size is {size!r}; use WIDTHxHEIGHT, such as 640x480.")
    table = Table("camera =", "what it is", "focal length, px", "field of view, deg", box=None)
    for choice in (*PRESETS, DEFAULT_CHOICE):
        known = intrinsics_for(int(match[1]), int(match[2]), choice)
        fields = [
            2 * math.degrees(math.atan(side / 2 / focal))
            for side, focal in ((known.width, known.fx), (known.height, known.fy))
        ]
        title = "a guess; any angle is allowed"
        if choice in PRESETS:
            title = f"{PRESETS[choice].title}, by its data sheet"
        table.add_row(f'"{choice}"', title, f"{known.fx:.0f}", f"{fields[0]:.1f} x {fields[1]:.1f}")
    Console().print(table)
    print(
        '\nPut one into the configuration: [source] camera = "module-3". '
        "A calibration is more exact than a preset."
    )


commands.command()(driver)
commands.command()(drivers)


class _Screen:
    """Shows the progress on a terminal; elsewhere prints one line for each view."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=LIVE_HZ, transient=True)
        self._refused: dict[str, int] = {}
        self._taken = 0

    def __enter__(self) -> "_Screen":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def look(
        self, name: str, view: "BoardView | None", verdict: "Verdict", collection: "Collection"
    ) -> None:
        """Show the result for a picture."""
        self._taken += verdict.taken
        if not verdict.taken:
            self._refused[verdict.reason] = self._refused.get(verdict.reason, 0) + 1
        if self._console.is_terminal:
            self._live.update(_progress(view, verdict, collection))
        elif verdict.taken or not collection.live:
            self._console.print(as_text(f"{name}: {verdict.reason}"), soft_wrap=True)

    def why(self) -> str:
        """Return the most frequent reason for refusing a view."""
        return max(
            self._refused, key=lambda reason: self._refused[reason], default="no picture came"
        )


def _progress(
    view: "BoardView | None", verdict: "Verdict", collection: "Collection"
) -> "RenderableType":
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    rows = [
        Text(" ").join(
            Text("███" if count else "░░░", style="green" if count else "dim") for count in row
        )
        for row in collection.covered
    ]
    seen = f"{len(view.ids)} corners" if view is not None else "no board"
    return Group(
        Text(f"{len(collection.views)} views taken · {seen} · {verdict.reason}"),
        *rows,
        ProgressBar(total=1.0, completed=collection.progress, width=40),
        Text(f"Next: {collection.advice() or 'that is all'}.", style="bold"),
    )


def _print_result(result: "Calibration", collection: "Collection", out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from landmarkd.camera.calibration.solve import field_of_view

    known = result.intrinsics
    across = field_of_view(known)
    uncertain = f"± {100 * result.focal_uncertainty:.2f} %"
    distortion = ", ".join(f"{value:.4f}" for value in known.distortion)
    views = f"{len(result.view_px)} views, {result.corners} corners"
    table = Table(show_header=False, box=None)
    table.add_row("Focal length", f"{known.fx:.1f} x {known.fy:.1f} px, {uncertain}")
    table.add_row("Field of view", f"{across:.1f} degrees across {known.width} px")
    table.add_row("Centre", f"{known.cx:.1f}, {known.cy:.1f} px")
    table.add_row("Distortion", f"{distortion}  (k1, k2, p1, p2, k3)")
    table.add_row("Error", f"{result.rms_px:.2f} px over {views}")
    Console().print(table)
    if result.left_out:
        print(f"Left out, because they do not fit: {plain(', '.join(result.left_out), 1000)}")
    advice = collection.advice()
    if advice is not None:
        print(f"More views would make it more exact: {advice}.")
    print(f'Wrote {out}. Use it: [source] camera = "{out.resolve()}" in the configuration.')
    home = os.environ.get("HOME")
    if home and out.resolve().is_relative_to(Path(home).resolve()):
        print(
            "The service may not read home folders; for it: sudo install -m 644 "
            f"{shlex.quote(str(out))} {SERVICE_COPY}, and that path in the configuration."
        )
