import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.camera.demo import CLIP
from landmarkd.errors import ModelError
from landmarkd.layout import DENSE, LAYOUTS
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.vision.closer import PartModel, open_parts
from landmarkd.vision.geometry import extent_of
from landmarkd.vision.parts import PARTS, followers, places
from landmarkd.vision.refiner import Refiner
from landmarkd.vision.zoo import Zoo, open_zoo

from tests.signals.faces import head, seen

FULL = LAYOUTS["landmarkd-562"]
ZOO = open_zoo()
SHIPPED = [kind for kind in PARTS if kind in ZOO.manifest.default]


@pytest.fixture(scope="module")
def clip():
    """Frames of the bundled clip, what is seen without closer looks, and the truth."""
    pipeline = Pipeline(Configuration.model_validate({"model": {"parts": "none"}}))
    frames = []
    with make_source("demo:", fast=True) as source:
        for _ in range(60):
            frame = source.read(1.0)
            frames.append((frame.image, pipeline.process(frame).face.observation))
    pipeline.close()
    return frames, np.load(CLIP.with_suffix(".npz"))


@pytest.fixture(scope="module", params=SHIPPED)
def model(request):
    reader = PartModel(ZOO, request.param)
    reader.refine = Refiner(None, [reader], FULL).refine
    yield reader
    reader.close()


