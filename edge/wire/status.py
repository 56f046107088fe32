"""A report as a STATUS message."""

import math

import numpy as np

from edge.types import DriverState, EyeState, FaceReport, Report
from edge.wire.schema import Attention, Status, StatusFlag, Zone

# Plain integers: combining members of an IntFlag costs a microsecond each time.
_FLAG = {name: int(flag) for name, flag in StatusFlag.__members__.items()}
_FACE, _SIGMA, _GAZE, _DRIVER = (_FLAG[name] for name in ("FACE", "SIGMA", "GAZE", "DRIVER"))
_CALIBRATING, _PERCLOS, _MOUTH = (_FLAG[name] for name in ("CALIBRATING", "PERCLOS", "MOUTH"))
_EYE = {
    side: tuple(_FLAG[f"{side.upper()}_{name}"] for name in ("OPENNESS", "P80", "CLOSED")) for side in ("right", "left")
}
_ATTENTION = {name.lower(): int(value) for name, value in Attention.__members__.items()}
_ZONE = {name.lower(): int(value) for name, value in Zone.__members__.items()}
_DEGRADED = {"delegate": _FLAG["DEGRADED_DELEGATE"], "camera_stalled": _FLAG["DEGRADED_CAMERA"]}


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


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
    values: dict[str, float] = {}
    if report.face is not None:
        flags |= _face(report.face, values)
    if report.driver is not None:
        flags |= _driver(report.driver, values)
    counters = report.counters
    return Status(
        flags=flags,
        latency=(report.emitted_ns - report.captured_ns) / 1e6,
        dropped=dropped,
        skipped=counters.skipped,
        reopened=counters.reopened,
        points_hz=points_hz,
        **values,  # type: ignore[arg-type]
    )


def _eye(eye: EyeState, side: str, values: dict[str, float]) -> int:
    flags, (openness, p80, closed) = 0, _EYE[side]
    values[f"aperture_{side}"] = eye.aperture
    if _known(eye.openness):
        values[f"openness_{side}"] = eye.openness  # type: ignore[assignment]
        flags |= openness
    if eye.closed is not None:
        flags |= p80 | closed if eye.closed else p80
    return flags


def _face(face: FaceReport, values: dict[str, float]) -> int:
    flags = _FACE
    pose, observation = face.pose, face.observation
    values["score"] = observation.score
    values["yaw"], values["pitch"], values["roll"] = pose.yaw, pose.pitch, pose.roll
    values["x"], values["y"], values["z"] = pose.translation_mm.tolist()
    values["residual"] = pose.residual
    values["x0"], values["y0"], values["x1"], values["y1"] = face.box
    if observation.sigma is not None:
        flags |= _SIGMA
        # The middle one by partition: numpy's median costs more than the rest of the message.
        middle = len(observation.sigma) // 2
        values["sigma"] = float(np.partition(observation.sigma, middle)[middle])
    if face.gaze is not None and _known(face.gaze.yaw) and _known(face.gaze.pitch):
        flags |= _GAZE
        values["gaze_yaw"], values["gaze_pitch"] = face.gaze.yaw, face.gaze.pitch
        if face.gaze.zone is not None:
            values["zone"] = _ZONE.get(face.gaze.zone, int(Zone.OTHER))
    return flags | _eye(face.right, "right", values) | _eye(face.left, "left", values)


def _driver(driver: DriverState, values: dict[str, float]) -> int:
    flags = _DRIVER
    if driver.calibrating:
        flags |= _CALIBRATING
    values["attention"] = _ATTENTION.get(driver.attention, 0)
    values["level"], values["drowsiness"], values["active"] = driver.level, driver.drowsiness, len(driver.active)
    if _known(driver.perclos):
        flags |= _PERCLOS
        values["perclos"] = driver.perclos  # type: ignore[assignment]
    if _known(driver.mouth_openness):
        flags |= _MOUTH
        values["mouth_openness"] = driver.mouth_openness  # type: ignore[assignment]
    return flags
