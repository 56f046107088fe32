"""Models of parts: patches, training, and that training reduces the error."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.layout import LAYOUTS
from landmarkd.vision.parts import PARTS
from landmarkd.vision.patches import feed

from tests.signals.faces import head, seen

torch = pytest.importorskip("torch", reason="the training extras are not installed")

from models.parts.data import as_input, load, sample  # noqa: E402
from models.parts.loss import loss  # noqa: E402
from models.parts.network import PartNet  # noqa: E402
from models.parts.spread import solve  # noqa: E402
from models.parts.train import MIRRORED, Settings, make_loop  # noqa: E402

pytestmark = pytest.mark.models
IBUG = LAYOUTS["landmarkd-562"].ibug68


def shard(path: Path, count: int = 12) -> None:
    """Faces of dots: a bright disc at each iBUG point of lips and brows on a dark ground."""
    pictures, points = [], []
    for k in range(count):
        face = seen(head(), yaw=3.0 * k - 15.0, roll=2.0 * k - 10.0)
        face = (face - face[:520].mean(0)) * 0.9
        face[:, :2] += 104
        image = np.full((208, 208, 3), 40, np.uint8)
        for x, y in face[IBUG[np.r_[17:27, 48:68]], :2]:
            cv2.circle(image, (round(8 * x), round(8 * y)), 16, (200, 160, 90), -1, cv2.LINE_AA, 3)
        pictures.append(cv2.imencode(".jpg", image[..., ::-1])[1].ravel())
        points.append(face)
    np.savez(
        path,
        jpeg=np.concatenate(pictures),
        offsets=np.cumsum([0, *map(len, pictures)]),
        points=np.array(points, np.float32),
        visible=np.ones((count, 562), bool),
        face=np.ones(count, bool),
        pose_deg=np.zeros((count, 3), np.float32),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("near")
    for number in range(2):
        shard(where / f"shard-{number:05d}.npz")
    return where


@pytest.mark.parametrize("name", PARTS)
def test_labels_lie_on_what_is_drawn(name: str, folder: Path) -> None:
    part = PARTS[name]
    stored = load([folder], part)
    assert len(stored["yaw"]) == 24 * len(part.points)
    index = np.arange(len(stored["yaw"]))
    drawn = sample(stored, index, np.random.default_rng(0), part)
    middle = (np.array([part.width, part.height]) - 1) / 2
    bright = []
    for patch, points in zip(drawn["patch"], drawn["points"], strict=True):
        at = np.rint(points + middle).astype(int)
        inside = ((at >= 0) & (at < [part.width, part.height])).all(1)
        grey = patch.mean(2)
        bright.append((grey[at[inside, 1], at[inside, 0]] > grey.mean()).mean())
    assert np.mean(bright) > 0.95


def test_the_mirror_image_of_a_mouth_has_its_points_in_order() -> None:
    points = seen(head())[IBUG[48:68], :2]
    mirrored = points[MIRRORED.numpy()] * [-1, 1]
    np.testing.assert_allclose(mirrored - mirrored.mean(0), points - points.mean(0), atol=6.0)
    assert (MIRRORED[MIRRORED] == torch.arange(20)).all()


def test_training_and_runtime_normalise_alike() -> None:
    patch = np.random.default_rng(0).integers(30, 200, (48, 64, 3)).astype(np.uint8)
    wanted = as_input(patch[None])[0].permute(1, 2, 0).numpy()
    values = np.empty(patch.shape, np.float32)
    feed(patch, values, 1.0, 0)
    np.testing.assert_allclose(values, wanted, atol=2e-3)
    stored = np.empty(patch.shape, np.int8)
    feed(patch, stored, 1 / 127.5, 0)
    np.testing.assert_allclose(stored / 127.5, wanted, atol=6e-3)


@pytest.mark.parametrize("name", PARTS)
def test_the_loss_is_least_at_the_truth_and_counts_shape(name: str) -> None:
    part = PARTS[name]
    count = len(part.points[0])
    points = torch.randn(4, count, 2) * 5
    batch = {"points": points, "seen": torch.ones(4, count, dtype=torch.bool)}

    def of(moved: torch.Tensor) -> dict[str, torch.Tensor]:
        out = torch.cat([moved / (part.width / 2), torch.full((4, count, 1), -3.0)], 2)
        return loss(out.flatten(1), batch, name, part)

    right, shifted, wider = of(points), of(points + 2.0), of(points * 1.2)
    assert right["points"] < 1e-5
    assert right["shape"] < 1e-5
    assert shifted["shape"] < 1e-4 < wider["shape"]
    assert right["loss"] < min(shifted["loss"], wider["loss"])


def test_training_learns_and_goes_on(folder: Path, tmp_path: Path) -> None:
    settings = Settings(
        name="mouth", data=(folder,), out=tmp_path / "mouth.pt", minutes=0.25, batch=16
    )
    loop = make_loop(settings)
    loop.run()
    again = make_loop(settings)
    assert again.step == loop.step
    lines = [json.loads(line) for line in (tmp_path / "mouth.jsonl").read_text().splitlines()]
    assert lines[0]["event"] == "start"
    network = PartNet("mouth")
    network.load_state_dict(torch.load(settings.out, weights_only=True)["ema"])


def test_the_spread_makes_sigma_as_wide_as_errors_are() -> None:
    rng = np.random.default_rng(0)
    own, new, share = rng.uniform(1.0, 3.0, 20000), rng.uniform(0.5, 1.5, 20000), 0.4
    one, two, true = (own + share * (spread * new - own) for spread in (1.0, 2.0, 1.7))
    errors = np.hypot(*(rng.normal(size=(2, 20000)) * true))
    assert solve(errors, one, two) == pytest.approx(1.7, abs=0.05)
