"""Reports for the tests of the wire and the sinks: a face that turns, with everything known."""

from dataclasses import replace

import numpy as np
from landmarkd.enums import Attention, EventKind, EventPhase
from landmarkd.layout import layout_of
from landmarkd.types import (
    Counters,
    DriverEvent,
    DriverState,
    EyeState,
    FaceObservation,
    FaceReport,
    Gaze,
    HeadPose,
    Intrinsics,
    RegionOfInterest,
    Report,
    Session,
)

PERIOD_NS = 33_333_333
STALLED_PERIOD_NS = 500_000_000
"""Time between two reports while the camera delivers nothing."""


def session(layout: str = "landmarkd-562", boot_id: int = 0x1122334455667788) -> Session:
    return Session(
        boot_id=boot_id,
        device="bench",
        model="turning-head",
        model_sha256="0123456789abcdef" * 4,
        layout=layout,
        count=layout_of(layout).count,
        intrinsics=Intrinsics(
            554.25, 554.25, 319.5, 239.5, 640, 480, "guess:60deg", (0.01, -0.02, 0.001, 0.0, 0.0)
        ),
    )


def face(index: int, count: int = 562) -> FaceReport:
    rng = np.random.default_rng(index)
    points = rng.normal((320, 240, 0), (60, 80, 30), (count, 3)).astype(np.float32)
    yaw = 40 * np.sin(index / 20)
    openness = float(abs(np.sin(index / 7)))
    low, high = points.min(0), points.max(0)
    return FaceReport(
        observation=FaceObservation(
            0.97,
            RegionOfInterest(320, 240, 400, 3.5),
            points + 0.5,
            np.full(count, 0.75, np.float32),
        ),
        points=points,
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        pose=HeadPose(
            float(yaw),
            -5.25,
            3.5,
            np.eye(3, dtype=np.float32),
            np.array([12.4, -30.6, 612.2], np.float32),
            "guess:60deg",
            0.012,
        ),
        left=EyeState(0.3 * openness, openness, openness < 0.2),
        right=EyeState(0.31 * openness, openness, openness < 0.2),
        gaze=Gaze(float(yaw) / 2, -8.5, "road"),
    )


def driver(index: int, *events: DriverEvent, active: tuple[EventKind, ...] = ()) -> DriverState:
    return DriverState(Attention.ATTENTIVE, 0, index < 100, 0.07, 1, 0.12, active, events)


def event(
    phase: EventPhase = EventPhase.BEGIN, number: int = 1, at_ns: int = 5_000_000_000
) -> DriverEvent:
    return DriverEvent(
        number,
        EventKind.MICROSLEEP,
        phase,
        2,
        4_000_000_000,
        at_ns,
        {"duration_s": 1.25, "perclos": 0.2},
    )


def report(
    index: int = 0, *, with_face: bool = True, count: int = 562, state: DriverState | None = None
) -> Report:
    captured = 1_000_000_000 + index * PERIOD_NS
    return Report(
        source="demo:",
        sequence=index,
        captured_ns=captured,
        emitted_ns=captured + 12_340_000,
        width=640,
        height=480,
        face=face(index, count) if with_face else None,
        driver=state if state is not None else driver(index),
        counters=Counters(index + 3, index + 1, 2, 1),
        degraded=("delegate",),
    )


def stalled(last: Report, seconds: float, active: tuple[EventKind, ...] = ()) -> list[Report]:
    """Return the reports of a camera that delivers nothing after a frame."""
    return [
        replace(
            last,
            emitted_ns=last.emitted_ns + (i + 1) * STALLED_PERIOD_NS,
            face=None,
            driver=driver(last.sequence, active=active),
            degraded=("camera_stalled",),
        )
        for i in range(round(seconds * 1e9 / STALLED_PERIOD_NS))
    ]
