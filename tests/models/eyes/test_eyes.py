import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the training extras (make venv-models)")

from landmarkd.vision.eye_patch import HEIGHT, WIDTH  # noqa: E402
from landmarkd.vision.eye_reading import (  # noqa: E402
    GAZE,
    LIDS,
    LOG_SIGMA,
    OUTPUTS,
    POINTS,
    SEEN,
    read,
)

from models.eyes import data  # noqa: E402
from models.eyes import train as training  # noqa: E402
from models.eyes.data import POSE_ERROR, load, sample  # noqa: E402
from models.eyes.export import USUAL_GAZE, calibrate  # noqa: E402
from models.eyes.loss import AHEAD_SHARE, gap, loss, shift  # noqa: E402
from models.eyes.network import EyeNet  # noqa: E402
from models.eyes.train import Settings, make_loop, tensors  # noqa: E402
from models.synth.eye_file import DETAIL, MARGIN, SHUT, STORED  # noqa: E402
from models.training import checkpoint  # noqa: E402
from models.training.patches import normalise  # noqa: E402

pytestmark = pytest.mark.models


def eyes(count=40, seed=0):
    """Dark patches with one bright dot each, where all their points are."""
    rng = np.random.default_rng(seed)
    dots = rng.uniform((15, 10), (WIDTH - 16, HEIGHT - 11), (count, 2))
    x, y = np.meshgrid(np.arange(STORED[1]), np.arange(STORED[0]))
    at = (dots + 0.5) * DETAIL - 0.5 + MARGIN
    squares = (x - at[:, 0, None, None]) ** 2 + (y - at[:, 1, None, None]) ** 2
    ones = np.ones(count, np.float32)
    return {
        "patch": (20 + 230 * np.exp(-squares / 10.0)).astype(np.uint8),
        "points": np.repeat(dots[:, None].astype(np.float32), POINTS, 1),
        "openness": 0.3 * ones,
        "closed": 0 * ones,
        "eyes": np.zeros((count, 2), np.float32),
        "share": ones,
        "seen": ones,
        "kind": np.zeros(count, np.uint8),
        "gaze": np.tile(np.float32([0.3, 0.1]), (count, 1)),
        "rotation": np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
        "tags": np.zeros(count, np.uint8),
    }


@pytest.mark.parametrize("moved", [False, True])
def test_points_stay_on_the_picture_whatever_the_camera_does(moved, monkeypatch):
    monkeypatch.setattr(data, "_glare", lambda rng, picture: picture)
    monkeypatch.setattr(data, "_noisy", lambda rng, picture: picture)
    batch = sample(eyes(60), np.arange(60), np.random.default_rng(3), moved=moved)
    weight = batch["patch"].astype(float)
    weight = (weight - weight.min((1, 2), keepdims=True)) ** 3
    weight /= weight.sum((1, 2), keepdims=True)
    x = (weight * (np.arange(WIDTH) - (WIDTH - 1) / 2)).sum((1, 2))
    y = (weight * (np.arange(HEIGHT) - (HEIGHT - 1) / 2)[:, None]).sum((1, 2))
    wanted = batch["points"][:, 0]
    inside = (np.abs(wanted) < [WIDTH / 2 - 9, HEIGHT / 2 - 9]).all(1)
    assert inside.sum() > 20
    assert np.abs(np.stack([x, y], 1) - wanted)[inside].max() < 0.7


def test_a_turned_patch_turns_the_gaze_along():
    several = eyes(50)
    batch = sample(several, np.arange(50), np.random.default_rng(1))
    length = np.linalg.norm(batch["gaze"], axis=1)
    assert length == pytest.approx(np.hypot(0.3, 0.1), abs=1e-5)
    assert np.ptp(np.arctan2(batch["gaze"][:, 1], batch["gaze"][:, 0])) > 0.1
    still = sample(several, np.arange(50), np.random.default_rng(1), moved=False)
    np.testing.assert_allclose(still["gaze"], several["gaze"], atol=1e-6)


def test_the_gaze_is_taught_less_a_share_of_where_the_head_points():
    turned = eyes(50)
    turned["rotation"][:, :, 2] = np.float32([-0.5, 0.2, -0.84])
    batch = sample(turned, np.arange(50), np.random.default_rng(1), moved=False)
    assert batch["ahead"].mean(0) == pytest.approx([0.5, -0.2], abs=0.03)
    assert batch["ahead"].std(0) == pytest.approx(POSE_ERROR, rel=0.4)
    labels = tensors(batch)[1]
    out = torch.zeros(50, OUTPUTS)
    out[:, 47:49] = labels["gaze"] - AHEAD_SHARE * labels["ahead"]
    assert loss(out, labels)["gaze"] == pytest.approx(0.1)
    assert loss(out, labels | {"ahead": 0 * labels["ahead"]})["gaze"] > 2.0


