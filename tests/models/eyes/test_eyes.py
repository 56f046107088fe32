import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the training extras (make venv-models)")

from landmarkd.layout import canonical_points  # noqa: E402
from landmarkd.vision.eye_patch import HEIGHT, WIDTH  # noqa: E402

from models.eyes.data import LAYOUT, MARGIN, read_shard  # noqa: E402
from models.eyes.network import POINTS, EyeNet  # noqa: E402
from models.eyes.train import Eyes, _Dice, batch, gap, loss, normalise, shift, train  # noqa: E402

pytestmark = pytest.mark.models


def eyes(count=40, seed=0):
    """Dark patches with one bright dot each, where all their points are."""
    rng = np.random.default_rng(seed)
    dots = rng.uniform((14, 10), (WIDTH - 15, HEIGHT - 11), (count, 2))
    x, y = np.meshgrid(np.arange(WIDTH + 2 * MARGIN), np.arange(HEIGHT + 2 * MARGIN))
    squares = (x - dots[:, 0, None, None] - MARGIN) ** 2 + (
        y - dots[:, 1, None, None] - MARGIN
    ) ** 2
    patch = (20 + 230 * np.exp(-squares / 5.0)).astype(np.uint8)
    points = np.repeat(dots[:, None].astype(np.float32), POINTS, 1)
    ones = torch.ones(count)
    return Eyes(torch.from_numpy(patch), torch.from_numpy(points), ones, ones)


@pytest.mark.parametrize("augmented", [False, True])
def test_points_stay_on_the_picture(augmented, monkeypatch):
    monkeypatch.setattr("models.eyes.train._photometric", lambda picture, dice: picture)
    generator = torch.Generator().manual_seed(3) if augmented else None
    picture, points, visible, iris = batch(eyes(), torch.arange(40), generator)
    assert visible.all()
    assert iris.all()
    weight = (picture[:, 0] - picture[:, 0].amin((1, 2), keepdim=True)).clamp_min(0) ** 3
    weight = weight / weight.sum((1, 2), keepdim=True)
    x = (weight * (torch.arange(WIDTH) - (WIDTH - 1) / 2)).sum((1, 2))
    y = (weight * (torch.arange(HEIGHT) - (HEIGHT - 1) / 2)[:, None]).sum((1, 2))
    found, wanted = torch.stack([x, y], 1), points[:, 0] * (WIDTH / 2)
    inside = (wanted.abs() < torch.tensor([WIDTH / 2 - 6, HEIGHT / 2 - 6])).all(1)
    assert inside.sum() > 20
    assert (found - wanted)[inside].abs().max() < 0.5


def test_the_shift_is_that_of_the_iris_against_the_corners():
    points = torch.rand(3, POINTS, 2)
    moved = points.clone()
    moved[:, 16:] += torch.tensor([0.1, -0.2])
    assert torch.allclose(
        shift(moved) - shift(points), torch.tensor([0.1, -0.2]).expand(3, 2), atol=1e-6
    )
    assert torch.allclose(shift(points + 0.3), shift(points), atol=1e-6)


@pytest.mark.parametrize("face_px", [70.0, 110.0, 300.0])
def test_shards_are_cut_so_that_points_lie_on_what_they_name(tmp_path, face_px):
    """The white dot at the left pupil stays at the left pupil, whether the patch is enlarged or shrunk."""
    head = canonical_points(LAYOUT)
    points = (
        (head - head[LAYOUT.left_iris[0]]) * (face_px / np.ptp(head[:520], axis=0).max())
    ).astype(np.float32)
    points[:, :2] += 80.3, 91.6
    y, x = np.mgrid[:176, :176]
    blob = np.exp(-((x - 80.3) ** 2 + (y - 91.6) ** 2) / (2 * (face_px / 60) ** 2))
    jpeg = cv2.imencode(".png", (20 + 230 * blob).astype(np.uint8))[1].ravel()
    np.savez(
        tmp_path / "shard-00000.npz",
        jpeg=jpeg,
        offsets=np.array([0, len(jpeg)]),
        points=points[None],
        visible=np.ones((1, 562), bool),
        face=np.ones(1, bool),
        openness=np.full((1, 2), 0.3, np.float32),
        gaze_deg=np.zeros((1, 2), np.float32),
    )
    eye = {name: values[0] for name, values in read_shard(tmp_path / "shard-00000.npz").items()}
    weight = (eye["patch"].astype(float) - 20).clip(0) ** 2
    rows, columns = np.indices(weight.shape)
    found = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum() - MARGIN
    assert np.abs(found - eye["points"][16]).max() < 0.25


def test_normalised_patches_do_not_depend_on_brightness_or_contrast():
    picture = torch.rand(4, 1, HEIGHT, WIDTH)
    assert torch.allclose(normalise(picture), normalise(0.5 * picture + 0.2), atol=0.03)
    assert normalise(picture).abs().max() <= 1


def test_the_dice_without_a_generator_change_nothing():
    assert not _Dice(None).normal(5).any()
    assert not _Dice(None).uniform(5).any()


def test_hidden_eyes_teach_no_points():
    out = torch.zeros(2, 2 * POINTS + 1)
    points = torch.ones(2, POINTS, 2)
    none = loss(out, points, torch.zeros(2), torch.zeros(2))
    assert none["lids"] == none["iris"] == none["gap"] == 0
    assert loss(out, points, torch.ones(2), torch.zeros(2))["lids"] > 0


def test_the_gap_is_that_of_the_lids():
    points = torch.zeros(1, POINTS, 2)
    points[0, 9:16, 1] = 0.25
    assert gap(points).item() == pytest.approx(0.25)


def test_training_learns_and_is_the_same_for_the_same_seed(tmp_path, monkeypatch):
    monkeypatch.setattr("models.eyes.train.load", lambda folders, cache: eyes(64))
    states = []
    for name in ("a.pt", "b.pt"):
        train([], tmp_path / name, minutes=5, samples=128 * 6, seed=4)
        states.append(torch.load(tmp_path / name, weights_only=True)["ema"])
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    fresh = EyeNet().state_dict()
    assert set(fresh) == set(states[0])
