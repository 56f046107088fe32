"""A landmark network as a model that is int8 throughout: mapped whole, and as fine as float."""

import numpy as np
import pytest

pytest.importorskip("litert_torch", reason="needs the training extras: make venv-models")

import torch
from ai_edge_litert.interpreter import Interpreter
from landmarkd.vision.decoder import Decoder
from torch import nn

from models.export.convert import Recipe, quantise, to_float_tflite
from models.export.edgetpu import report
from models.export.graph import parse_graph
from models.export.twins import TWINS, TwinStage
from models.export.whole import Head, fixed_ranges, whole
from models.train.network import LandmarkNet

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of the converter's own libraries
]


@pytest.fixture(scope="module")
def network(pictures: np.ndarray) -> LandmarkNet:
    torch.manual_seed(0)
    made = LandmarkNet(widths=(8, 8, 16, 24), hidden=((), (8,), (8,), (8, 8)))
    made.train()
    with torch.no_grad():
        for _ in range(30):
            made(real(pictures))  # gives the normalisations statistics
        # Outputs that vary as those of a trained network do, by a twentieth of the crop.
        made.eval().points.weight.mul_(0.05 / made(real(pictures))["points"].std(0).mean())
    return made


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 3), np.uint8)
    return np.kron(coarse, np.ones((1, 16, 16, 1), np.uint8))


def real(pictures: np.ndarray) -> torch.Tensor:
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 128) / 127.5


def test_twins_compute_what_the_stage_does(network):
    stage = network.stages[-1]
    maps = torch.rand(4, 16, 8, 8) * 6
    with torch.no_grad():
        wanted, twins = stage(maps), TwinStage(stage).eval()(maps)
    mean = twins.view(4, TWINS, *wanted.shape[1:]).mean(1)
    assert float((mean - wanted).abs().max()) < 0.1
    # Each differs from the other by about half a step of what is added.
    first, second = twins.chunk(TWINS, 1)
    assert 0.005 < float((first - second).abs().mean()) < 0.1


@pytest.mark.parametrize("output", ["points"])
def test_it_is_mapped_whole_and_fine(network, pictures, output):
    layer = getattr(network, output)
    with torch.no_grad():
        wanted = network(real(pictures))[output].numpy()
        seen = network.features(real(pictures))
    count = len(layer.bias)
    fine = torch.full((count,), 0.0005)
    head = Head(network.pool, False, layer.weight.detach(), layer.bias.detach(), fine, (count,))
    stages = network.stages
    trunk = nn.Sequential(network.stem, *stages[:-1], TwinStage(stages[-1])).eval()
    made, content = whole(trunk, head, seen, TWINS)
    floats = to_float_tflite(made, 128)
    model = quantise(floats, pictures, Recipe("int8"), fixed_ranges(floats, False))
    text, mapped = report(parse_graph(model))
    assert mapped, text
    decoder, interpreter = Decoder(content), Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    fed, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert tuple(given["shape"]) == (1, decoder.count)
    found = np.zeros_like(wanted)
    for picture, values in zip(pictures, found, strict=True):
        interpreter.set_tensor(fed["index"], (picture ^ 0x80).view(np.int8)[None])
        interpreter.invoke()
        decoder.decode(interpreter.get_tensor(given["index"])[0], [values])
    error, signal = (found - wanted).std(), wanted.std(0).mean()
    # The features of an untrained network are hardly larger than the int8 error of its other
    # layers.
    assert error < 0.2 * signal
    # An int8 result takes at most 256 values; coordinates have to be finer than that.
    assert len(np.unique(found[:, 0])) > 60
