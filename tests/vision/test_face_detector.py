import hashlib
import json
from pathlib import Path

import cv2
import landmarkd.camera
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.errors import ModelError
from landmarkd.layout import LAYOUTS
from landmarkd.types import FaceExtent
from landmarkd.vision.cards import DetectorCard
from landmarkd.vision.detector import make_detector
from landmarkd.vision.face_detector import LEAST_NEAR, FaceDetector
from landmarkd.vision.geometry import box_of, box_overlap
from landmarkd.vision.runtime import TensorSpec
from landmarkd.vision.zoo import Zoo

SIDE, STRIDES, UNIT = 160, (8, 16, 32), 2.0
CELLS = sum((SIDE // stride) ** 2 for stride in STRIDES)


def card(**changes):
    content = {
        "kind": "detector",
        "file": "d.tflite",
        "bytes": 1,
        "sha256": "0" * 64,
        "input": {
            "width": SIDE,
            "height": SIDE,
            "colour": "RGB",
            "dtype": "float32",
            "normalisation": "x / 127.5 - 1",
        },
        "outputs": {
            "scores": {"index": 0, "shape": [1, CELLS], "unit": "logit"},
            "geometry": {"index": 1, "shape": [1, CELLS, 8], "unit": "cell"},
        },
        "cells": {"strides": STRIDES, "unit": UNIT, "score": 0.5, "overlap": 0.4},
    }
    return DetectorCard.model_validate(content | changes)


class Script:
    """An engine with scripted outputs."""

    def __init__(self, cells=CELLS):
        shapes = ((1, SIDE, SIDE, 3), (1, cells), (1, cells, 8))
        self.seen, self.scores, self.geometry = (np.zeros(shape, np.float32) for shape in shapes)
        self.scores[:] = -9
        self.inputs, *outputs = (
            TensorSpec("", shape, np.dtype(np.float32), 0.0, 0, 0) for shape in shapes
        )
        self.inputs, self.outputs = (self.inputs,), tuple(outputs)

    def input(self, index):
        return self.seen

    def output(self, index):
        return (self.scores, self.geometry)[index]

    def invoke(self):
        pass

    def close(self):
        pass

    def say(self, level, row, column, logit, box, eyes, chin):
        """Let a cell see a face, its places in pixels of the input."""
        stride = STRIDES[level]
        before = sum((SIDE // finer) ** 2 for finer in STRIDES[:level])
        n = before + row * (SIDE // stride) + column
        centre = (np.array([column, row]) + 0.5) * stride - 0.5
        unit = UNIT * stride
        middle, size = (
            (np.add(box[:2], box[2:]) / 2 - centre) / unit,
            np.subtract(box[2:], box[:2]) / unit,
        )
        self.scores[0, n] = logit
        self.geometry[0, n] = [
            *middle,
            *np.log2(size),
            *(eyes - centre) / unit,
            *(chin - centre) / unit,
        ]


FACE = {
    "box": (40.0, 30.0, 80.0, 90.0),
    "eyes": np.array([60.0, 45.0]),
    "chin": np.array([60.0, 90.0]),
}


@pytest.mark.parametrize(
    ("height", "width", "scale", "left", "top"),
    [(160, 160, 1.0, 0, 0), (480, 640, 0.25, 0, 20), (640, 320, 0.25, 40, 0), (80, 60, 2.0, 20, 0)],
)
def test_boxes_come_back_in_pixels_of_the_frame(height, width, scale, left, top):
    engine = Script()
    engine.say(1, 4, 4, 3.0, **FACE)
    (face,) = FaceDetector.over("d", card(), engine).detect(np.zeros((height, width, 3), np.uint8))
    x0, y0, x1, y1 = FACE["box"]
    wanted = [
        (x0 - left + 0.5) / scale - 0.5,
        (y0 - top + 0.5) / scale - 0.5,
        (x1 - left + 0.5) / scale - 0.5,
        (y1 - top + 0.5) / scale - 0.5,
    ]
    assert face.box == pytest.approx(wanted, abs=1e-3)
    assert face.score == pytest.approx(1 / (1 + np.exp(-3)))
    assert face.angle == pytest.approx(0, abs=1e-4)


def test_the_frame_lies_in_the_middle_and_the_rest_stays_black_when_shapes_change():
    engine = Script()
    detector = FaceDetector.over("d", card(), engine)
    detector.detect(np.full((100, 100, 3), 255, np.uint8))
    frame = np.zeros((240, 320, 3), np.uint8)
    frame[:, :, 2] = 255  # red
    detector.detect(frame)
    seen = engine.seen[0]
    assert (seen[:20] == -1).all()
    assert (seen[140:] == -1).all()
    np.testing.assert_allclose(
        seen[20:140], np.broadcast_to([1.0, -1.0, -1.0], (120, 160, 3)), atol=1e-6
    )


@pytest.mark.parametrize(
    ("height", "width"),
    [
        (480, 640),
        (640, 480),
        (720, 1280),
        (322, 484),
        (600, 800),
        (1080, 1920),
        (160, 160),
        (90, 121),
    ],
)
def test_every_pixel_of_the_frame_has_its_share_in_what_the_network_sees(height, width):
    rng = np.random.default_rng(height)
    coarse = rng.integers(0, 255, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
    frame = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    engine = Script()
    FaceDetector.over("d", card(), engine).detect(frame)
    scale = SIDE / max(height, width)
    small = (round(width * scale), round(height * scale))
    wanted = cv2.resize(
        frame, small, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )[..., ::-1]
    left, top = (SIDE - small[0]) // 2, (SIDE - small[1]) // 2
    seen = (engine.seen[0, top : top + small[1], left : left + small[0]] + 1) * 127.5
    np.testing.assert_allclose(seen, wanted, atol=4)
    assert np.abs(seen - wanted).mean() < 1


def test_roll_is_clockwise_in_the_image():
    engine = Script()
    engine.say(1, 4, 4, 3.0, FACE["box"], np.array([60.0, 50.0]), np.array([40.0, 70.0]))
    (face,) = FaceDetector.over("d", card(), engine).detect(np.zeros((160, 160, 3), np.uint8))
    assert face.angle == pytest.approx(45.0, abs=1e-3)


def test_the_best_of_overlapping_answers_stays_and_other_faces_do():
    engine = Script()
    engine.say(1, 4, 4, 1.0, **FACE)
    engine.say(1, 4, 5, 2.0, (42.0, 31.0, 82.0, 91.0), FACE["eyes"], FACE["chin"])
    engine.say(
        0,
        15,
        15,
        0.5,
        (115.0, 115.0, 130.0, 133.0),
        np.array([122.0, 118.0]),
        np.array([122.0, 133.0]),
    )
    engine.say(
        0, 2, 2, -0.5, (10.0, 10.0, 25.0, 30.0), np.array([17.0, 15.0]), np.array([17.0, 30.0])
    )
    faces = FaceDetector.over("d", card(), engine).detect(np.zeros((160, 160, 3), np.uint8))
    assert [round(face.box[0]) for face in faces] == [42, 115]
    assert faces[0].score > faces[1].score


def test_no_answer_is_no_face():
    assert FaceDetector.over("d", card(), Script()).detect(np.zeros((48, 64, 3), np.uint8)) == []


class Spots(Script):
    """An engine that takes every white spot for a face, with a score that grows with its size."""

    def __init__(self, sure_from=20, sharp=0.3):
        super().__init__()
        self.sure_from, self.sharp, self.looks = sure_from, sharp, 0

    def invoke(self):
        self.looks += 1
        self.scores[:] = -9
        count, _, stats, _ = cv2.connectedComponentsWithStats(
            (self.seen[0, ..., 0] > 0).astype(np.uint8)
        )
        for x, y, wide, high, _ in stats[1:count]:
            box = (x - 0.5, y - 0.5, x + wide - 0.5, y + high - 0.5)
            middle = np.array([x + wide / 2, y + high / 2])
            column, row = (middle // 8).astype(int)
            self.say(
                0,
                min(row, 19),
                min(column, 19),
                self.sharp * (max(wide, high) - self.sure_from),
                box,
                middle,
                middle,
            )


def extent(x, y, side, roll=0.0):
    return FaceExtent(roll, (x - side / 2, y - side / 2, x + side / 2, y + side / 2), x, y, side)


@pytest.mark.parametrize("size", [16, 60, 200])
@pytest.mark.parametrize(("x", "y"), [(320, 240), (60, 300), (634, 470)])
def test_a_face_is_confirmed_at_one_size_wherever_it_was_read(size, x, y):
    frame = np.zeros((480, 640, 3), np.uint8)
    cv2.rectangle(
        frame,
        (x - size // 2, y - size // 2),
        (x + size // 2 - 1, y + size // 2 - 1),
        (255,) * 3,
        -1,
    )
    cv2.rectangle(frame, (300, 10), (330, 40), (255, 255, 255), -1)  # another, far away
    detector = FaceDetector.over("d", with_second_look(), Spots())
    # 88 pixels long in the input, 44 where the frame cuts off half of it.
    least = 1 / (1 + np.exp(-0.3 * (44 - 20 - 4)))
    assert detector.confirm(frame, extent(x - 0.5, y - 0.5, size)) > least
    assert detector.confirm(frame, extent(x - 2 * size, y, size)) == LEAST_NEAR
    assert detector.confirm(frame, extent(x, y, 4 * size)) == LEAST_NEAR


def test_a_face_is_confirmed_upright():
    frame = np.zeros((480, 640, 3), np.uint8)
    corners = cv2.boxPoints(((320, 240), (60, 100), 30))
    cv2.fillPoly(frame, [np.int32(corners)], (255, 255, 255))
    engine = Spots()
    detector = FaceDetector.over("d", card(), engine)
    assert detector.confirm(frame, extent(320, 240, 100, 30)) > 0.9
    seen = engine.seen[0, ..., 0] > 0
    assert abs(int(seen.any(0).sum()) - 53) <= 3
    assert abs(int(seen.any(1).sum()) - 88) <= 3


SECOND = {"doubt": 0.02, "largest": 24.0, "window": 0.4, "most": 3}


def with_second_look(**changes):
    cells = card().model_dump()["cells"]
    return card(cells={**cells, "second": {**SECOND, **changes}})


@pytest.mark.parametrize("at", [(300, 200), (2, 3), (600, 440), (5, 300), (612, 8)])
def test_a_small_face_is_looked_at_again(at):
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[at[1] : at[1] + 32, at[0] : at[0] + 24] = 255
    assert FaceDetector.over("d", card(), Spots()).detect(frame) == []
    engine = Spots()
    detector = FaceDetector.over("d", with_second_look(), engine)
    (face,) = detector.detect(frame)
    assert engine.looks == 2
    assert face.box == pytest.approx(
        (at[0] - 0.5, at[1] - 0.5, at[0] + 23.5, at[1] + 31.5), abs=2.5
    )
    assert FaceDetector.over("d", with_second_look(), Spots(sure_from=40)).detect(frame) == []


def test_the_second_look_decides():
    """This engine scores small spots high, enlarged ones low, so the second look rejects it."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[200:232, 300:324] = 255
    engine = Spots(sure_from=14, sharp=-0.5)
    assert FaceDetector.over("d", card(), engine).detect(frame) != []
    assert FaceDetector.over("d", with_second_look(), engine).detect(frame) == []


def test_near_faces_and_frames_no_larger_than_a_window_get_one_look():
    engine = Spots()
    detector = FaceDetector.over("d", with_second_look(), engine)
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[100:300, 200:360] = 255
    assert len(detector.detect(frame)) == 1
    assert engine.looks == 1
    small = np.zeros((240, 320, 3), np.uint8)
    small[100:116, 100:112] = 255
    assert detector.detect(small) == []
    assert engine.looks == 2


def test_neighbours_share_a_window_and_each_face_comes_once():
    frame = np.zeros((480, 640, 3), np.uint8)
    places = [(40, 60), (100, 60), (40, 130), (100, 130), (560, 60), (560, 400), (40, 400)]
    for x, y in places:
        frame[y : y + 32, x : x + 24] = 255
    engine = Spots()
    faces = FaceDetector.over("d", with_second_look(), engine).detect(frame)
    assert engine.looks == 4
    found = sorted((round(face.box[0] / 20) * 20, round(face.box[1] / 10) * 10) for face in faces)
    assert len(found) == len(set(found))
    assert {(40, 60), (100, 60), (40, 130), (100, 130)} <= set(found)
    assert len(FaceDetector.over("d", with_second_look(most=9), Spots()).detect(frame)) == len(
        places
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 600), st.integers(8, 600))
def test_any_answers_give_finite_boxes_best_first(seed, height, width):
    rng = np.random.default_rng(seed)
    engine = Script()
    engine.scores[:] = rng.normal(0, 4, engine.scores.shape)
    engine.geometry[:] = rng.normal(0, 30, engine.geometry.shape)
    detector = FaceDetector.over("d", with_second_look() if seed % 2 else card(), engine)
    faces = detector.detect(np.zeros((height, width, 3), np.uint8))
    assert np.isfinite([[*face.box, face.angle, face.score] for face in faces]).all()
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)
    assert all(face.box[2] > face.box[0] and face.box[3] > face.box[1] for face in faces)


def test_a_file_that_is_not_what_its_card_says_is_refused():
    with pytest.raises(ModelError, match="cells"):
        FaceDetector.over("d", card(), Script(cells=500))
    changed = {**card().model_dump()["input"], "width": 128, "height": 128}
    with pytest.raises(ModelError, match="manifest says"):
        FaceDetector.over("d", card(input=changed), Script())


def test_the_zoo_says_which_detectors_there_are(tmp_path):
    content = {**card().model_dump(), "sha256": hashlib.sha256(b"x").hexdigest()}
    manifest = {"schema": 1, "default": {"detector": "mine"}, "models": {"mine": content}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    zoo = Zoo(tmp_path)
    assert zoo.detector()[0] == "mine"
    with pytest.raises(ModelError, match=r"known are mine"):
        zoo.detector("yours")
    with pytest.raises(ModelError, match="none"):
        zoo.landmarks("mine")


def test_the_bundled_detector_finds_the_driver_of_the_bundled_clip():
    clip = Path(landmarkd.camera.__file__).parent / "clip" / "driver.mp4"
    with np.load(clip.with_suffix(".npz")) as truth:
        points, landmarks = truth["points_16"][0] / 16, truth["landmarks"]
    ibug = LAYOUTS["landmarkd-562"].ibug68
    box = box_of(points[np.isin(landmarks, ibug)].astype(np.float32))
    ok, image = cv2.VideoCapture(str(clip)).read()
    assert ok
    detector = make_detector("network")
    faces = detector.detect(image)
    detector.close()
    assert max(box_overlap(face.box, box) for face in faces) > 0.5
