import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from models.detector import (
    altered,
    cuttings,
    decoys,
    develop,
    likenesses,
    masks,
    paste,
    photographed,
    placing,
    pools,
    scenes,
)
from models.detector.network import SIDE
from models.photographs import Album
from tests.models.evaluate.test_readers import write_shard


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder / "shard-00000.npz")
    with pytest.MonkeyPatch.context() as patch:
        # Painting the bank of plates takes seconds; what lies behind a head is not what is tested
        # here.
        patch.setattr(pools.backgrounds, "background", plain)
        rng = np.random.default_rng(0)
        yield scenes.Composer(cuttings.Cuttings([folder], rng), rng, backdrops=6, decoys=12)


def plain(rng, height, width, kind=None):
    return np.full((height, width, 3), rng.uniform(0.1, 0.9), np.float32)


def spotted_chin():
    """A crop with one bright spot where its chin is."""
    picture = np.zeros((cuttings.CROP, cuttings.CROP, 3), np.uint8)
    points = np.random.default_rng(0).uniform(50, 120, (68, 2)).astype(np.float32)
    points[8] = 88, 130
    cv2.circle(picture, (88, 130), 12, (255, 255, 255), -1)
    return cuttings.Cutting.of(picture, points)


def test_scenes_are_what_the_detector_is_fed(composer):
    rng = np.random.default_rng(3)
    counts = []
    for _ in range(80):
        scene = composer.scene(rng)
        assert scene.image.shape == (SIDE, SIDE, 3)
        assert scene.image.dtype == np.uint8
        assert scene.faces.shape == (len(scene.ignored), 8)
        assert len(scene.faces) <= placing.MOST_FACES
        assert np.isfinite(scene.faces).all()
        assert (scene.faces[:, 2:4] > scene.faces[:, :2]).all()
        counts.append(len(scene.faces))
    assert min(counts) == 0
    assert max(counts) > 3


def test_a_face_to_be_found_lies_mostly_inside(composer):
    rng = np.random.default_rng(4)
    for _ in range(80):
        scene = composer.scene(rng)
        for face in scene.faces[~scene.ignored]:
            inside = np.clip(np.minimum(face[2:4], SIDE) - np.maximum(face[:2], 0), 0, None).prod()
            assert inside >= 0.99 * scenes.SHOWN * (face[2:4] - face[:2]).prod()


def test_a_large_frame_has_one_face_mostly_inside(composer):
    rng = np.random.default_rng(6)
    frames = [frame for _ in range(40) if (frame := composer.large(rng)) is not None]
    assert len(frames) > 20
    sizes = set()
    for image, face in frames:
        height, width = image.shape[:2]
        assert placing.shown(face, width, height) > 0.4
        sizes.add(round(float(max(face[2:4] - face[:2])) / 30))
    assert len(sizes) > 3


def test_a_seed_makes_the_same_scene_again(composer):
    first, second = (composer.scene(np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.faces, second.faces)


@pytest.mark.parametrize("seed", range(12))
def test_labels_follow_what_is_pasted(composer, seed):
    image = np.zeros((120, 160, 3), np.uint8)
    rng = np.random.default_rng(seed)
    placed = placing.place(rng, spotted_chin(), 10.0 + 9 * seed, *rng.uniform(40, 80, 2))
    composer._paste(rng, image, spotted_chin(), placed.affine, paste.WHOLE)
    x, y = placed.face[6:8]
    weight = image[..., 0].astype(np.float64)
    weight[weight < 60] = 0
    rows, columns = np.mgrid[:120, :160]
    if 12 < x < 148 and 12 < y < 108:
        spot = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
        assert spot == pytest.approx((x, y), abs=1.0)


def test_a_paste_agrees_with_an_affine_warp():
    rng = np.random.default_rng(5)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (88, 88, 3), np.uint8), (0, 0), 3)
    affine = np.array([[0.9, -0.2, 20.0], [0.25, -0.8, 90.0]])
    image = np.zeros((120, 140, 3), np.uint8)
    bounds = paste.bounds_of(affine, 88, 120, 140)
    paste.paste(
        image,
        picture,
        paste.NO_ALPHA,
        paste.inverse_of(affine),
        bounds,
        paste.WHOLE,
        np.full(3, 0.5, np.float32),
    )
    wanted = (
        cv2.warpAffine(picture, affine, (140, 120), flags=cv2.INTER_LINEAR).astype(np.float32) / 2
    )
    inside = cv2.warpAffine(np.full((88, 88), 255, np.uint8), affine, (140, 120)) == 255
    assert inside.sum() > 4000
    np.testing.assert_allclose(image[inside], wanted[inside], atol=3)
    outside = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    assert not image[outside].any()


