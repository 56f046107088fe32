"""A report as a STATUS: every field is encoded, each with its own value."""

from dataclasses import replace

import numpy as np
import pytest
from landmarkd.enums import Attention, EventKind, Lids
from landmarkd.types import BlinkRates, EyeState, Gaze
from landmarkd.wire.codec import CODECS
from landmarkd.wire.framing import FRAMING_BYTES
from landmarkd.wire.names import StatusFlag
from landmarkd.wire.plan import BITS_PER_BYTE
from landmarkd.wire.schema import TYPES, Status
from landmarkd.wire.status import status_of

from tests.wire.builders import driver, report


def test_every_field_is_told_and_as_what_it_is() -> None:
    active = (EventKind.YAWN, EventKind.BLINK)
    state = replace(
        driver(3),
        attention=Attention.ASLEEP,
        level=3,
        active=active,
        eyes=Lids.CLOSED,
        drowsiness_score=0.4,
        rates=BlinkRates(18.0, 15.0, 2.0, 0.8),
    )
    sent = report(3, state=state)
    assert sent.face is not None
    rotation = np.diag([-1.0, 1.0, -1.0]).astype(np.float32)
    translation = np.array([10.4, 19.6, 600], np.float32)
    face = replace(
        sent.face,
        observation=replace(sent.face.observation, track=70_000),
        box=(100.0, 110.0, 320.0, 330.0),
        pose=replace(sent.face.pose, yaw=1.25, rotation=rotation, translation_mm=translation),
        left=EyeState(0.25, 0.8, False, Lids.OPEN, 0.01, 0.02, 0.9, 0.05),
        right=EyeState(0.5, 1.9, True, Lids.DOWN, 0.3, 0.6, 0.1, 0.06),
        gaze=Gaze(7.5, -8.5, "phone", 2.0, 3.0),
    )
    told = status_of(
        replace(sent, face=face, degraded=("camera_stalled",)), dropped=9, points_hz=14.6
    )
    flag = StatusFlag
    known = flag.FACE | flag.DRIVER | flag.CALIBRATING | flag.RIGHT_P80 | flag.LEFT_P80
    expected = Status(
        flags=int(known | flag.RIGHT_CLOSED | flag.DEGRADED_CAMERA),
        track=70_000 % 65536,
        score=0.97,
        attention=4,
        level=3,
        active=2,
        eyes=2,
        eye_right=3,
        eye_left=1,
        zone=6,
        yaw=1.25,
        pitch=-5.25,
        roll=3.5,
        qw=0.0,
        qx=0.0,
        qy=1.0,
        qz=0.0,
        x=10,
        y=20,
        z=600,
        residual=0.012,
        sigma=0.75,
        gaze_yaw=7.5,
        gaze_pitch=-8.5,
        gaze_sigma_yaw=2.0,
        gaze_sigma_pitch=3.0,
        openness_right=1.25,
        openness_left=0.8,
        openness_sigma_right=0.06,
        openness_sigma_left=0.05,
        aperture_right=0.5,
        aperture_left=0.25,
        closed_right=0.3,
        closed_left=0.01,
        down_right=0.6,
        down_left=0.02,
        iris_right=0.1,
        iris_left=0.9,
        mouth_openness=0.12,
        perclos=0.07,
        drowsiness=1,
        drowsiness_score=0.4,
        blinks_1min=18.0,
        blinks_5min=15.0,
        long_closures_1min=2.0,
        long_closures_5min=0.8,
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
    # Every field of a STATUS has a value of its own above.
    assert all(getattr(expected, name) is not None for name in Status._fields)


def test_a_serial_line_of_115200_carries_thirty_status_a_second() -> None:
    size = CODECS[TYPES[Status]].minimum + FRAMING_BYTES
    assert 30 * size * BITS_PER_BYTE <= 0.3 * 115200


def test_without_a_face_and_a_driver_there_are_only_the_counters() -> None:
    sent = replace(report(3, with_face=False), driver=None, degraded=())
    assert status_of(sent, 9, 0.0) == Status(latency=12.34, dropped=9, skipped=2, reopened=1)
