"""`landmarkd calibrate driver`: sit, look ahead, blink; and list known drivers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landmarkd.cli.beside import beside_the_service
from landmarkd.cli.options import (
    ConfigOption,
    ModelOption,
    SourceOption,
    read_configuration,
)
from landmarkd.errors import (
    CalibrationError,
    ConfigurationError,
    EndOfStreamError,
    SourceTimeoutError,
)

if TYPE_CHECKING:
    from landmarkd.camera.base import FrameSource
    from landmarkd.daemon.baselines import BaselineStore
    from landmarkd.pipeline import Pipeline
    from landmarkd.signals.monitor import DriverBaseline

PATIENCE_S = 120.0
"""The calibration fails if it has not learnt enough after this time, or `PATIENCE` times what it
needs."""
PATIENCE = 4.0
LEAST_BLINKS = 2
StateOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the state; the service's is /var/lib/landmarkd, with sudo -u landmarkd. "
        "Default: $STATE_DIRECTORY, else ~/.local/state/landmarkd."
    ),
]


def driver(
    name: Annotated[
        str, typer.Argument(help="Name of the driver: letters, digits, - and _.")
    ] = "driver",
    source: SourceOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    state: StateOption = None,
) -> None:
    """Learn one driver's open eyes and natural forward direction, in half a minute.

    Sit as for driving, look ahead at the road, and blink normally. The daemon learns the same while
    you drive; this command only saves the first minute. It stores six numbers and no picture.

    Example: landmarkd calibrate driver anna --source v4l2:/dev/video0
    """
    from landmarkd.camera import make_source
    from landmarkd.pipeline import Pipeline
    from landmarkd.settings.config import named_source

    store = _store(state)
    store.path(name)
    configuration = read_configuration(config, source=source, model=model)
    if not configuration.driver.enabled:
        raise ConfigurationError(
            "[driver] enabled is false; a driver is learnt only where it is true."
        )
    uri = named_source(configuration)
    store.check(name)
    pipeline = Pipeline(configuration)
    try:
        with beside_the_service(), make_source(uri, fast=False) as frames:
            print("Sit as for driving, look ahead at the road, and blink normally.")
            baseline, blinks = learn(pipeline, frames)
    finally:
        pipeline.close()
    if blinks < LEAST_BLINKS:
        raise CalibrationError(
            f"Only {blinks} blinks were seen: are the eyes covered, is the face small or dark? "
            "Move nearer, or add light."
        )
    path = store.save(name, baseline)
    print(
        f"Open eyes {baseline.open_left:.2f} left, {baseline.open_right:.2f} right; forward is yaw "
        f"{baseline.head_yaw:.0f}°, pitch {baseline.head_pitch:.0f}° to the camera; {blinks} "
        f"blinks."
    )
    print(f'Stored in {path}. In the configuration: [driver] name = "{name}"')


def learn(pipeline: "Pipeline", source: "FrameSource") -> "tuple[DriverBaseline, int]":
    """Return the baseline from an open source and the number of blinks.

    Raises:
        CalibrationError: the face was not seen for long enough.
    """
    from landmarkd.cli.progress import progress
    from landmarkd.signals.timing import NANOSECONDS

    began: int | None = None
    blinks = 0
    settings = pipeline.configuration.driver
    needed_s = max(settings.forward_trusted_s, settings.eyes_trusted_s)
    patience_ns = max(PATIENCE_S, PATIENCE * needed_s) * NANOSECONDS
    seconds = iter(progress(range(int(needed_s)), "look ahead"))
    shown_s = -1.0
    while True:
        try:
            frame = source.read(5.0)
        except (EndOfStreamError, SourceTimeoutError):
            break
        report = pipeline.process(frame)
        began = frame.captured_ns if began is None else began
        if report.driver is not None:
            blinks += sum(event.kind == "blink" for event in report.driver.events)
        if report.face is not None and (frame.captured_ns - began) / NANOSECONDS - shown_s >= 1.0:
            shown_s = (frame.captured_ns - began) / NANOSECONDS
            next(seconds, None)
        baseline = pipeline.baseline
        if baseline is not None:
            for _ in seconds:
                pass
            return baseline, blinks
        if frame.captured_ns - began > patience_ns:
            break
    raise CalibrationError(
        "The face was not seen for long enough; sit in front of the camera, in good light, for "
        "half a minute."
    )


def drivers(
    forget: Annotated[str | None, typer.Option(help="Delete this driver's baseline.")] = None,
    state: StateOption = None,
) -> None:
    """List the known drivers with their baselines."""
    from dataclasses import asdict

    store = _store(state)
    if forget is not None:
        done = "Deleted" if store.remove(forget) else "There is no"
        print(f"{done} baseline of {forget} in {store.folder}.")
        return
    names = store.names()
    if not names:
        print(f"No driver is known in {store.folder}; landmarkd calibrate driver NAME makes one.")
        return
    print(f"In {store.folder}:")
    for name in names:
        known = store.load(name)
        numbers = (
            f"{key} {value:.2f}"
            for key, value in (asdict(known).items() if known is not None else ())
            if value is not None
        )
        print(f"{name}: {', '.join(numbers) or 'the file is not valid'}")


def _store(state: Path | None) -> "BaselineStore":
    """Return the store in a state directory, and say where that of an installed service is."""
    from landmarkd.daemon import baselines

    store = baselines.BaselineStore(baselines.drivers_folder(state))
    service = baselines.SERVICE_STATE
    if state is None and service.is_dir() and service not in store.folder.parents:
        typer.echo(f"Drivers of the service: {baselines.AS_SERVICE}", err=True)
    return store
