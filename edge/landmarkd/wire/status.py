"""A report as a STATUS message. Runs for every frame, so it is written for speed: flat, with plain integers."""

from math import isfinite

import numpy as np

from landmarkd.types import DriverState, EyeState, FaceReport, Report
from landmarkd.wire.names import Attention, StatusFlag, Zone
from landmarkd.wire.schema import Status

# Plain integers: combining members of an IntFlag costs a microsecond each time.
_FLAG = {name: int(flag) for name, flag in StatusFlag.__members__.items()}
_FACE, _SIGMA, _GAZE, _DRIVER = (_FLAG[name] for name in ("FACE", "SIGMA", "GAZE", "DRIVER"))
_CALIBRATING, _PERCLOS, _MOUTH = (_FLAG[name] for name in ("CALIBRATING", "PERCLOS", "MOUTH"))
_RIGHT, _LEFT = (
    tuple(_FLAG[f"{side}_{name}"] for name in ("OPENNESS", "P80", "CLOSED"))
    for side in ("RIGHT", "LEFT")
)
_ATTENTION = {name.lower(): int(value) for name, value in Attention.__members__.items()}
_ZONE = {name.lower(): int(value) for name, value in Zone.__members__.items()}
# What lies side by side in a STATUS: yaw to gaze_pitch, then the eyes.
_Head = tuple[float, float, float, int, int, int, float, float, float, float, float, float]
_NO_FACE = (
    0,
    0.0,
    (0.0, 0.0, 0.0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    0,
    (0.0, 0.0),
    (0, 0, 0, 0),
)
_NO_DRIVER = (0, 0, (0.0, 0.0, 0, 0), 0)
_DEGRADED = {"delegate": _FLAG["DEGRADED_DELEGATE"], "camera_stalled": _FLAG["DEGRADED_CAMERA"]}


def status_of(report: Report, dropped: int, points_hz: float) -> Status:
    """Return the STATUS for a frame.

    Args:
        report: the frame's result.
        dropped: reports that the stream could not take so far.
        points_hz: complete sets of points sent in the last second.
    """
    flags, counters = 0, report.counters
    for name in report.degraded:
        flags |= _DEGRADED.get(name, _FLAG["DEGRADED_OTHER"])
    face, score, head, zone, fit, box = _NO_FACE if report.face is None else _face(report.face)
    driver, attention, signs, active = (
        _NO_DRIVER if report.driver is None else _driver(report.driver)
    )
    latency = (report.emitted_ns - report.captured_ns) / 1e6
    # In the order of the schema: to pass 32 names takes three times as long.
    return Status._make(
        (
            *(flags | face | driver, score, attention, *head, *signs, zone, active, *fit, *box),
            *(latency, dropped, counters.skipped, counters.reopened, round(points_hz)),
        )
    )


def _eye(eye: EyeState, known: int, p80: int, closed: int) -> tuple[int, float]:
    flags = 0 if eye.closed is None else p80 | closed if eye.closed else p80
    openness = eye.openness
    return (flags, 0.0) if openness is None or not isfinite(openness) else (flags | known, openness)


def _face(
    face: FaceReport,
) -> tuple[int, float, _Head, int, tuple[float, float], tuple[int, int, int, int]]:
    """Return flags; score; yaw to aperture_left; zone; sigma and residual; the box."""
    pose, observation, gaze, right, left = (
        face.pose,
        face.observation,
        face.gaze,
        face.right,
        face.left,
    )
    x, y, z = pose.translation_mm.tolist()
    x0, y0, x1, y1 = face.box
    if not isfinite(x + y + z + x0 + y0 + x1 + y1):
        # Cannot be rounded; one of them is wrong, so none of them is told.
        x = y = z = x0 = y0 = x1 = y1 = 0.0
    right_flags, openness_right = _eye(right, *_RIGHT)
    left_flags, openness_left = _eye(left, *_LEFT)
    flags, zone, sigma, gaze_yaw, gaze_pitch = _FACE | right_flags | left_flags, 0, 0.0, 0.0, 0.0
    if observation.sigma is not None:
        flags |= _SIGMA
        sigma = float(np.add.reduce(observation.sigma)) / max(1, len(observation.sigma))
    if gaze is not None and isfinite(gaze.yaw + gaze.pitch):
        flags |= _GAZE
        gaze_yaw, gaze_pitch = gaze.yaw, gaze.pitch
        if gaze.zone is not None:
            zone = _ZONE.get(gaze.zone, _ZONE["other"])
    place = (pose.yaw, pose.pitch, pose.roll, round(x), round(y), round(z), gaze_yaw, gaze_pitch)
    eyes = (openness_right, openness_left, right.aperture, left.aperture)
    box = (round(x0), round(y0), round(x1), round(y1))
    return flags, observation.score, (*place, *eyes), zone, (sigma, pose.residual), box


def _driver(driver: DriverState) -> tuple[int, int, tuple[float, float, int, int], int]:
    """Return flags; attention; mouth_openness to drowsiness; running events."""
    flags = _DRIVER | _CALIBRATING if driver.calibrating else _DRIVER
    perclos, mouth = driver.perclos, driver.mouth_openness
    if perclos is None or not isfinite(perclos):
        perclos = 0.0
    else:
        flags |= _PERCLOS
    if mouth is None or not isfinite(mouth):
        mouth = 0.0
    else:
        flags |= _MOUTH
    signs = (mouth, perclos, driver.level, driver.drowsiness)
    return flags, _ATTENTION.get(driver.attention, 0), signs, len(driver.active)
