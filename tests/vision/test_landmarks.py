"""Every landmark model of the zoo, on the frames of the bundled clip."""

import json
import shutil
import tracemalloc
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.errors import ModelError
from landmarkd.stages import StageClock
from landmarkd.types import RegionOfInterest
from landmarkd.vision.cards import LandmarkCard
from landmarkd.vision.geometry import box_of
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import look
from landmarkd.vision.zoo import open_zoo

from tests import clip

NAMES = [
    name for name, card in open_zoo().manifest.models.items() if isinstance(card, LandmarkCard)
]
FRONTAL, TURNED = 5, 57


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Iterator[LandmarkModel]:
    model = LandmarkModel(open_zoo(), request.param)
    yield model
    model.close()


def points_of(
    model: LandmarkModel, image: np.ndarray, box: tuple[float, float, float, float]
) -> np.ndarray:
    return look(model, image, model.first_roi(box), StageClock()).points


def test_points_lie_on_the_rendered_face(model: LandmarkModel) -> None:
    visible = np.flatnonzero(clip.truth().face)[::9]
    errors = [clip.nme(points_of(model, clip.frames()[i].image, clip.box(i)), i) for i in visible]
    assert np.median(errors) < 2.5
    assert np.percentile(errors, 90) < 4.5


def test_depth_is_larger_nearer_to_the_camera(model: LandmarkModel) -> None:
    points = points_of(model, clip.frames()[FRONTAL].image, clip.box(FRONTAL))
    face = points[model.layout.ibug68]
    assert face[30, 2] > face[[36, 45], 2].mean() > face[[0, 16], 2].mean()
    assert abs(points[:520, 2].mean()) < 0.05 * np.ptp(points[:, 0])


@pytest.mark.parametrize("factor", [2, 5])
def test_a_large_picture_gives_the_same_points(model: LandmarkModel, factor: int) -> None:
    image = clip.frames()[FRONTAL].image
    small = points_of(model, image, clip.box(FRONTAL))
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    box = tuple((value + 0.5) * factor - 0.5 for value in clip.box(FRONTAL))
    found = points_of(model, large, box)
    expected = (small[:, :2] + 0.5) * factor - 0.5
    size = np.ptp(expected, axis=0).max()
    assert np.abs(found[:, :2] - expected).mean() < 0.006 * size


@pytest.mark.parametrize("angle", [-40, 25, 180])
def test_a_turned_picture_gives_turned_points(model: LandmarkModel, angle: float) -> None:
    image = clip.frames()[FRONTAL].image
    upright = points_of(model, image, clip.box(FRONTAL))
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -angle, 1)
    turned = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    expected = upright[:, :2] @ turn[:, :2].T + turn[:, 2]
    low, high = expected.min(0), expected.max(0)
    roi = RegionOfInterest(*((low + high) / 2), 1.2 * float((high - low).max()), angle)
    found = look(model, turned, roi, StageClock()).points
    assert np.abs(found[:, :2] - expected).mean() < 0.012 * (high - low).max()


def test_a_region_off_the_picture_is_black_and_no_error(model: LandmarkModel) -> None:
    for roi in (
        RegionOfInterest(-5000, -5000, 200),
        RegionOfInterest(0, 0, 1e5),
        RegionOfInterest(3, 3, 0.5),
    ):
        seen = model.locate(clip.frames()[0].image, roi, StageClock())
        assert seen.points.shape == (model.layout.count, 3)
        assert np.isfinite(seen.points).all()


def test_no_image_is_allocated_for_a_frame(model: LandmarkModel) -> None:
    image, clock = clip.frames()[FRONTAL].image, StageClock()
    roi = model.first_roi(clip.box(FRONTAL))
    large = RegionOfInterest(320, 240, 460)
    for region in (roi, large):
        model.locate(image, region, clock)
        tracemalloc.start()
        model.locate(image, region, clock)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 128 * 128 * 3, "less than one crop"