def test_the_shift_is_that_of_the_iris_against_the_corners():
    points = torch.rand(3, POINTS, 2)
    moved = points.clone()
    moved[:, LIDS:] += torch.tensor([0.1, -0.2])
    by = torch.tensor([0.1, -0.2]).expand(3, 2)
    assert torch.allclose(shift(moved) - shift(points), by, atol=1e-6)
    assert torch.allclose(shift(points + 0.3), shift(points), atol=1e-6)


def test_the_gap_is_that_of_the_lids():
    points = torch.zeros(1, POINTS, 2)
    points[0, 9:16, 1] = 0.25
    assert gap(points).item() == pytest.approx(0.25)


def test_normalised_patches_do_not_depend_on_brightness_or_contrast():
    picture = torch.rand(4, 1, HEIGHT, WIDTH)
    assert torch.allclose(normalise(picture), normalise(0.5 * picture + 0.2), atol=0.03)
    assert normalise(picture).abs().max() <= 1


def test_hidden_eyes_teach_no_points():
    labels = tensors(sample(eyes(2), np.arange(2), np.random.default_rng(0)))[1]
    out = torch.zeros(2, OUTPUTS)
    hidden = loss(out, labels | {"seen": torch.zeros(2)})
    assert hidden["lids"] == hidden["iris"] == hidden["gap"] == hidden["gaze"] == 0
    covered = loss(out, labels | {"share": torch.zeros(2)})
    assert covered["lids"] > 0
    assert covered["iris"] == covered["gaze"] == 0


def test_uncertainty_is_learnt_to_be_as_large_as_the_error():
    """The loss of the uncertainty is smallest where sigma is the root mean square error."""
    labels = tensors(sample(eyes(40), np.arange(40), np.random.default_rng(0)))[1]
    out = torch.zeros(40, OUTPUTS)
    wanted = labels["points"] / (WIDTH / 2)
    out[:, :SEEN] = (wanted + 0.05).flatten(1)
    out[:, 47:49] = labels["gaze"] - AHEAD_SHARE * labels["ahead"]
    doubts = []
    for sigma in (0.03, 0.05 * 2**0.5, 0.15):
        out[:, 49:51] = float(np.log(sigma))
        doubts.append(float(loss(out, labels)["doubt"]))
    assert doubts[1] < min(doubts[0], doubts[2])
    found = read(out.numpy())
    assert found.sigma_lids[0] == pytest.approx(0.15 * WIDTH / 2, rel=1e-4)


def test_what_the_network_says_is_read_as_it_was_taught():
    out = np.zeros((2, OUTPUTS), np.float32)
    out[0, 44], out[1, 45] = 5.0, 5.0
    out[1, SEEN], out[1, 46] = -4.0, 4.0
    found = read(out)
    assert found.shut[0] > 0.9
    assert found.down[0] < 0.1
    assert found.down[1] > 0.9
    assert found.shut[1] < 0.1
    assert found.seen[0] == 0.5
    assert found.seen[1] < 0.1
    assert found.share[1] > 0.9
    assert found.points[0] == pytest.approx(
        np.tile([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], (POINTS, 1))
    )


def test_training_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "POOL", 20)
    for number in range(4):
        np.savez(tmp_path / f"eyes-{number:05d}.npz", **eyes(40, seed=number))
    assert len(load([tmp_path], 2)["kind"]) == 80
    with pytest.raises(FileNotFoundError, match=r"eyes-\*\.npz"):
        load([tmp_path / "nowhere"])

    def train(name, steps):
        out = tmp_path / name / "run.pt"
        make_loop(
            Settings(data=(tmp_path,), out=out, minutes=60, samples=4 * steps, batch=4, seed=4)
        ).run()
        return checkpoint.load(out)

    states = [train(name, 10)["ema"] for name in ("a", "b")]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert set(EyeNet().state_dict()) == set(states[0])
    further = train("a", 15)
    assert further["progress"]["step"] == 15
    assert not torch.equal(further["ema"]["head.bias"], states[0]["head.bias"])


def test_what_is_exported_says_the_truth_of_its_errors():
    torch.manual_seed(2)
    network = EyeNet().eval()
    some = eyes(60)
    some["gaze"] = np.random.default_rng(0).normal(0, 0.3, (60, 2)).astype(np.float32)
    first = calibrate(network, some)
    assert abs(first["lids"] - 1) > 0.05
    batch = sample(some, np.arange(60), np.random.default_rng(9))
    with torch.no_grad():
        out = network(tensors(batch)[0]).numpy()
    error = out[:, GAZE] + AHEAD_SHARE * batch["ahead"] - batch["gaze"]
    doubt = out[:, LOG_SIGMA][:, 2]
    look = (batch["seen"] > 0.5) & (batch["share"] > 0.03) & (batch["kind"] != SHUT)
    sure = look & (doubt < np.median(doubt[look]))
    usual = np.exp(-(batch["gaze"][sure] ** 2).sum(1) / (2 * USUAL_GAZE**2))
    assert usual @ error[sure] / usual.sum() == pytest.approx(np.zeros(2), abs=1e-2)
    again = calibrate(network, some)
    for name in ("gain", "lids", "iris", "gaze"):
        assert again[name] == pytest.approx(1.0, abs=0.02)
