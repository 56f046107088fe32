"""Everything that reads files from outside, and a valid example of each."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from landmarkd.camera import make_source
from landmarkd.camera.demo import CLIP
from landmarkd.camera.intrinsics import FORMAT, intrinsics_for, load_intrinsics
from landmarkd.camera.scripted import read_script
from landmarkd.camera.video import read_sidecar
from landmarkd.cli.annotate import _read_boxes
from landmarkd.daemon.baselines import BaselineStore
from landmarkd.daemon.statusfile import NAME, read_status
from landmarkd.profile.result import load as load_profile
from landmarkd.settings.config import load_configuration
from landmarkd.sinks import make_sink
from landmarkd.types import Session
from landmarkd.vision.zoo import Zoo, open_zoo
from landmarkd.web.drive import read_drive
from landmarkd.web.report import page
from landmarkd.wire import jsonl

from tests.daemon.snapshots import running
from tests.wire.builders import driver, event, report

DRIVE = "\n".join(
    jsonl.encode_state(report(number, state=driver(number, *([event()] if number == 2 else []))))
    for number in range(4)
)
SESSION = Session(1, "fuzz", "model", "0" * 64, "landmarkd-562", 562)

CONFIGURATION = """
sinks = ["udp://127.0.0.1:5005?points=68", "serial:///dev/ttyAMA0?baud=921600"]
[source]
uri = "v4l2:/dev/video0?size=640x480&fps=30"
camera = "module-3"
[tracker]
presence = 0.5
seat = [0.0, 0.0, 0.5, 1.0]
[driver]
enabled = true
[service]
device = "car"
"""
CALIBRATION = {
    "format": FORMAT,
    "fx": 600.0,
    "fy": 600.0,
    "cx": 319.5,
    "cy": 239.5,
    "width": 640,
    "height": 480,
    "distortion": [0.1, -0.2, 0.0, 0.0, 0.0],
}
SCRIPT = {
    "size": [320, 240],
    "fps": 30,
    "clip": None,
    "steps": [{"do": "frames", "count": 3}, {"do": "block"}],
}
PROFILE: dict[str, Any] = {
    "schema": 1,
    "stages_ms": {"inference": {"samples": [1.0, 2.0]}},
    "ages_ms": {},
}
BASELINE = {"version": 1, "open_left": 0.3, "open_right": 0.3, "head_yaw": 1.0, "head_pitch": 2.0}
BASELINE |= {"gaze_yaw": None, "gaze_pitch": 0.5}

SOURCES = """v4l2:/dev/video0?size=640x480&fps=30
file:~/clip%20one.mp4?loop=yes
images:pictures
scripted:faults.json
demo:"""
SINKS = """udp://[::1]:5005?points=68&hz=10&ttl=4
serial:///dev/ttyAMA0?baud=921600&points=all
jsonl:~/reports.jsonl
hook:/usr/local/bin/alert?level=2
csv:drive-{start}.csv?points=68&hz=5&size=100M&time=1h&mode=640&smoothing=none
mqtt://broker.local:1883?hz=2&discovery=yes&topic=cars/7&tls=no&id=a
lsl:driver?points=none
gpio:17?unknown=blink&active_high=no
opentrack://127.0.0.1:4242"""


@dataclass(frozen=True, slots=True)
class Parser:
    """Something that reads a file.

    Attributes:
        file: name that the file must have.
        example: a good one.
        read: given the path of the file, reads it.
    """

    file: str
    example: str
    read: Callable[[Path], object]


def _uris(make: Callable[[str], object]) -> Callable[[Path], object]:
    return lambda path: [make(line) for line in path.read_text("utf-8", "replace").splitlines()]


PARSERS = {
    "configuration": Parser("landmarkd.toml", CONFIGURATION, load_configuration),
    "manifest": Parser(
        "manifest.json",
        (open_zoo().folder / "manifest.json").read_text(),
        lambda path: Zoo(path.parent),
    ),
    "calibration": Parser("camera.json", json.dumps(CALIBRATION), load_intrinsics),
    "script": Parser("script.json", json.dumps(SCRIPT), read_script),
    "timestamps": Parser(
        f"{CLIP.stem}.timestamps.txt",
        "[0.0, 0.1, 0.2]",
        lambda path: read_sidecar(path.with_name(CLIP.name)),
    ),
    "boxes": Parser("boxes.json", '{"a.png": [1, 2, 30, 40.5]}', _read_boxes),
    "baseline": Parser(
        "anna.json", json.dumps(BASELINE), lambda path: BaselineStore(path.parent).load("anna")
    ),
    "report": Parser("drive.jsonl", DRIVE, lambda path: page(read_drive(path))),
    "profile": Parser("profile.json", json.dumps(PROFILE), load_profile),
    "status": Parser(NAME, json.dumps(asdict(running())), lambda path: read_status(path.parent)),
    "source": Parser("uri", SOURCES, _uris(make_source)),
    "sink": Parser("uri", SINKS, _uris(lambda uri: make_sink(uri, SESSION))),
    "camera": Parser(
        "choice", "guess:60deg", _uris(lambda choice: intrinsics_for(640, 480, choice))
    ),
}
