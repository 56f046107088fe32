"""Position maps: written, sampled, and read back in the layout of 300W-LP."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import (
    Camera,
    Eyes,
    HeadModel,
    openness,
    rotation_from_angles,
    to_camera,
)
from models.posmap import Pair, PositionMap, ReferenceSampler, read_folder, shards, write_pair
from models.posmap.render import pairs
from models.synth import expression
from models.synth.crop import Studio
from models.synth.framing import MARGIN, SIZE
from models.synth.headmesh import HeadMesh
from models.synth.population import PAINTED

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def mesh(studio: Studio) -> HeadMesh:
    return studio.mesh


@pytest.fixture(scope="module")
def maps(mesh: HeadMesh) -> PositionMap:
    return PositionMap(mesh)


def image_points(head: HeadModel, rng: np.random.Generator) -> np.ndarray:
    """Every vertex (26719, 3) of a random head in pixels of a 256-pixel crop, and depth."""
    pose, gaze = expression.pose(rng), Eyes(*rng.uniform(-15, 15, 2))
    weights = head.weights(expression.expression(rng) | head.lid_weights(gaze))
    weights[head.expression_index["eyeBlink_R"]] = rng.uniform(0, 1)
    vertices = head.evaluate(head.identity(rng.normal(size=100)), weights, gaze)
    origin = head.landmarks(vertices)[:520].mean(0)
    rotation = rotation_from_angles(pose.pitch, pose.yaw, pose.roll)
    points = to_camera(vertices, rotation, origin, np.array([0, 0, pose.distance]))
    dense = head.landmarks(points)[:520]
    plane = dense[:, :2] / dense[:, 2:]
    low, high = plane.min(0), plane.max(0)
    focal = 256 / (1.3 * (high - low).max())
    centre = 127.5 - focal * (low + high) / 2
    depth = dense[:, 2].mean()
    z = (depth - points[:, 2:]) * focal / depth
    return np.hstack([Camera(focal, *centre).project(points), z]).astype(np.float32)


def test_sampling_agrees_with_evaluating_the_points(mesh: HeadMesh, maps: PositionMap) -> None:
    rng = np.random.default_rng(7)
    errors = []
    for _ in range(25):
        points = image_points(mesh.model, rng)
        direct = mesh.model.landmarks(points)
        sampled = maps.sample(maps.write(points))
        errors.append(np.linalg.norm(sampled[:, :2] - direct[:, :2], axis=1))
        np.testing.assert_allclose(
            sampled[:, 2] - sampled[0, 2], direct[:, 2] - direct[0, 2], atol=1.5
        )
    assert np.percentile(errors, 99) < 0.3


def test_maps_have_the_layout_of_300w_lp(mesh: HeadMesh, maps: PositionMap) -> None:
    position_map = maps.write(image_points(mesh.model, np.random.default_rng(1)))
    assert position_map.shape == (256, 256, 3)
    assert position_map.dtype == np.float32
    assert position_map[..., 2].min() == 0


def test_folder_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    image = np.full((256, 256, 3), (200, 100, 50), np.uint8)
    pair = Pair("HELEN/one_0", image, rng.normal(size=(256, 256, 3)).astype(np.float32))
    write_pair(tmp_path, pair)
    (read,) = read_folder(tmp_path)
    assert read.name == pair.name
    np.testing.assert_array_equal(read.position_map, pair.position_map)
    np.testing.assert_allclose(read.image, image, atol=3)  # JPEG, and the colours in their order


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, FileNotFoundError, "has no one.npy beside it"),
        (np.zeros((128, 128, 3), np.float32), ValueError, "not float32"),
        (np.full((256, 256, 3), np.nan, np.float32), ValueError, "no numbers"),
        (b"garbage", ValueError, "cannot be read as an array"),
    ],
)
def test_broken_folders_are_named(tmp_path: Path, content: object, error: type, words: str) -> None:
    write_pair(
        tmp_path,
        Pair("one", np.zeros((256, 256, 3), np.uint8), np.zeros((256, 256, 3), np.float32)),
    )
    (tmp_path / "one.npy").unlink()
    if isinstance(content, bytes):
        (tmp_path / "one.npy").write_bytes(content)
    elif content is not None:
        np.save(tmp_path / "one.npy", content)
    with pytest.raises(error, match=words):
        list(read_folder(tmp_path))


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no .*jpg"):
        list(read_folder(tmp_path))


def test_reference_maps_give_the_520_points(mesh: HeadMesh, tmp_path: Path) -> None:
    texels = np.sort(np.random.default_rng(2).choice(65536, 43867, replace=False))
    np.savetxt(tmp_path / "face_ind.txt", texels, fmt="%.18e")
    sampler = ReferenceSampler(tmp_path / "face_ind.txt", mesh.model.root / "landmarks.json")
    position_map = np.stack([*np.meshgrid(np.arange(256), np.arange(256)), np.ones((256, 256))], -1)
    points = sampler.sample(position_map.astype(np.float32))
    assert np.isnan(points[520:]).all()
    assert np.isin(points[:520, 1] * 256 + points[:520, 0], texels).all()
    np.testing.assert_array_equal(points[:520, 2], 0)


def test_reference_list_is_checked(mesh: HeadMesh, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "face_ind.txt", np.arange(100))
    with pytest.raises(ValueError, match="no list of texels"):
        ReferenceSampler(tmp_path / "face_ind.txt", mesh.model.root / "landmarks.json")


def test_rendered_folders_become_training_shards(
    studio: Studio, maps: PositionMap, tmp_path: Path
) -> None:
    for pair in pairs(3, 5, studio):
        write_pair(tmp_path / "pictures", pair)
    (path,) = shards.write(tmp_path / "pictures", maps, tmp_path / "shards")
    with np.load(path) as shard:
        points = shard["points"]
        assert points.shape == (3, 562, 3)
        assert shard["face"].all()
        spans = np.ptp(points[:, :520, :2], axis=1).max(1)
        np.testing.assert_allclose(SIZE / spans, MARGIN, rtol=1e-3)
        rng = np.random.default_rng([5, 3, 1])
        crop = studio.crop(rng, studio.person(rng))  # what the second pair was rendered from
    scale = spans[1] / np.ptp(crop.points[:520, :2], axis=0).max()
    moved = (crop.points - crop.points[:520].mean(0)) * scale + points[1, :520].mean(0)
    # A position map has the skin; the crop's brows and lips are labelled where they are painted.
    skin = np.delete(np.arange(562), studio.model.layout.ibug68[PAINTED])
    assert np.percentile(np.abs(moved - points[1])[skin, :2], 99) < 0.35
    np.testing.assert_allclose(openness(points[1]), crop.openness, atol=0.06)


def test_points_that_a_map_lacks_are_nan_and_unseen(mesh: HeadMesh, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "face_ind.txt", np.arange(65536)[::-1][:43867])
    sampler = ReferenceSampler(tmp_path / "face_ind.txt", mesh.model.root / "landmarks.json")
    position_map = np.stack([*np.meshgrid(np.arange(256), np.arange(256)), np.ones((256, 256))], -1)
    crop = shards.to_crop(
        Pair("a", np.zeros((256, 256, 3), np.uint8), position_map.astype(np.float32)), sampler
    )
    assert np.isfinite(crop.points[:520]).all()
    assert np.isnan(crop.points[520:]).all()
    assert crop.visible[:520].any()
    assert not crop.visible[520:].any()
