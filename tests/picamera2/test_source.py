"""The source picamera2 on the real library; each test has its own process, as each daemon has."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

BEGIN = """
import json, os, resource, sys, time
from pathlib import Path
import cv2, numpy as np
from landmarkd.camera import make_source
from landmarkd.errors import *
def tell(**values): print("TELL" + json.dumps(values), flush=True)
def source(options=""): return make_source("picamera2:?" + options)
"""


def run(script, seconds=60, **environment):
    """Run a script with the cameras; return the values it printed and the lines on its standard
    error."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + textwrap.dedent(script)],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    told = [line[4:] for line in done.stdout.splitlines() if line.startswith("TELL")]
    assert done.returncode == 0, done.stdout + done.stderr
    assert told, done.stdout + done.stderr
    return json.loads(told[-1]), done.stderr


@pytest.mark.parametrize("rgb", [0, 1], ids=["NV12", "RGB888"])
def test_pictures_have_the_right_colours_the_rate_and_the_sensors_times(rgb):
    told, log = run(
        """
        with source("size=640x480&fps=30") as camera:
            frames = [camera.read(3.0) for _ in range(60)]
            age_ms = (time.monotonic_ns() - frames[-1].captured_ns) / 1e6
        known = [cv2.imread(str(path)) for path in Path("/pictures").glob("*.jpg")]
        apart = [min(np.abs(k.astype(int) - f.image).mean() for k in known) for f in frames[::20]]
        swapped = [
            min(np.abs(k.astype(int) - f.image[..., ::-1]).mean() for k in known)
            for f in frames[::20]
        ]
        times = [f.captured_ns for f in frames]
        tell(apart=max(apart), swapped=min(swapped), shape=frames[0].image.shape, age_ms=age_ms,
             grows=times == sorted(set(times)), fps=59e9 / (times[-1] - times[0]))
        """,
        VIRTUAL_RGB=rgb,
    )
    assert told["shape"] == [480, 640, 3]
    # The virtual camera copies JPEG's full range into NV12, where video range is meant.
    assert told["apart"] < 12
    assert told["swapped"] > 1.5 * told["apart"]
    assert told["grows"]
    # The virtual camera keeps no exact rate; the test is that it delivers steadily.
    assert told["fps"] > 10
    assert told["age_ms"] < 2000
    assert not log


def test_a_camera_that_stalls_closes_at_once_and_opens_again(tmp_path):
    told, _ = run(
        """
        stall = Path(os.environ["VIRTUAL_STALL"])
        camera = source()
        camera.open()
        for _ in range(20): camera.read(3.0)
        stall.touch()
        late = 0
        for _ in range(8):
            try: camera.read(0.3)
            except SourceTimeoutError: late += 1
        began = time.monotonic()
        camera.close()
        closed_s = time.monotonic() - began
        stall.unlink()
        again = camera.fresh()
        again.open()
        frames = [again.read(3.0).sequence for _ in range(20)]
        again.close()
        tell(late=late, closed_s=closed_s, frames=frames)
        """,
        VIRTUAL_STALL=tmp_path / "stall",
    )
    assert told["late"] >= 3
    assert told["closed_s"] < 2
    assert told["frames"] == list(range(20))


def test_closing_while_a_frame_is_pending():
    told, _ = run(
        """
        seconds = []
        for _ in range(5):
            camera = source()
            camera.open()
            camera.read(3.0)
            try: camera.read(0.001)
            except SourceTimeoutError: pass
            began = time.monotonic()
            camera.close()
            seconds.append(time.monotonic() - began)
        tell(seconds=seconds)
        """
    )
    assert max(told["seconds"]) < 2


def test_a_camera_that_another_program_holds():
    told, _ = run(
        """
        first, second = source(), source()
        first.open()
        try: second.open()
        except SourceBusyError as error: said = str(error)
        first.read(3.0)
        first.close()
        second.open()
        second.read(3.0)
        second.close()
        tell(said=said)
        """
    )
    assert "used by another program" in told["said"]


def test_two_cameras_at_once_and_one_that_is_not_there():
    told, _ = run(
        """
        with source("camera=0") as first, source("camera=1") as second:
            pictures = [camera.read(3.0).image for camera in (first, second) for _ in range(5)]
        try: source("camera=7").open()
        except SourceAbsentError as error: said = str(error)
        tell(apart=float(np.abs(pictures[0].astype(int) - pictures[-1]).mean()), said=said)
        """
    )
    assert told["apart"] > 20
    assert "0 (Virtual Driver), 1 (Virtual Lines)" in told["said"]


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ("size=800x600", {}, "use size="),
        ("hdr=single", {}, "no HdrMode"),
        ("ae_metering=face", {}, "no ExposureValue"),
        ("", {"VIRTUAL_NOFDL": 1}, "use the source v4l2:"),
    ],
)
def test_what_the_camera_cannot_do_is_named(options, environment, words):
    told, _ = run(
        f"""
        try: source("{options}").open()
        except SourceFormatError as error: tell(said=str(error))
        """,
        **environment,
    )
    assert words in told["said"]


def test_ten_thousand_frames_take_no_more_memory():
    told, _ = run(
        """
        def resident():
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            return pages * resource.getpagesize() / 1e6
        def handles(): return len(list(Path("/proc/self/fd").iterdir()))
        with source("fps=60") as camera:
            for _ in range(500): camera.read(3.0)
            before = resident(), handles()
            for _ in range(int(os.environ.get("FRAMES", "10000"))): camera.read(3.0)
            after = resident(), handles()
        tell(before=before, after=after)
        """,
        seconds=420,
    )
    assert told["after"][0] - told["before"][0] < 8
    assert told["after"][1] == told["before"][1]
