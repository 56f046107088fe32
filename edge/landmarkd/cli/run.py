"""`landmarkd run`: the daemon itself."""

import contextlib
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.cli.options import (
    MAX_SECONDS,
    ConfigOption,
    ModelOption,
    SinkOption,
    SourceOption,
    read_configuration,
)
from landmarkd.errors import LandmarkdError

if TYPE_CHECKING:
    from landmarkd.settings.config import Configuration

log = logging.getLogger(__name__)


def run(
    config: ConfigOption = None,
    source: SourceOption = None,
    sink: SinkOption = None,
    model: ModelOption = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after this many frames.")] = None,
    duration: Annotated[
        float | None,
        typer.Option(min=0.1, max=MAX_SECONDS, help="End after this many seconds."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Play files as fast as possible, without losing a frame.")
    ] = False,
    save_frames: Annotated[
        Path | None,
        typer.Option(
            "--save-frames",
            help="Write every frame as a picture into this folder. The pictures show people.",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Write a detailed log.")] = False,
) -> None:
    """Capture frames, find the face, and send the results to the sinks, until stopped.

    Example: landmarkd run --source v4l2:/dev/video0 --sink udp://192.168.1.20:5005 --sink jsonl:-

    Without a sink, and with --source but no --sink, a table shows the results in the terminal.
    SIGTERM ends it, SIGHUP reloads the configuration; landmarkd status shows its state.
    """
    _import_libraries()
    from landmarkd.daemon.requests import Requests

    requests = Requests()
    requests.obey()  # first, so that no signal during the start is lost or kills it

    from landmarkd.cli.logs import set_up_logging
    from landmarkd.daemon.factory import ServiceFactory
    from landmarkd.daemon.limits import Limits
    from landmarkd.daemon.metrics_port import MetricsPorts
    from landmarkd.daemon.notify import Notifier
    from landmarkd.daemon.saver import FrameSaver
    from landmarkd.daemon.service import Publisher
    from landmarkd.daemon.statusfile import StatusFile, runtime_folder
    from landmarkd.daemon.supervisor import Supervisor
    from landmarkd.settings.config import named_source

    set_up_logging(verbose)
    table: list[str] | None = None
    status_file = StatusFile(runtime_folder())
    with contextlib.ExitStack() as closing:
        try:
            given = read_configuration(config, source=source, sinks=sink, model=model)
            named_source(given)  # before a table in the terminal
            printing = any(uri.endswith(":-") for uri in given.sinks)
            # Who names a source and no sink wants to see results, also where the file of an
            # installed service has sinks.
            by_hand = not sink and (source is not None or not given.sinks)
            if by_hand and not printing and sys.stdout.isatty():
                from landmarkd.cli.live import LiveTable

                table = [closing.enter_context(LiveTable()).sink]
            publishers: list[Publisher] = []
            if status_file.taken():
                log.debug("Another daemon runs; landmarkd status shows that daemon, not this one")
            else:
                publishers.append(status_file)
            elsewhere = given.sinks and not printing and table is None
            if elsewhere and sys.stderr.isatty():
                from landmarkd.cli.announce import Announcer

                publishers.append(Announcer())
            factory = ServiceFactory(
                requests,
                Notifier(),
                Limits(frames, duration),
                publishers,
                FrameSaver(save_frames) if save_frames is not None else None,
                fast,
                MetricsPorts(),
            )

            def read() -> "Configuration":
                configured = read_configuration(config, source=source, sinks=sink, model=model)
                if table is None:
                    return configured
                shown = [*configured.sinks, *table]  # a reload may bring some
                return read_configuration(config, source=source, sinks=shown, model=model)

            supervisor = Supervisor(read, factory)
            supervisor.run()
        except LandmarkdError as error:
            status_file.publish_failure(error)
            raise
    log.info("Processed %d frames, %d with a face", supervisor.processed, supervisor.with_face)


def _import_libraries() -> None:
    """Import numpy and OpenCV without the threads of their matrix libraries, one for each core.

    They would multiply nothing, because all matrices are small, but each runs idle for some
    milliseconds after its start. The programs of a hook keep their environment.
    """
    threads = "OPENBLAS_NUM_THREADS"
    given = os.environ.get(threads)
    os.environ[threads] = given or "1"
    for name in ("numpy", "cv2"):
        import_module(name)
    if given is None:
        del os.environ[threads]
