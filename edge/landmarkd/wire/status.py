"""A report as a STATUS message."""

from math import isfinite
from typing import Any

import numpy as np

from landmarkd.enums import Attention, Degradation, GazeZone, Lids
from landmarkd.types import DriverState, EyeState, FaceReport, Report
from landmarkd.wire.names import StatusFlag, numbers
from landmarkd.wire.schema import Status

MAX_OPENNESS = 1.25
"""Largest openness on the wire."""
MAX_LATENCY_MS = 6553.5
"""Largest latency on the wire. A file that is played fast has others, and a field beyond its limits
costs as much as all others together."""
# Plain integers: combining members of an IntFlag costs a microsecond each time.
_FLAG = {name: int(flag) for name, flag in StatusFlag.__members__.items()}
_FACE = _FLAG["FACE"]
_RIGHT, _LEFT = (
    {
        None: 0,
        False: _FLAG[f"{side}_P80"],
        True: _FLAG[f"{side}_P80"] | _FLAG[f"{side}_CLOSED"],
    }
    for side in ("RIGHT", "LEFT")
)
_NOTHING: dict[str, Any] = Status()._asdict()
_ATTENTION, _LIDS = numbers(Attention), numbers(Lids)
_ZONES: dict[str, int] = {**numbers(GazeZone)}
DEGRADED: dict[str, int] = {
    Degradation.DELEGATE: _FLAG["DEGRADED_DELEGATE"],
    Degradation.CAMERA_STALLED: _FLAG["DEGRADED_CAMERA"],
    Degradation.OTHER: _FLAG["DEGRADED_OTHER"],
}
"""The flag of each fallback."""


def status_of(report: Report, dropped: int, points_hz: float) -> Status:
    """Return the STATUS for a frame.

    Args:
        report: the frame's result.
        dropped: reports that the stream has dropped so far.
        points_hz: complete sets of points sent in the last second.
    """
    flags, counters = 0, report.counters
    for name in report.degraded:
        flags |= DEGRADED.get(name, DEGRADED[Degradation.OTHER])
    fields = _NOTHING.copy()
    if report.face is not None:
        flags |= _face(report.face, fields)
    if report.driver is not None:
        flags |= _driver(report.driver, fields)
    fields.update(
        flags=flags,
        latency=min(max((report.emitted_ns - report.captured_ns) / 1e6, 0.0), MAX_LATENCY_MS),
        dropped=dropped,
        skipped=counters.skipped,
        reopened=counters.reopened,
        points_hz=round(points_hz),
    )
    # The copy has the order of the schema; passing fifty names is much slower.
    return Status._make(fields.values())


def _known(value: float | None) -> float | None:
    """Return a number, or None if it is unknown or not finite."""
    return value if value is not None and isfinite(value) else None


def _face(face: FaceReport, fields: dict[str, Any]) -> int:
    """Fill in the fields of the face; return its flags."""
    pose, observation, gaze = face.pose, face.observation, face.gaze
    x, y, z = pose.translation_mm.tolist()
    x0, y0, x1, y1 = face.box
    if not isfinite(x + y + z + x0 + y0 + x1 + y1):
        # They cannot be rounded; none of them is sent if one is wrong.
        x = y = z = x0 = y0 = x1 = y1 = 0.0
    w, i, j, k = pose.quaternion
    fields.update(
        track=observation.track & 0xFFFF,
        score=observation.score,
        yaw=pose.yaw,
        pitch=pose.pitch,
        roll=pose.roll,
        qw=w,
        qx=i,
        qy=j,
        qz=k,
        x=round(x),
        y=round(y),
        z=round(z),
        residual=pose.residual,
        x0=round(x0),
        y0=round(y0),
        x1=round(x1),
        y1=round(y1),
    )
    if observation.sigma is not None:
        total = float(np.add.reduce(observation.sigma))
        fields["sigma"] = _known(total / max(1, len(observation.sigma)))
    if gaze is not None and isfinite(gaze.yaw + gaze.pitch):
        fields.update(
            gaze_yaw=gaze.yaw,
            gaze_pitch=gaze.pitch,
            gaze_sigma_yaw=_known(gaze.sigma_yaw),
            gaze_sigma_pitch=_known(gaze.sigma_pitch),
            zone=0 if gaze.zone is None else _ZONES.get(gaze.zone, _ZONES[GazeZone.OTHER]),
        )
    right, left = face.right, face.left
    fields.update(
        eye_right=_LIDS[right.state],
        eye_left=_LIDS[left.state],
        openness_right=_openness(right),
        openness_left=_openness(left),
        openness_sigma_right=_known(right.openness_sigma),
        openness_sigma_left=_known(left.openness_sigma),
        aperture_right=right.aperture,
        aperture_left=left.aperture,
        closed_right=_known(right.probability_closed),
        closed_left=_known(left.probability_closed),
        down_right=_known(right.probability_down),
        down_left=_known(left.probability_down),
        iris_right=_known(right.iris_visible),
        iris_left=_known(left.iris_visible),
    )
    return _FACE | _RIGHT[right.closed] | _LEFT[left.closed]


def _openness(eye: EyeState) -> float | None:
    openness = _known(eye.openness)
    return None if openness is None else min(MAX_OPENNESS, openness)


def _driver(driver: DriverState, fields: dict[str, Any]) -> int:
    """Fill in the fields of the driver; return its flags."""
    rates = driver.rates
    fields.update(
        attention=_ATTENTION[driver.attention],
        level=driver.level,
        active=len(driver.active),
        eyes=_LIDS[driver.eyes],
        mouth_openness=_known(driver.mouth_openness),
        perclos=_known(driver.perclos),
        drowsiness=driver.drowsiness,
        drowsiness_score=_known(driver.drowsiness_score),
        blinks_1min=_known(rates.blinks_1min),
        blinks_5min=_known(rates.blinks_5min),
        long_closures_1min=_known(rates.long_closures_1min),
        long_closures_5min=_known(rates.long_closures_5min),
    )
    return _FLAG["DRIVER"] | (_FLAG["CALIBRATING"] if driver.calibrating else 0)
