"""How bright the face is with and without metering on it: python -m tests.camera.metering.

A scripted scene, 8 s each: before a window, in a tunnel, before a window again; a whole pipeline
looks for the face. See `tests.camera.light` for the camera, which is simulated.
"""

import sys
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from landmarkd.camera import uvc_exposure
from landmarkd.camera.metering import FaceMeter
from landmarkd.camera.port_controls import FaceBias
from landmarkd.pipeline import Pipeline
from landmarkd.types import Array, Frame, Report

from tests.camera.light import FPS, ROOM, TUNNEL, WINDOW, Device, Light, Scene

SECONDS = 8
SCRIPT = (("window", WINDOW), ("tunnel", TUNNEL), ("window again", WINDOW))
SETTLED_S = 4.0
WELL = (80, 150)
"""Range of brightness of a well exposed face."""


class Seen(NamedTuple):
    """One frame: its place in the script, and the face in it."""

    part: str
    index: int
    brightness: float
    report: Report


def drive(
    device: Device,
    meter: FaceMeter | None,
    pipeline: Pipeline,
    script: tuple[tuple[str, Light], ...] = SCRIPT,
) -> Iterator[Seen]:
    """Yield each frame of a script, processed as in the daemon."""
    pipeline.reset()
    number, period_ns = 0, round(1e9 / FPS)
    x0, y0, x1, y1 = (int(side) for side in device.scene.box)
    for part, light in script:
        for index in range(SECONDS * FPS):
            image = device.frame(light)
            captured_ns = (number := number + 1) * period_ns
            if meter is not None:
                meter.step(image, captured_ns)
            report = pipeline.process(Frame("light", number, captured_ns, image))
            if meter is not None and report.face is not None:
                meter.place(report.face.box, captured_ns)
            yield Seen(part, index, float(np.median(image[y0:y1, x0:x1, 1])), report)


def meter_of(kind: str, device: Device) -> FaceMeter:
    """Return the product's own loop on this device."""
    if kind == "picamera2":
        return FaceMeter(FaceBias("light", device))
    return FaceMeter(uvc_exposure.UvcExposure("", "light", 1 / FPS))


def apart(report: Report, points: Array) -> float:
    """Return how far the points are from where they are in a usual room, % of the box's width."""
    assert report.face is not None
    wide = report.face.box[2] - report.face.box[0]
    off = np.linalg.norm(report.face.points[:, :2] - points[:, :2], axis=1)
    return float(off.mean() / wide * 100)


def main() -> None:
    """Print the table."""
    scene = Scene()
    sys.stdout.write(
        "| source | metering | part | brightness of the face after 4 s | s outside 80 to 150 | "
        "frames with a face | points are off by |\n|---|---|---|---|---|---|---|\n"
    )
    with Pipeline() as pipeline:
        *_, usual = drive(Device(scene), None, pipeline, (("room", ROOM),))
        assert usual.report.face is not None
        points = usual.report.face.points
        for kind, on in (("picamera2", 0), ("picamera2", 1), ("v4l2", 0), ("v4l2", 1)):
            device = Device(scene)
            with (
                patch.object(uvc_exposure, "reading", device.reading),
                patch.object(uvc_exposure, "apply", device.apply),
            ):
                meter = meter_of(kind, device) if on else None
                seen = list(drive(device, meter, pipeline))
            for part, _ in SCRIPT:
                of = [frame for frame in seen if frame.part == part]
                late = [frame for frame in of if frame.index >= SETTLED_S * FPS]
                outside = sum(not WELL[0] <= frame.brightness <= WELL[1] for frame in of) / FPS
                found = [frame for frame in late if frame.report.face is not None]
                share = sum(frame.report.face is not None for frame in of) / len(of)
                off = median([apart(frame.report, points) for frame in found] or [float("nan")])
                sys.stdout.write(
                    f"| `{kind}:` | {'face' if on else 'its own'} | {part} | "
                    f"{median(frame.brightness for frame in late):.0f} | {outside:.1f} | "
                    f"{share:.0%} | {off:.1f} % |\n"
                )


if __name__ == "__main__":
    main()
