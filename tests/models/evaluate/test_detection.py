import json

import cv2
import numpy as np
import pytest
from landmarkd.types import Detection
from landmarkd.vision.detector import Detector

from models.evaluate.detection import SINGLE_SETS, cpu_ms, evaluate_detector, write_sheets


class BrightSquare(Detector):
    """Takes for a face whatever is bright."""

    def detect(self, image):
        y, x = np.nonzero(image[..., 0] > 128)
        return (
            [Detection(0.9, (float(x.min()), float(y.min()), float(x.max()), float(y.max())))]
            if len(x)
            else []
        )


@pytest.fixture
def real(tmp_path):
    """Pictures with a bright square: one set has it away from its label, one picture has none."""
    rng = np.random.default_rng(0)
    face = np.zeros((120, 160, 3), np.uint8)
    face[30:90, 40:100] = 255
    for name in (*SINGLE_SETS, "dlib_faces"):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "a.png"), face)
        points = rng.uniform((40, 30), (99, 89), (68, 2))
        points[:2] = (40, 30), (99, 89)
        if name == "eos":
            points += 300
        (folder / "labels.json").write_text(
            json.dumps([{"image": "a.png", "points68": points.tolist()}])
        )
    for name, picture in (
        ("unlabelled/mask_with", face),
        ("unlabelled/victor", 0 * face),
        ("nonface/clean", 0 * face),
        ("nonface/hard", face),
    ):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "a.png"), picture)
    return tmp_path


def test_hits_misses_and_false_alarms_are_counted_and_drawn(real, tmp_path):
    report = evaluate_detector(BrightSquare(), real, say=lambda _: None)
    labelled = report.tables["Labelled faces found at IoU 0.4"]
    assert labelled["eos"]["found"] == 0
    assert labelled["fgnet"]["mean IoU of the found"] == pytest.approx(1.0)
    assert labelled["single faces together"] == {
        "faces": 7,
        "found": 6,
        "found, %": pytest.approx(600 / 7),
    }
    assert report.tables["Pictures with a face of which one was found"]["victor"]["share, %"] == 0
    assert report.tables["False alarms"]["clean and hard"]["share, %"] == 50
    write_sheets(report, tmp_path / "sheets")
    sheets = {path.name for path in (tmp_path / "sheets").iterdir()}
    assert sheets == {"missed.png", "missed-victor.png", "false-alarms.png"}


def test_processor_time_is_told():
    assert cpu_ms(BrightSquare(), np.zeros((48, 64, 3), np.uint8), 3) > 0
