"""A report as a STATUS message. Runs for every frame, so it is written for speed: flat, with plain integers."""

from math import isfinite

import numpy as np

from edge.types import DriverState, EyeState, FaceReport, Report
from edge.wire.names import Attention, StatusFlag, Zone
from edge.wire.schema import Status

# Plain integers: combining members of an IntFlag costs a microsecond each time.
_FLAG = {name: int(flag) for name, flag in StatusFlag.__members__.items()}
_FACE, _SIGMA, _GAZE, _DRIVER = (_FLAG[name] for name in ("FACE", "SIGMA", "GAZE", "DRIVER"))
_CALIBRATING, _PERCLOS, _MOUTH = (_FLAG[name] for name in ("CALIBRATING", "PERCLOS", "MOUTH"))
_RIGHT, _LEFT = (tuple(_FLAG[f"{side}_{name}"] for name in ("OPENNESS", "P80", "CLOSED")) for side in ("RIGHT", "LEFT"))
_ATTENTION = {name.lower(): int(value) for name, value in Attention.__members__.items()}
_ZONE = {name.lower(): int(value) for name, value in Zone.__members__.items()}
_DEGRADED = {"delegate": _FLAG["DEGRADED_DELEGATE"], "camera_stalled": _FLAG["DEGRADED_CAMERA"]}


def status_of(report: Report, dropped: int, points_hz: float) -> Status:
    """Return the STATUS for a frame.

    Args:
        report: the frame's result.
        dropped: reports that the stream could not take so far.
        points_hz: complete sets of points sent in the last second.
    """
    flags = 0
    for name in report.degraded:
        flags |= _DEGRADED.get(name, _FLAG["DEGRADED_OTHER"])
    values: dict[str, float] = {
        "latency": (report.emitted_ns - report.captured_ns) / 1e6,
        "dropped": dropped,
        "skipped": report.counters.skipped,
        "reopened": report.counters.reopened,
        "points_hz": round(points_hz),
    }
    if report.face is not None:
        flags |= _face(report.face, values)
    if report.driver is not None:
        flags |= _driver(report.driver, values)
    return Status(flags, **values)  # type: ignore[arg-type]


def _eye(eye: EyeState, known: int, p80: int, closed: int) -> tuple[int, float]:
    flags = 0 if eye.closed is None else p80 | closed if eye.closed else p80
    openness = eye.openness
    return (flags, 0.0) if openness is None or not isfinite(openness) else (flags | known, openness)


def _face(face: FaceReport, values: dict[str, float]) -> int:
    pose, observation, gaze = face.pose, face.observation, face.gaze
    x, y, z = pose.translation_mm.tolist()
    x0, y0, x1, y1 = face.box
    if not isfinite(x + y + z + x0 + y0 + x1 + y1):
        # Cannot be rounded; one of them is wrong, so none of them is told.
        x = y = z = x0 = y0 = x1 = y1 = 0.0
    right, openness_right = _eye(face.right, *_RIGHT)
    left, openness_left = _eye(face.left, *_LEFT)
    flags = _FACE | right | left
    values |= {
        "score": observation.score,
        "yaw": pose.yaw,
        "pitch": pose.pitch,
        "roll": pose.roll,
        "x": round(x),
        "y": round(y),
        "z": round(z),
        "openness_right": openness_right,
        "openness_left": openness_left,
        "aperture_right": face.right.aperture,
        "aperture_left": face.left.aperture,
        "residual": pose.residual,
        "x0": round(x0),
        "y0": round(y0),
        "x1": round(x1),
        "y1": round(y1),
    }
    if observation.sigma is not None:
        flags |= _SIGMA
        values["sigma"] = float(np.add.reduce(observation.sigma)) / max(1, len(observation.sigma))
    if gaze is not None and isfinite(gaze.yaw + gaze.pitch):
        flags |= _GAZE
        values["gaze_yaw"], values["gaze_pitch"] = gaze.yaw, gaze.pitch
        if gaze.zone is not None:
            values["zone"] = _ZONE.get(gaze.zone, _ZONE["other"])
    return flags


def _driver(driver: DriverState, values: dict[str, float]) -> int:
    flags = _DRIVER | _CALIBRATING if driver.calibrating else _DRIVER
    values["attention"] = _ATTENTION.get(driver.attention, 0)
    values["level"], values["drowsiness"], values["active"] = driver.level, driver.drowsiness, len(driver.active)
    perclos, mouth = driver.perclos, driver.mouth_openness
    if perclos is not None and isfinite(perclos):
        flags |= _PERCLOS
        values["perclos"] = perclos
    if mouth is not None and isfinite(mouth):
        flags |= _MOUTH
        values["mouth_openness"] = mouth
    return flags