def test_a_region_waits_for_points_that_are_sure(model: LandmarkModel) -> None:
    box = clip.box(FRONTAL)
    beside = model.first_roi((box[0] + 9, box[1], box[2] + 9, box[3]))
    seen = model.locate(clip.frames()[FRONTAL].image, beside, StageClock())
    unsure = replace(seen, sigma=np.full(len(seen.points), 4 * beside.side, np.float32))
    sure = replace(seen, sigma=np.zeros(len(seen.points), np.float32))
    middle = box_of(seen.points)[0] + box_of(seen.points)[2]
    assert model.next_roi(unsure).x == pytest.approx(beside.x, abs=0.1)
    assert model.next_roi(sure).x == pytest.approx(middle / 2, abs=4)
    assert astuple(model.next_roi(sure)) == pytest.approx(
        astuple(model.next_roi(replace(seen, sigma=None)))
    )


def test_uncertainty_is_in_pixels_of_the_image(model: LandmarkModel) -> None:
    if "log_sigma" not in model.card.outputs:
        pytest.skip(f"{model.name} does not say how certain it is")
    image, clock = clip.frames()[FRONTAL].image, StageClock()
    roi = model.first_roi(clip.box(FRONTAL))
    small = model.locate(image, roi, clock).sigma
    double = cv2.resize(image, None, fx=2, fy=2)
    large = model.locate(
        double, RegionOfInterest(roi.x * 2 + 0.5, roi.y * 2 + 0.5, roi.side * 2), clock
    ).sigma
    assert small is not None
    assert large is not None
    assert np.median(large / small) == pytest.approx(2, rel=0.15)
    assert 0.05 < np.median(small) < 0.1 * roi.side


def test_presence_tells_a_face_from_the_empty_seat(model: LandmarkModel) -> None:
    if not model.has_presence:
        pytest.skip(f"{model.name} does not say whether it sees a face")
    clock = StageClock()
    away = int(np.flatnonzero(~clip.truth().face)[10])
    roi = model.first_roi(clip.box(FRONTAL))
    assert model.locate(clip.frames()[FRONTAL].image, roi, clock).score > 0.9
    assert model.locate(clip.frames()[away].image, roi, clock).score < 0.1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda entry: entry["input"].update(width=160, height=160), "the manifest says"),
        (lambda entry: entry["outputs"]["points"].update(index=9), "has no output 9"),
        (lambda entry: entry["outputs"]["points"].update(shape=[1, 7]), "the manifest says"),
        (lambda entry: entry["landmarks"].update(layout="mesh-478", count=478), "mesh-478"),
        (lambda entry: entry["outputs"].pop("points"), "points"),
        (lambda entry: entry.update(sha256="0" * 64), "altered"),
        (lambda entry: entry.update(bytes=5), "instead of 5"),
        (lambda entry: entry.update(file="../../etc/passwd"), "file"),
        (lambda entry: entry["input"].pop("scale"), "scale"),
    ],
)
def test_a_manifest_that_does_not_fit_the_file_is_refused(
    tmp_path: Path, change: object, complaint: str
) -> None:
    zoo = open_zoo()
    name, card = zoo.landmarks()
    manifest = json.loads((zoo.folder / "manifest.json").read_text())
    change(manifest["models"][name])  # type: ignore[operator]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    shutil.copy(zoo.folder / card.file, tmp_path)
    with pytest.raises(ModelError, match=complaint):
        LandmarkModel(open_zoo(tmp_path))


def test_every_pixel_value_becomes_what_its_real_value_rounds_to(model):
    size = model.card.input.width
    picture = np.arange(size * size * 3, dtype=np.int64).reshape(size, size, 3).astype(np.uint8)
    model._quantise(picture)
    real = (picture / 127.5 - 1) / model.card.input.scale
    np.testing.assert_array_equal(model.engine.input(0)[0], np.round(real))
