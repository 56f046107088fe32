import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from models.detector import scenes
from models.detector.network import SIDE
from tests.models.evaluate.test_readers import write_shard


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder / "shard-00000.npz")
    plain = lambda rng, height, width: np.full((height, width, 3), rng.uniform(0.1, 0.9), np.float32)  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        # Painting the bank of plates takes seconds; what lies behind a head is not what is tested here.
        patch.setattr(scenes.backgrounds, "background", plain)
        yield scenes.Composer(scenes.Cuttings([folder]))


def test_scenes_are_what_the_detector_is_fed(composer):
    rng = np.random.default_rng(3)
    counts = []
    for _ in range(40):
        scene = composer.scene(rng)
        assert scene.image.shape == (SIDE, SIDE, 3)
        assert scene.image.dtype == np.uint8
        assert scene.faces.shape == (len(scene.ignored), 8)
        assert len(scene.faces) <= scenes.MOST_FACES
        assert np.isfinite(scene.faces).all()
        assert (scene.faces[:, 2:4] > scene.faces[:, :2]).all()
        counts.append(len(scene.faces))
    assert min(counts) == 0
    assert max(counts) > 1


def test_a_face_to_be_found_lies_mostly_inside(composer):
    rng = np.random.default_rng(4)
    for _ in range(40):
        scene = composer.scene(rng)
        for face in scene.faces[~scene.ignored]:
            inside = np.clip(np.minimum(face[2:4], SIDE) - np.maximum(face[:2], 0), 0, None).prod()
            assert inside >= 0.99 * scenes.SHOWN * (face[2:4] - face[:2]).prod()


def test_a_seed_makes_the_same_scene_again(composer):
    first, second = (composer.scene(np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.faces, second.faces)


def test_labels_follow_what_is_pasted(composer):
    """A crop with one bright spot where its chin is: the label of the chin has to lie on the spot."""
    picture = np.zeros((scenes.CROP, scenes.CROP, 3), np.uint8)
    points = np.random.default_rng(0).uniform(50, 120, (68, 2)).astype(np.float32)
    points[8] = 88, 130
    cv2.circle(picture, (88, 130), 12, (255, 255, 255), -1)
    jpeg = cv2.imencode(".jpg", picture)[1].ravel()
    cuttings = scenes.Cuttings.__new__(scenes.Cuttings)
    cuttings.faces, cuttings.others = [scenes.Cutting(jpeg, points)], []
    alone = scenes.Composer(cuttings)
    for seed in range(12):
        image = np.zeros((120, 160, 3), np.uint8)
        label, _ = alone._paste_face(np.random.default_rng(seed), image, 12.0 + 8 * seed, []) or (None, None)
        if label is None or not (3 < label[6] < 156 and 3 < label[7] < 116):
            continue
        weight = image[..., 0].astype(np.float64)
        weight[weight < 60] = 0
        y, x = np.mgrid[:120, :160]
        if weight.sum() > 2000:
            spot = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
            assert spot == pytest.approx(label[6:8], abs=1.5)


def test_without_shards_it_says_how_to_make_some(tmp_path):
    with pytest.raises(ValueError, match=r"models\.synth write"):
        scenes.Cuttings([tmp_path])


def test_a_scrambled_face_has_all_its_parts_elsewhere():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (scenes.CROP, scenes.CROP, 3), np.uint8)
    points = np.array([[40.0, 40.0], [136.0, 136.0]], np.float32)
    result = scenes.clutter.scrambled(np.random.default_rng(1), picture, points)
    moved = (result != picture).any(-1)
    assert moved[44:132, 44:132].mean() > 0.9
    assert not moved[:40].any()
    assert np.array_equal(np.sort(result.ravel()), np.sort(picture.ravel()))


@pytest.mark.parametrize("seed", range(12))
def test_clutter_is_drawn_wherever_it_falls(seed):
    image = np.zeros((90, 160, 3), np.uint8)
    for _ in range(20):
        scenes.clutter.draw(np.random.default_rng(seed), image)
    assert image.any()
