"""A report as a STATUS: every field is told, and each as what it is."""

from dataclasses import replace

import numpy as np
import pytest
from landmarkd.types import EyeState, Gaze
from landmarkd.wire.names import Attention, StatusFlag, Zone
from landmarkd.wire.schema import Status
from landmarkd.wire.status import status_of

from tests.wire.builders import driver, report

_UNKNOWN = StatusFlag.LEFT_CLOSED | StatusFlag.DEGRADED_DELEGATE | StatusFlag.DEGRADED_OTHER


def test_every_field_is_told_and_as_what_it_is() -> None:
    sent = report(
        3,
        state=replace(
            driver(3), attention="asleep", level=3, active=("yawn", "blink", "yawn", "blink")
        ),
    )
    assert sent.face is not None
    face = replace(
        sent.face,
        box=(100.0, 110.0, 320.0, 330.0),
        pose=replace(
            sent.face.pose, yaw=1.25, translation_mm=np.array([10.4, 19.6, 600], np.float32)
        ),
        left=EyeState(0.25, 0.8, closed=False),
        right=EyeState(0.5, 0.1, closed=True),
        gaze=Gaze(7.5, -8.5, "phone"),
    )
    told = status_of(
        replace(sent, face=face, degraded=("camera_stalled",)), dropped=9, points_hz=14.6
    )
    expected = Status(
        flags=int(0xFFFF & ~_UNKNOWN),
        score=0.97,
        attention=Attention.ASLEEP,
        yaw=1.25,
        pitch=-5.25,
        roll=3.5,
        x=10,
        y=20,
        z=600,
        gaze_yaw=7.5,
        gaze_pitch=-8.5,
        openness_right=0.1,
        openness_left=0.8,
        aperture_right=0.5,
        aperture_left=0.25,
        mouth_openness=0.12,
        perclos=0.07,
        level=3,
        drowsiness=1,
        zone=Zone.PHONE,
        active=4,
        sigma=0.75,
        residual=0.012,
        x0=100,
        y0=110,
        x1=320,
        y1=330,
        latency=12.34,
        dropped=9,
        skipped=2,
        reopened=1,
        points_hz=15,
    )
    assert told._asdict() == pytest.approx(expected._asdict())


def test_without_a_face_and_a_driver_there_are_only_the_counters() -> None:
    sent = replace(report(3, with_face=False), driver=None, degraded=())
    assert status_of(sent, 9, 0.0) == Status(latency=12.34, dropped=9, skipped=2, reopened=1)