class TestPatches:
    @pytest.mark.parametrize("kind", PARTS)
    @pytest.mark.parametrize("roll", [0.0, 25.0, -60.0, 170.0])
    def test_points_lie_upright_about_the_middle(self, kind, roll):
        points, part = seen(head(), roll=roll), PARTS[kind]
        middle = np.array([part.width - 1, part.height - 1]) / 2
        for rows, chosen in zip(
            places(points, FULL.ibug68, part, extent_of(points, FULL.ibug68)),
            part.points,
            strict=True,
        ):
            affine = np.array(rows)
            at = np.linalg.solve(
                affine[:, :2], (points[FULL.ibug68[chosen], :2] - affine[:, 2]).T
            ).T
            assert at.mean(0) == pytest.approx(middle - [0, part.down * part.width], abs=0.1)
            assert (np.abs(at - middle) < middle).all()
            assert at[0, 0] < at[len(chosen) // 2, 0]

    @pytest.mark.parametrize("kind", PARTS)
    def test_followers_go_with_what_is_near(self, kind):
        chosen = np.concatenate(PARTS[kind].points)
        weights = followers(FULL, chosen, PARTS[kind].reach_mm)
        np.testing.assert_allclose(weights[FULL.ibug68[chosen]], np.eye(len(chosen)), atol=1e-6)
        assert weights.min() >= 0
        assert weights.sum(1).max() <= 1 + 1e-6
        assert (weights.sum(1) == 0).sum() > 350

    def test_the_lower_lip_goes_without_the_upper_one(self):
        chosen = PARTS["mouth"].points[0]
        weights = followers(FULL, chosen, PARTS["mouth"].reach_mm)
        below = weights[:, np.isin(chosen, [56, 57, 58, 65, 66, 67])].sum(1)
        above = weights[:, np.isin(chosen, [50, 51, 52, 61, 62, 63])].sum(1)
        assert np.minimum(below, above).max() < 0.01


def test_points_go_with_the_truth(model, clip):
    """The place of the lip's border depends on the labels; its motion does not."""
    frames, truth = clip
    stored = list(truth["landmarks"])
    chosen = [int(i) for i in FULL.ibug68[np.concatenate(model.part.points)] if i in stored]
    rows = [stored.index(i) for i in chosen]
    off = {"before": [], "after": []}
    for index in range(0, len(frames), 5):
        image, found = frames[index]
        wanted = truth["points_16"][index][rows] / 16.0
        off["before"].append(found.points[chosen, :2] - wanted)
        off["after"].append(model.refine(image, found).points[chosen, :2] - wanted)
    spread = {name: np.std(values, axis=0).mean() for name, values in off.items()}
    assert spread["after"] < 1.3 * spread["before"], spread


def test_the_rest_of_the_face_stays_as_it_was(model, clip):
    image, found = clip[0][0]
    refined = model.refine(image, found)
    assert refined.points.dtype == np.float32
    weights = followers(FULL, np.concatenate(model.part.points), model.part.reach_mm)
    far = weights.sum(1) == 0
    np.testing.assert_array_equal(refined.points[:DENSE][far], found.points[:DENSE][far])
    np.testing.assert_array_equal(refined.points[DENSE:], found.points[DENSE:])
    np.testing.assert_array_equal(refined.points[:, 2], found.points[:, 2])
    assert not np.array_equal(refined.points, found.points)
    assert (refined.sigma > 0).all()


def test_the_surer_model_has_the_larger_share(model, clip):
    image, found = clip[0][0]
    into = FULL.ibug68[np.concatenate(model.part.points)]

    def went(factor):
        refined = model.refine(image, replace(found, sigma=found.sigma * np.float32(factor)))
        return np.linalg.norm(refined.points[into] - found.points[into], axis=1).mean()

    assert went(0.01) < 0.1 * went(1.0) < 0.2 * went(100.0)


def test_covered_parts_keep_their_points(model, clip):
    image, found = clip[0][0]
    into = FULL.ibug68[np.concatenate(model.part.points)]
    low, high = found.points[into, :2].min(0) - 40, found.points[into, :2].max(0) + 40
    covered = cv2.rectangle(
        image.copy(), low.astype(int).tolist(), high.astype(int).tolist(), (40, 40, 40), -1
    )
    seen_sigma = model.refine(image, found).sigma[into].mean()
    assert model.refine(covered, found).sigma[into].mean() > seen_sigma


@pytest.mark.parametrize("shift", [(-400.0, 0.0), (5000.0, 5000.0)])
def test_a_part_outside_the_frame_is_no_failure(model, clip, shift):
    image, found = clip[0][0]
    points = found.points + np.array([*shift, 0.0], np.float32)
    moved = replace(found, points=points, extent=None)
    assert np.isfinite(model.refine(image, moved).points).all()


def test_a_zoo_without_parts_works_and_they_can_be_left_out(tmp_path):
    assert open_parts(ZOO, "none") == []
    manifest = json.loads((ZOO.folder / "manifest.json").read_text())
    for kind in PARTS:
        manifest["default"].pop(kind, None)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert open_parts(Zoo(tmp_path), "default") == []


@pytest.mark.skipif(not SHIPPED, reason="the zoo has no model of a part")
def test_another_file_under_its_name_is_refused(tmp_path):
    shutil.copytree(ZOO.folder, tmp_path / "zoo")
    manifest = json.loads((ZOO.folder / "manifest.json").read_text())
    entry, eyes = (manifest["models"][manifest["default"][kind]] for kind in (SHIPPED[0], "eyes"))
    entry |= {name: eyes[name] for name in ("file", "bytes", "sha256")}
    (tmp_path / "zoo" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="is not the model of the"):
        PartModel(Zoo(tmp_path / "zoo"), SHIPPED[0])


def test_the_spread_widens_what_is_said_of_the_points_and_leaves_them_where_they_are(clip, model):
    image, given = clip[0][30]
    found = {}
    for spread in (1.0, 2.0, 3.0):
        reader = PartModel(ZOO, model.kind)
        doubt = model.card.doubt
        reader.card = reader.card.model_copy(update={"spread": spread, "doubt": doubt})
        found[spread] = Refiner(None, [reader], FULL).refine(image, given)
        reader.close()
    into = FULL.ibug68[np.concatenate(model.part.points)]
    for spread in (2.0, 3.0):
        np.testing.assert_allclose(found[spread].points, found[1.0].points, atol=1e-3)
    first, second = (found[n + 1.0].sigma - found[n].sigma for n in (1.0, 2.0))
    assert (first[into] > 0).all()
    np.testing.assert_allclose(first, second, atol=1e-4)
    assert not np.delete(first, into).any()