def test_a_rim_and_an_alpha_hide_what_is_outside_them():
    image, white = np.zeros((100, 100, 3), np.uint8), np.full((100, 100, 3), 255, np.uint8)
    alpha = np.zeros((100, 100), np.uint8)
    alpha[:, 50:] = 255
    eye, everywhere = np.eye(2, 3, dtype=np.float32), np.array([0, 0, 100, 100])
    rim = np.array([0.5, 0.8, 0.01, 0], np.float32)
    paste.paste(image, white, alpha, eye, everywhere, rim, np.ones(3, np.float32))
    assert (image[50, 51:73] == 255).all()
    assert not image[50, 77:].any()
    assert not image[:, :48].any()
    assert (image[15:85, 51] == 255).all()
    assert not image[:8].any()


def test_without_shards_it_says_how_to_make_some(tmp_path):
    with pytest.raises(ValueError, match=r"models\.synth write"):
        cuttings.Cuttings([tmp_path], np.random.default_rng(0))


def test_crops_are_renewed_from_shards_that_appear_later(tmp_path):
    write_shard(tmp_path / "shard-00000.npz")
    rng = np.random.default_rng(0)
    held = cuttings.Cuttings([tmp_path], rng, most_shards=2)
    assert (len(held.all.faces), len(held.all.rare), len(held.all.others)) == (5, 2, 1)
    held.renew(rng)
    assert len(held.all.faces) == 5
    write_shard(tmp_path / "shard-00001.npz", count=4)
    held.renew(rng)
    assert len(held.all.faces) == 8
    write_shard(tmp_path / "shard-00002.npz", count=4)
    held.renew(rng)
    assert len(held.all.faces) == 6


def test_a_crop_is_kept_at_sizes_that_show_the_same():
    levels = spotted_chin().levels
    assert [level.shape[0] for level in levels] == [176, 88, 44, 22]
    assert [float(level.mean()) for level in levels] == pytest.approx(
        [float(levels[0].mean())] * 4, abs=0.5
    )


def test_a_face_behind_a_hand_may_be_found_and_need_not(tmp_path):
    path = tmp_path / "shard-00000.npz"
    write_shard(path)
    content = dict(np.load(path))
    content["visible"][1] = False
    np.savez(path, **content)
    assert [face.doubtful for face in cuttings.Shard.read(path).faces] == [
        False,
        True,
        False,
        False,
        False,
    ]


def test_a_scrambled_face_has_all_its_parts_elsewhere():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (cuttings.CROP, cuttings.CROP, 3), np.uint8)
    points = np.array([[40.0, 40.0], [136.0, 136.0]], np.float32)
    result = altered.scrambled(np.random.default_rng(1), picture, points)
    moved = (result != picture).any(-1)
    assert moved[44:132, 44:132].mean() > 0.9
    assert not moved[:40].any()
    assert np.array_equal(np.sort(result.ravel()), np.sort(picture.ravel()))


def test_a_spoilt_face_is_spoilt():
    rng = np.random.default_rng(0)
    face = cuttings.Cutting.of(
        rng.integers(0, 255, (176, 176, 3), np.uint8), np.float32([[50, 50], [120, 50], [85, 120]])
    )
    for _ in range(12):
        result = altered.spoilt(rng, face)
        assert not len(result.points)
        assert (result.levels[0][60:110, 60:110] != face.levels[0][60:110, 60:110]).mean() > 0.6


def test_decoys_are_cut_out_and_differ():
    rng = np.random.default_rng(2)
    drawn = [decoys.draw(rng, rng.integers(0, 255, (64, 64, 3), np.uint8)) for _ in range(40)]
    shares = [float((decoy.alphas[0] > 127).mean()) for decoy in drawn]
    assert min(shares) > 0.03
    assert max(shares) < 0.98
    assert len({decoy.levels[0].tobytes() for decoy in drawn}) == 40


