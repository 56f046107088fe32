"""Writes golden.json. Run it only when the schema changed on purpose, because receivers depend on
it.

python -m tests.wire.make_golden
"""

import json
from pathlib import Path

import numpy as np
from landmarkd.enums import Attention, ClockQuality, EventKind, EventPhase, GazeZone, Lids
from landmarkd.wire.codec import Packet, decode_packet, encode_packet
from landmarkd.wire.framing import cobs_encode
from landmarkd.wire.names import Selection, StatusFlag, numbers
from landmarkd.wire.schema import Bye, Event, Hello, Message, Points, Status
from landmarkd.wire.text import packet_text

GOLDEN = Path(__file__).with_name("golden.json")

MESSAGES: dict[str, Message] = {
    "hello": Hello(
        *(
            0xFEDCBA9876543210,
            "car 7, front seat",
            "landmarks-m",
            bytes(range(8)),
            "landmarkd-562",
            562,
            640,
            480,
        ),
        *(
            Selection.ALL,
            1,
            15.0,
            0.0,
            554.25,
            554.5,
            319.5,
            239.5,
            0.0125,
            -0.25,
            0.001,
            -0.0005,
            0.03,
            "guess:60deg",
            "0.2.0",
            1_790_000_000_123_456_789,
            numbers(ClockQuality)[ClockQuality.SYNCHRONISED],
        ),
    ),
    "hello of a sender that knows nothing": Hello(),
    "status without a face": Status(
        flags=StatusFlag.DRIVER, attention=numbers(Attention)[Attention.ABSENT], latency=8.1
    ),
    "status of a face": Status(
        flags=(1 << 7) - 1,
        track=3,
        score=0.98,
        attention=numbers(Attention)[Attention.DISTRACTED],
        level=2,
        active=2,
        eyes=numbers(Lids)[Lids.DOWN],
        eye_right=numbers(Lids)[Lids.OPEN],
        eye_left=numbers(Lids)[Lids.CLOSED],
        zone=numbers(GazeZone)[GazeZone.PHONE],
        yaw=-37.25,
        pitch=12.5,
        roll=-0.01,
        qw=0.942,
        qx=-0.1032,
        qy=-0.3176,
        qz=0.0348,
        x=-120,
        y=45,
        z=640,
        residual=0.021,
        sigma=1.25,
        gaze_yaw=-55.5,
        gaze_pitch=-4.25,
        gaze_sigma_yaw=2.75,
        gaze_sigma_pitch=4.5,
        openness_right=0.93,
        openness_left=0.04,
        openness_sigma_right=0.06,
        openness_sigma_left=0.11,
        aperture_right=0.29,
        aperture_left=0.02,
        closed_right=0.012,
        closed_left=0.964,
        down_right=0.2,
        down_left=0.032,
        iris_right=0.8,
        iris_left=0.0,
        mouth_openness=0.35,
        perclos=0.124,
        drowsiness=1,
        drowsiness_score=0.424,
        blinks_1min=17.0,
        blinks_5min=15.5,
        long_closures_1min=1.0,
        long_closures_5min=0.4,
        x0=200,
        y0=-12,
        x1=431,
        y1=301,
        latency=23.4,
        dropped=3,
        skipped=70000,
        reopened=1,
        points_hz=15,
    ),
    "status at the limits of its types": Status(
        *(0xFFFF, 1 << 20, 9.0, 255, 255, 255, 255, 255, 255, 255),
        *(999.0, -999.0, 327.67, 9.0, -9.0, 1.0, -1.0, 1 << 20, -(1 << 20), 0),
        *(9.0, 99.0, -327.68, 327.67, 99.0, 99.0),
        *([9.0] * 14),
        *(255, 9.0, 999.0, 999.0, 999.0, 999.0),
        *(-32768, 32767, 0, 1, 1e9, 1 << 20, 0xFFFFFFFF, 1 << 20, 1 << 20),
    ),
    "points, first of two chunks": Points(
        *(Selection.IBUG68, 0, 0, 2, 0, 4, 320, 240),
        np.array([[-1600, 800, 0], [1, -1, 16], [32767, -32768, 255]], np.int16),
    ),
    "points, last chunk, unsmoothed": Points(
        3, 1, 1, 2, 3, 4, -5, 7, np.array([[256, 0, -256]], np.int16)
    ),
    "points, none": Points(Selection.EYES, 0, 0, 1, 0, 0),
    "event": Event(
        *(
            41,
            5_000_000_000,
            7_250_000_000,
            numbers(EventKind)[EventKind.MICROSLEEP],
            numbers(EventPhase)[EventPhase.ESCALATE],
            3,
            2,
        ),
        (("duration_s", 1.75), ("perclos", 0.31), ("yaw", -2147483.648)),
    ),
    "event without evidence": Event(
        1, 0, 0, numbers(EventKind)[EventKind.BLINK], numbers(EventPhase)[EventPhase.END], 0, 0
    ),
    "bye": Bye(108000, 12, 1),
}


def main() -> None:
    """Write the file."""
    golden = []
    for number, (name, message) in enumerate(MESSAGES.items()):
        data = encode_packet(
            Packet(65530 + number, 1_000_000 + number, 33_333_333 * number, message)
        )
        text = packet_text(decode_packet(data))
        golden.append(
            {
                "name": name,
                "message": data.hex(),
                "serial": (cobs_encode(data) + b"\0").hex(),
                "text": text,
            }
        )
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
