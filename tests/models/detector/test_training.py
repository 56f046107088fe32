# ruff: noqa: E402 - what is imported below needs the training extras
import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from landmarkd.vision.face_detector import FaceDetector

from models.detector.export import card_of, to_float_tflite
from models.detector.hardest import Hardest
from models.detector.network import CELLS, SIDE, DetectorNet, cell_centres, decode
from models.detector.scene import Scene
from models.detector.stream import BETWEEN, joined, mirrored, part_of, tensors, twice
from models.detector.targets import assign, losses
from models.detector.train import SceneLoss, Settings, load, make_loop
from models.evaluate.subjects import TorchEngine


def batch_of(*faces):
    scene = Scene(
        np.zeros((SIDE, SIDE, 3), np.uint8),
        np.array(faces, np.float32).reshape(-1, 8),
        np.zeros(len(faces), bool),
    )
    return tensors([scene])


def labels_of(batch):
    return batch["faces"], batch["valid"], batch["ignored"]


def face_at(x, y, width, height):
    return [
        x - width / 2,
        y - height / 2,
        x + width / 2,
        y + height / 2,
        x,
        y - height / 4,
        x,
        y + height / 2,
    ]


@pytest.mark.parametrize("size", [7, 15, 23, 40, 70, 150])
def test_every_face_has_a_cell_that_is_to_find_it(size):
    rng = np.random.default_rng(size)
    for _ in range(20):
        x, y = rng.uniform(size / 3, SIDE - size / 3, 2)
        targets = assign(*labels_of(batch_of(face_at(x, y, 0.8 * size, size))))
        cells = torch.nonzero(targets.wanted[0])[:, 0]
        assert len(cells)
        away = (cell_centres()[0][cells] - torch.tensor([x, y])).abs().max()
        assert away <= max(size / 2, 16)


def test_an_ignored_face_neither_counts_nor_is_wanted():
    faces, valid, ignored = labels_of(batch_of(face_at(80, 80, 40, 50)))
    targets = assign(faces, valid, ~ignored)
    assert targets.wanted.sum() == 0
    assert targets.counted.sum() < CELLS


def test_the_right_answer_costs_nothing_but_doubt():
    targets = assign(*labels_of(batch_of(face_at(70, 60, 40, 50), face_at(120, 120, 12, 15))))
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


def test_a_mirror_turns_pictures_and_labels_alike():
    scene = Scene(
        np.zeros((SIDE, SIDE, 3), np.uint8),
        np.float32([[30, 10, 39, 19, 33, 12, 35, 19]]),
        np.zeros(1, bool),
    )
    scene.image[10:20, 30:40] = 255
    turned = mirrored(tensors([scene]))
    images, faces = turned["images"], turned["faces"]
    lit = torch.nonzero(images[0, ..., 0])
    assert lit.min(0).values.flip(0).tolist() == faces[0, 0, :2].tolist()
    assert lit.max(0).values.flip(0).tolist() == faces[0, 0, 2:4].tolist()
    assert faces[0, 0, 4:].tolist() == [SIDE - 1 - 33, 12, SIDE - 1 - 35, 19]


def test_each_batch_comes_twice_with_others_between():
    batches = [batch_of(face_at(40 + n, 80, 20, 20)) for n in range(BETWEEN + 6)]
    seen = list(twice(iter(batches)))
    assert len(seen) == len(batches) + 6
    first = next(
        n
        for n, batch in enumerate(seen)
        if torch.equal(batch["faces"], mirrored(batches[0])["faces"])
    )
    assert first > BETWEEN


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # warnings of the converter's libraries
def test_the_exported_graph_pads_nowhere_and_computes_the_same(tmp_path):
    pytest.importorskip("litert_torch")
    from landmarkd.vision.runtime import open_engine

    from models.export.graph import read_graph

    torch.manual_seed(0)
    network = DetectorNet().eval()
    path = tmp_path / "d.tflite"
    path.write_bytes(to_float_tflite(network))
    graph = read_graph(path)
    assert not {operator.name for operator in graph.operators} & {"PAD", "PADV2", "TRANSPOSE"}
    assert graph.macs <= 30e6
    engine = open_engine(path)
    x = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    engine.input(0)[:] = x.permute(0, 2, 3, 1).numpy()
    engine.invoke()
    with torch.no_grad():
        outputs = network(x)
    by_size = {engine.output(n).size: engine.output(n).reshape(-1) for n in range(2)}
    for values in outputs.values():
        np.testing.assert_allclose(by_size[values.numel()], values.reshape(-1).numpy(), atol=1e-4)


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


def test_training_learns_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    batch = batch_of(face_at(80, 80, 50, 60))
    batch["images"] = torch.from_numpy(rng.integers(0, 255, batch["images"].shape, np.uint8))
    batch = {name: torch.cat([part, part]) for name, part in batch.items()}
    monkeypatch.setattr("models.detector.train.composed", lambda *_, **__: itertools.repeat(batch))
    monkeypatch.setattr("models.detector.train.part_of", lambda *_: 2)

    def loop(samples):
        return make_loop(
            Settings((tmp_path,), tmp_path / "run", samples=samples, batch=2, rate=2e-2)
        )

    def loss_of(network):
        return SceneLoss(Hardest(1))(network, batch)[0].item()

    first = loop(8)
    network = first.learners[0].network
    start = loss_of(network)
    first.run()
    again = loop(60)
    assert again.samples == 8
    assert again.feed.starts == 1
    again.run()
    assert loss_of(again.learners[0].network) < 0.9 * start
    found = load(tmp_path / "run" / "checkpoint.pt")(torch.zeros(1, 3, SIDE, SIDE))
    assert found["scores"].shape == (1, CELLS)


def test_hard_faceless_scenes_are_shown_again():
    hardest, network = Hardest(16), DetectorNet().train()
    loss, seen = SceneLoss(hardest), []
    network.register_forward_pre_hook(lambda _, arguments: seen.append(len(arguments[0])))
    torch.nn.init.constant_(network.scores[0].bias, 2.0)
    empty = Scene(
        np.zeros((SIDE, SIDE, 3), np.uint8), np.empty((0, 8), np.float32), np.empty(0, bool)
    )
    batch = tensors([empty] * 8)
    for _ in range(2):
        loss(network, batch)
    assert seen == [8, 9]
    assert len(hardest) == 16


@pytest.mark.parametrize(("shared", "part"), [(10**12, 512), (2**26, 4), (0, 1)])
def test_what_waits_fits_into_shared_memory(shared, part):
    assert part_of(512, 15, shared) == part


def test_parts_are_joined_to_batches():
    parts = iter([batch_of(face_at(40 + n, 80, 20, 20)) for n in range(6)])
    batch = next(joined(parts, 3))
    assert [len(tensor) for tensor in batch.values()] == [3] * 4
    assert batch["faces"][:, 0, 4].tolist() == [40, 41, 42]