@pytest.mark.parametrize("level", [2, 128, 253])
def test_no_exposure_leaves_nothing_but_black_or_white(level):
    rng = np.random.default_rng(level)
    means = [
        develop.develop(rng, np.full((120, 160, 3), level, np.uint8)).mean() for _ in range(30)
    ]
    assert min(means) >= 0
    assert max(means) < 252


@pytest.fixture(scope="module")
def over_photographs(tmp_path_factory):
    """A composer over photographs that are green all over, where nothing else is."""
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder / "shard-00000.npz")
    green = np.zeros((200, 300, 3), np.uint8)
    green[..., 1] = 200
    album = Album((green,), (green,), ((green, np.full((200, 300), 255, np.uint8)),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools.backgrounds, "background", plain)
        rng = np.random.default_rng(0)
        held = cuttings.Cuttings([folder], rng)
        yield scenes.Composer(held, rng, album, backdrops=6, decoys=12, masked=4)


def test_photographs_stand_behind_the_better_part_of_scenes(over_photographs):
    rng = np.random.default_rng(1)
    images = [
        over_photographs._pools.background(rng, 40, 60).reshape(-1, 3).mean(0) for _ in range(200)
    ]
    lone = [image.max() > 3 * np.sort(image)[1] + 1 for image in images]
    assert 0.6 < np.mean(lone) <= 0.95


def test_scenes_over_photographs_follow_the_seed(over_photographs):
    first, second = (over_photographs.scene(np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.faces, second.faces)


def test_scenes_without_a_face_have_no_label(over_photographs, monkeypatch):
    def pasted(*_, **__):
        raise AssertionError("a face was pasted")

    monkeypatch.setattr(over_photographs, "_face", pasted)
    rng, blank = np.random.default_rng(2), 0
    for _ in range(40):
        try:
            scene = over_photographs.scene(rng)
        except AssertionError:
            continue
        assert scene.faces.shape == (0, 8)
        assert not len(scene.ignored)
        blank += 1
    assert blank > 5


def test_likenesses_are_no_faces_and_differ():
    rng = np.random.default_rng(2)
    grey = cuttings.Cutting.of(
        np.full((176, 176, 3), 130, np.uint8), np.full((68, 2), 80, np.float32)
    )
    drawn = [likenesses.draw(rng, [grey] if n % 2 else []) for n in range(60)]
    assert len({cutting.levels[0].tobytes() for cutting in drawn}) == 60
    for cutting in drawn:
        assert not len(cutting.points)
        assert cutting.levels[0].shape == (likenesses.SIDE, likenesses.SIDE, 3)
        assert (cutting.alphas[0] > 127).mean() > 0.02


def test_things_of_photographs_are_cut_out():
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 255, (90, 140, 3), np.uint8)
    album = Album((picture,), (picture,), ((picture, np.full((90, 140), 255, np.uint8)),))
    for _ in range(20):
        cutting = photographed.cut_out(rng, album)
        assert cutting.levels[0].shape == (photographed.CUT_OUT, photographed.CUT_OUT, 3)
        assert not len(cutting.points)
        assert (cutting.alphas[0] > 200).mean() > 0.2


def test_a_mask_covers_the_lower_face_and_keeps_the_label():
    turn = np.linspace(0, np.pi, 17)
    points = np.full((68, 2), 88, np.float32)
    points[:17] = np.column_stack([88 - 40 * np.cos(turn), 80 + 50 * np.sin(turn)])
    points[17:27] = np.column_stack([np.linspace(60, 116, 10), np.full(10, 60)])
    points[27:31] = [[88, 70], [88, 78], [88, 86], [88, 94]]
    face = cuttings.Cutting.of(
        np.random.default_rng(0).integers(0, 255, (176, 176, 3), np.uint8), points
    )
    for seed in range(6):
        result = masks.masked(np.random.default_rng(seed), face)
        np.testing.assert_array_equal(result.points, points)
        moved = (result.levels[0] != face.levels[0]).any(-1)
        assert moved[100:120, 75:101].mean() > 0.95
        assert not moved[:66].any()


def test_backs_of_heads_are_told_by_their_yaw(tmp_path):
    path = tmp_path / "shard-00000.npz"
    write_shard(path)
    content = dict(np.load(path))
    other = int(np.flatnonzero(~content["face"])[0])
    content["pose_deg"][other, 1] = 178
    np.savez(path, **content)
    assert len(cuttings.Shard.read(path).backs) == 1
