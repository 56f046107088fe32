from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.camera.demo import CLIP
from landmarkd.errors import ModelError
from landmarkd.layout import DENSE
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.types import FaceObservation, RegionOfInterest
from landmarkd.vision.eye_patch import HEIGHT, WIDTH, image_from_patch, to_patch
from landmarkd.vision.eyes import FULL, EyeModel, open_eyes
from landmarkd.vision.refiner import Refiner
from landmarkd.vision.zoo import open_zoo

from tests.signals.faces import head, seen

ZOO = open_zoo()


class TestPatch:
    @pytest.mark.parametrize("roll", [0.0, 25.0, -60.0])
    def test_each_eye_lies_upright_in_the_middle(self, roll):
        points = seen(head(), roll=roll)
        for affine, lid, outer in zip(
            image_from_patch(points, FULL.ibug68),
            (FULL.left_lid, FULL.right_lid),
            (0, 0),
            strict=True,
        ):
            inside = to_patch(points[lid, :2], affine)
            assert inside.mean(0) == pytest.approx([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], abs=2.0)
            # The right eye is mirrored, so it too has its outer corner at the right and its upper
            # lid above.
            assert inside[outer, 0] > inside[8, 0] + 15
            assert inside[1:8, 1].mean() < inside[9:16, 1].mean()

    def test_there_and_back(self):
        points = seen(head(), yaw=30.0, roll=10.0)
        affine, _ = image_from_patch(points, FULL.ibug68)
        some = points[:20, :2].astype(np.float64)
        back = to_patch(some, affine) @ affine[:, :2].T + affine[:, 2]
        np.testing.assert_allclose(back, some, atol=1e-6)


@pytest.fixture(scope="module")
def model():
    eyes = EyeModel(ZOO)
    yield Refiner(eyes, (), FULL)
    eyes.close()


@pytest.fixture(scope="module")
def clip():
    """Frames of the bundled clip with the landmark model's observations alone, and the truth."""
    pipeline = Pipeline(Configuration.model_validate({"model": {"eyes": "none"}}))
    frames = []
    with make_source("demo:", fast=True) as source:
        for _ in range(30):
            frame = source.read(1.0)
            face = pipeline.process(frame).face
            frames.append((frame.image, face.observation))
    pipeline.close()
    return frames, np.load(CLIP.with_suffix(".npz"))


def test_lids_lie_where_the_truth_has_them(model, clip):
    frames, truth = clip
    stored = list(truth["landmarks"])
    lids = [stored.index(index) for index in range(520, 552)]
    for index in (0, 10):
        image, found = frames[index]
        wanted = truth["points_16"][index][lids] / 16.0
        width = np.linalg.norm(wanted[0] - wanted[8])
        error = np.linalg.norm(model.refine(image, found).points[520:552, :2] - wanted, axis=1)
        assert error.mean() < 0.15 * width


def test_a_blink_closes_the_lids(model, clip):
    frames, truth = clip
    shut = round(float(truth["blinks_s"][0] * truth["rate_hz"]))

    def gap(index):
        points = model.refine(*frames[index]).points
        return float((points[529:536, 1] - points[521:528, 1][::-1]).mean())

    assert gap(shut) < 0.4 * gap(5)


def test_the_rest_of_the_face_stays_as_it_was(model, clip):
    image, found = clip[0][0]
    refined = model.refine(image, found)
    assert refined.points.shape == (562, 3)
    assert refined.points.dtype == np.float32
    about = np.abs(found.points[:DENSE, 1] - found.points[FULL.ibug68[36:48], 1].mean())
    far = about > 0.5 * np.linalg.norm(np.subtract(*found.points[FULL.ibug68[[36, 45]], :2]))
    assert far.sum() > 200
    np.testing.assert_array_equal(refined.points[:DENSE][far], found.points[:DENSE][far])
    np.testing.assert_array_equal(refined.points[:DENSE, 2], found.points[:DENSE, 2])
    np.testing.assert_array_equal(refined.sigma[:DENSE][far], found.sigma[:DENSE][far])
    assert np.isfinite(refined.points).all()
    assert all(0.5 < seen_share <= 1.0 for seen_share in refined.eyes_visible)


def test_a_model_with_lids_and_sigma_gets_new_ones(model, clip):
    image, found = clip[0][0]
    full = np.zeros((562, 3), np.float32)
    full[:DENSE] = found.points[:DENSE]
    sigma = np.full(562, 7.0, np.float32)
    refined = model.refine(image, replace(found, points=full, sigma=sigma))
    assert (refined.sigma[:DENSE] <= 7.0).all()
    assert (np.delete(refined.sigma[:DENSE], FULL.ibug68[36:48]) == 7.0).all()
    assert (refined.sigma[DENSE:] < 7.0).all()
    assert (refined.points[DENSE:, :2] > 0).all()
    assert (full[DENSE:] == 0).all()


def test_covered_eyes_are_not_to_be_seen(model, clip):
    image, found = clip[0][0]
    covered = image.copy()
    points = found.points[FULL.ibug68[36:48], :2]
    low, high = points.min(0) - 35, points.max(0) + 35
    cv2.rectangle(covered, low.astype(int).tolist(), high.astype(int).tolist(), (40, 40, 40), -1)
    assert max(model.refine(covered, found).eyes_visible) < min(
        model.refine(image, found).eyes_visible
    )


@pytest.mark.parametrize("shift", [(-400.0, 0.0), (5000.0, 5000.0)])
def test_an_eye_outside_the_frame_is_no_failure(model, clip, shift):
    image, found = clip[0][0]
    points = found.points.copy()
    points[:, :2] += np.array(shift, np.float32)
    assert np.isfinite(model.refine(image, replace(found, points=points)).points).all()


@pytest.mark.parametrize("size", [30.0, 3000.0])
def test_tiny_and_huge_faces_are_no_failure(model, size):
    points = seen(head())[:DENSE]
    points = (points - points.mean(0)) * np.float32(size / 200.0) + np.array(
        [320, 240, 0], np.float32
    )
    image = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    found = FaceObservation(1.0, RegionOfInterest(320, 240, size), points)
    assert np.isfinite(model.refine(image, found).points).all()


def test_is_chosen_by_name_and_left_out_on_demand(tmp_path):
    assert open_eyes(ZOO, "none") is None
    with pytest.raises(ModelError, match="eyes-21"):
        open_eyes(ZOO, "no-such-model")


def test_reports_have_the_full_layout_whatever_the_landmark_model():
    pipeline = Pipeline(Configuration())
    assert pipeline.layout.count == 562
    with make_source("demo:", fast=True) as source:
        face = pipeline.process(source.read(1.0)).face
    pipeline.close()
    assert face.points.shape == (562, 3)
    assert face.gaze is not None
    assert Path(CLIP).exists()
