"""Makes the pictures of the README: the pages of view, report and profile.

    python -m tests.web.screenshot [FOLDER] [WIDTH]

Without arguments docs/images, 1280 wide. `FOLDER 400` shows them as a phone does.
"""

import math
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from landmarkd.layout import layout_of
from landmarkd.types import EyeState, Gaze, Report

from tests.process import landmarkd
from tests.web.browser import Page
from tests.web.test_view import CHROMIUM, Viewer, turned
from tests.wire.builders import driver, event

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SECONDS = 14.0
HEIGHT = {"view": 1080, "report": 960, "profile": 960}


def looking(index: int) -> Report:
    """The head swings by 25° and blinks about every three seconds."""
    sent = turned(index, 25 * math.sin(index / 30))
    assert sent.face is not None
    openness = 1 - 0.97 * math.exp(-(((index % 60 - 30) / 3) ** 2))
    points, layout = sent.face.points.copy(), layout_of("landmarkd-562")
    for lid in (layout.right_lid, layout.left_lid):
        assert lid is not None
        upper, lower = lid[1:8], lid[9:16][::-1]
        middle = (points[upper] + points[lower]) / 2
        points[upper] = middle + (points[upper] - middle) * openness
        points[lower] = middle + (points[lower] - middle) * openness
    eye = EyeState(0.3 * openness, openness, openness < 0.2)
    gaze = Gaze(sent.face.pose.yaw * 0.8 + 4, -3.0, "road")
    face = replace(sent.face, points=points.astype(np.float32), left=eye, right=eye, gaze=gaze)
    happened = [event(number=index)] if index in {100, 200} else []
    return replace(
        sent, face=face, driver=replace(driver(index, *happened), calibrating=False), degraded=()
    )


def made(*arguments: str | Path) -> None:
    """Run landmarkd to its end."""
    done = landmarkd(*map(str, arguments))
    assert done.returncode == 0, done.stderr


def main(folder: Path = IMAGES, width: int = 1280) -> None:
    """Write the pictures."""
    assert CHROMIUM is not None, "needs a browser: apt install chromium"
    folder.mkdir(parents=True, exist_ok=True)
    # Child processes of the browser may write to its profile for a moment after its end.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        made("run", "--source", "demo:", "--fast", "--sink", f"lmk:{scratch}/demo.lmk")
        made("report", scratch / "demo.lmk", "--out", scratch / "report.html")
        made("profile", "--source", "demo:", "--no-sweep", "--html", scratch / "profile.html")
        for page_of, height in HEIGHT.items():
            page = Page(CHROMIUM, scratch / f"browser-{page_of}", (width, height))
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            # A window is never narrower than 500 pixels; an emulated device may be.
            page.call("Emulation.setDeviceMetricsOverride", **size)
            if page_of == "view":
                viewer = Viewer()
                page.open(viewer.url)
                viewer.feed(looking)
                time.sleep(SECONDS)
            else:
                page.open((scratch / f"{page_of}.html").as_uri())
            (folder / f"{page_of}.png").write_bytes(page.picture())
            page.close()
        viewer.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]), *map(int, sys.argv[2:3]))
