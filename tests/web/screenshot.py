"""Makes docs/images/view.png: the page while the mean head looks round and blinks.

python -m tests.web.screenshot
"""

import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from landmarkd.layout import layout_of
from landmarkd.types import EyeState, Gaze, Report

from tests.web.browser import Page
from tests.web.test_view import CHROMIUM, Viewer, turned
from tests.wire.builders import driver, event

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "view.png"
SECONDS = 14.0


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


def main() -> None:
    """Write the picture."""
    assert CHROMIUM is not None, "needs a browser: apt install chromium"
    viewer = Viewer()
    # What the browser had started writes to its profile for a moment longer than the browser lives.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Page(CHROMIUM, Path(folder), (1360, 1080))
        page.open(viewer.url)
        viewer.feed(looking)
        time.sleep(SECONDS)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_bytes(page.picture())
        page.close()
    viewer.close()


if __name__ == "__main__":
    main()
