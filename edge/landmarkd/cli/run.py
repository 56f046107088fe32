"""`landmarkd run`: the daemon itself."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd import __version__
from landmarkd.cli.options import (
    ConfigOption,
    ModelOption,
    SinkOption,
    SourceOption,
    read_configuration,
)
from landmarkd.errors import LandmarkdError, UsageError

if TYPE_CHECKING:
    from landmarkd.settings.config import Configuration
    from landmarkd.types import Session
    from landmarkd.vision.zoo import LandmarkCard

log = logging.getLogger(__name__)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Run it")(run)


def run(
    config: ConfigOption = None,
    source: SourceOption = None,
    sink: SinkOption = None,
    model: ModelOption = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after this many frames.")] = None,
    duration: Annotated[
        float | None, typer.Option(min=0.1, help="End after this many seconds.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Play files as fast as possible, without losing a frame.")
    ] = False,
    save_frames: Annotated[
        Path | None,
        typer.Option(
            "--save-frames",
            help="Write every frame as a picture into this folder. Mind whom it shows.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what happens in detail.")
    ] = False,
) -> None:
    """Capture frames, find the face in each, and send the results to the sinks, until told to stop.

    Example: landmarkd run --source v4l2:/dev/video0 --sink udp://192.168.1.20:5005 --sink jsonl:-

    SIGTERM ends it, SIGHUP reads the configuration again; landmarkd status says how it goes.
    """
    from landmarkd.camera import make_source
    from landmarkd.cli.logs import set_up_logging
    from landmarkd.daemon.baselines import BaselineKeeper
    from landmarkd.daemon.saver import FrameSaver
    from landmarkd.daemon.service import Limits, Publisher, Service
    from landmarkd.daemon.statusfile import StatusFile, runtime_folder
    from landmarkd.pipeline import Pipeline
    from landmarkd.sinks import make_sink
    from landmarkd.types import Report

    set_up_logging(verbose)
    status_file = StatusFile(runtime_folder())
    publishers: list[Publisher] = [status_file]
    keepers: list[Callable[..., None]] = []

    def build() -> Service:
        configuration = read_configuration(config, source=source, sinks=sink, model=model)
        if not configuration.sinks:
            raise UsageError(
                "No sink: add --sink jsonl:- to print the results, or --sink udp://host:port."
            )
        frame_source = make_source(configuration.source.uri, fast=fast)
        keeper = BaselineKeeper.of(configuration.driver) if frame_source.live else None
        pipeline = Pipeline(configuration, baseline=keeper.known if keeper else None)
        session = make_session(configuration, pipeline.model.name, pipeline.model.card)
        sinks = [make_sink(uri, session) for uri in configuration.sinks]

        def keep(_: Report | None = None, *, now: bool = False) -> None:
            if keeper is not None:
                keeper.offer(pipeline.baseline, now=now)

        keepers.append(keep)
        return Service(
            frame_source,
            pipeline,
            sinks,
            Limits(frames, duration),
            publishers=publishers,
            on_report=keep,
            on_reload=build,
            saver=saver,
        )

    try:
        metrics_port = read_configuration(config).service.metrics_port
        if metrics_port is not None:
            from landmarkd.daemon.metrics import Metrics

            publishers.append(Metrics(metrics_port))
        saver = FrameSaver(save_frames) if save_frames is not None else None
        service: Service | None = build()
    except LandmarkdError as error:
        status_file.publish_failure(error)
        raise
    while service is not None:
        service.requests.obey()
        service.run()
        observer, service = service.observer, service.successor
        keepers.pop(0)(now=True)
    log.info("Processed %d frames, %d with a face", observer.processed, observer.with_face)


def make_session(configuration: "Configuration", name: str, card: "LandmarkCard") -> "Session":
    """Return what receivers are told about this run: the device and its landmark model."""
    import secrets

    from landmarkd.types import Session
    from landmarkd.vision.eyes import reported_layout
    from landmarkd.vision.zoo import open_zoo

    layout = reported_layout(open_zoo(configuration.model.folder), card, configuration.model.eyes)
    return Session(
        boot_id=secrets.randbits(64),
        device=configuration.service.device,
        model=name,
        model_sha256=card.sha256,
        layout=layout.name,
        count=layout.count,
        version=__version__,
    )
