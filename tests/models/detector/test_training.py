# ruff: noqa: E402 - what is imported below needs the training extras
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from edge.vision.face_detector import FaceDetector
from models.detector.export import card_of, without_pads
from models.detector.network import CELLS, SIDE, DetectorNet, cell_centres, decode
from models.detector.scenes import Scene
from models.detector.targets import assign, losses
from models.detector.train import Settings, Trainer, load, tensors
from models.evaluate.subjects import TorchEngine


def batch_of(*faces):
    scene = Scene(
        np.zeros((SIDE, SIDE, 3), np.uint8), np.array(faces, np.float32).reshape(-1, 8), np.zeros(len(faces), bool)
    )
    return [part[None] for part in tensors(scene)]


def face_at(x, y, width, height):
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2, x, y - height / 4, x, y + height / 2]


@pytest.mark.parametrize("size", [7, 15, 23, 40, 70, 150])
def test_every_face_has_a_cell_that_is_to_find_it(size):
    rng = np.random.default_rng(size)
    for _ in range(20):
        x, y = rng.uniform(size / 3, SIDE - size / 3, 2)
        _, faces, valid, ignored = batch_of(face_at(x, y, 0.8 * size, size))
        targets = assign(faces, valid, ignored)
        cells = torch.nonzero(targets.wanted[0])[:, 0]
        assert len(cells)
        away = (cell_centres()[0][cells] - torch.tensor([x, y])).abs().max()
        assert away <= max(size / 2, 16)


def test_an_ignored_face_neither_counts_nor_is_wanted():
    _, faces, valid, ignored = batch_of(face_at(80, 80, 40, 50))
    targets = assign(faces, valid, ~ignored)
    assert targets.wanted.sum() == 0
    assert targets.counted.sum() < CELLS


def test_the_right_answer_costs_nothing_but_doubt():
    _, faces, valid, ignored = batch_of(face_at(70, 60, 40, 50), face_at(120, 120, 12, 15))
    targets = assign(faces, valid, ignored)
    centres, units = cell_centres()
    middle = (targets.boxes[..., :2] + targets.boxes[..., 2:]) / 2
    size = (targets.boxes[..., 2:] - targets.boxes[..., :2]).clamp(min=1)
    geometry = torch.cat(
        [
            (middle - centres) / units[:, None],
            torch.log2(size / units[:, None]),
            ((targets.marks - centres[:, None]) / units[:, None, None]).flatten(2),
        ],
        -1,
    )
    scores = torch.where(targets.wanted > 0, 20.0, -20.0)
    parts = losses({"scores": scores, "geometry": geometry}, targets)
    assert all(float(value) < 1e-4 for value in parts.values())
    wrong = losses({"scores": -scores, "geometry": geometry + 0.5}, targets)
    assert all(float(wrong[name]) > 0.1 for name in parts)


def test_wider_kernels_without_pads_compute_the_same():
    torch.manual_seed(0)
    network = DetectorNet().eval()
    x = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    with torch.no_grad():
        before, after = network(x), without_pads(network)(x)
    for name in before:
        torch.testing.assert_close(after[name], before[name], atol=1e-5, rtol=1e-5)


def test_the_device_decodes_as_training_does():
    torch.manual_seed(1)
    network = DetectorNet().eval()
    for layer in network.scores:
        torch.nn.init.normal_(layer.weight, std=0.5)
        torch.nn.init.constant_(layer.bias, 0.0)
    engine = TorchEngine(network, SIDE)
    image = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    faces = FaceDetector.over("d", card_of(engine), engine).detect(image)
    x = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        outputs = network(x)
    best = int(outputs["scores"][0].argmax())
    boxes, _ = decode(outputs["geometry"])
    assert faces[0].box == pytest.approx(boxes[0, best].tolist(), abs=1e-2)
    assert faces[0].score == pytest.approx(float(outputs["scores"][0, best].sigmoid()), abs=1e-4)


def test_training_learns_and_goes_on_where_it_stopped(tmp_path):
    settings = Settings((tmp_path,), tmp_path / "run", samples=64, batch=2, rate=2e-3)
    rng = np.random.default_rng(0)
    parts = batch_of(face_at(80, 80, 50, 60))
    parts[0] = torch.from_numpy(rng.integers(0, 255, parts[0].shape, np.uint8))
    batch = [torch.cat([part, part]) for part in parts]
    trainer = Trainer(settings)
    first = trainer.step(*batch)
    settings.out.mkdir()
    trainer.seen = 8
    trainer.save()
    again = Trainer(settings)
    assert again.seen == 8
    assert again.starts == 2
    for name, value in trainer.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value)
    trainer.seen = again.seen = 4000
    steps = [(trainer.step(*batch), again.step(*batch)) for _ in range(12)]
    assert all(one == pytest.approx(other, rel=1e-3) for one, other in steps)
    assert sum(steps[-1][0].values()) < 0.9 * sum(first.values())
    again.save()
    assert load(again.path)(torch.zeros(1, 3, SIDE, SIDE))["scores"].shape == (1, CELLS)
    again._log({"score": 1.0})
    assert json.loads((settings.out / "log.jsonl").read_text())["seen"] == again.seen
