"""The loop of the daemon in this process, with a scripted camera."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.daemon.limits import Limits
from landmarkd.daemon.service import Service
from landmarkd.pipeline import Pipeline
from landmarkd.types import Report


def run(uri: str, frames: int) -> list[Report]:
    """Return the reports of a source until so many of its frames were processed."""
    reports: list[Report] = []
    source = make_source(uri, fast=False)
    Service(source, Pipeline(), (), Limits(frames=frames), on_report=reports.append).run()
    return reports


@pytest.mark.parametrize("fps", [1, 1.5])
def test_a_slow_camera_has_stalled_only_after_two_periods(tmp_path: Path, fps: float) -> None:
    steps = [
        {"do": "frames", "count": 3},
        {"do": "silence", "seconds": 3 / fps},
        {"do": "frames", "count": 2},
    ]
    script = {"size": [64, 48], "fps": fps, "steps": steps}
    (tmp_path / "script.json").write_text(json.dumps(script))
    reports = run(f"scripted:{tmp_path}/script.json", 4)
    stalled = [report for report in reports if report.stalled]
    assert stalled
    assert {report.sequence for report in stalled} == {2}
    for report in stalled:
        assert report.emitted_ns - report.captured_ns > 1.8e9 / fps


def test_pictures_that_are_shown_slowly_are_no_stalled_camera(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((48, 64, 3), np.uint8))
    assert not any(report.stalled for report in run(f"images:{tmp_path}?fps=1", 3))
