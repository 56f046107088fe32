"""From a network to a file of the zoo, through the real converter and the real quantiser."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("litert_torch", reason="needs the training extras: make venv-models")

import torch
from ai_edge_litert.interpreter import Interpreter
from landmarkd.vision.zoo import Zoo

from models.export import convert
from models.export.__main__ import main
from models.export.edgetpu import report
from models.export.graph import Graph, read_graph
from models.export.manifest import landmark_entry, write_entry
from models.train.network import LandmarkNet

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of the converter's own libraries
]


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (24, 8, 8, 3), np.uint8)
    return np.kron(coarse, np.ones((1, 16, 16, 1), np.uint8))


@pytest.fixture(scope="module")
def network() -> LandmarkNet:
    torch.manual_seed(0)
    made = LandmarkNet(widths=(8, 8, 16, 24), hidden=((), (8,), (8,), (8,)))
    made.train()
    with torch.no_grad():
        for _ in range(5):
            made(torch.randn(16, 3, 128, 128))  # gives the normalisations statistics
    return made.eval()


@pytest.fixture(scope="module")
def float_model(network: LandmarkNet) -> bytes:
    return convert.to_float_tflite(network, 128)


@pytest.fixture(scope="module")
def exported(
    float_model: bytes, pictures: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("zoo") / "tiny.tflite"
    path.write_bytes(convert.quantise(float_model, pictures, convert.Recipe()))
    return path


def run(path: Path, picture: np.ndarray) -> list[np.ndarray]:
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(
        interpreter.get_input_details()[0]["index"], (picture ^ 0x80).view(np.int8)[None]
    )
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def kinds(graph: Graph) -> set[str]:
    return {operator.name for operator in graph.operators}


class TestConvert:
    def test_the_graph_is_clean(self, exported):
        graph = read_graph(exported)
        assert kinds(graph) <= {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "DEQUANTIZE", "RESHAPE"}
        fed = graph.tensors[graph.inputs[0]]
        assert (fed.dtype, fed.shape) == ("int8", (1, 128, 128, 3))
        assert fed.scales[0] == pytest.approx(1 / 127.5)
        assert fed.zero_points == (0,)

    def test_outputs_are_float_and_as_fine(self, exported, network, pictures):
        names = convert.output_names(network, 128)
        assert names == ["points", "log_sigma", "presence"]
        with torch.no_grad():
            images = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 128) / 127.5
            wanted = network(images)
        found = [run(exported, picture) for picture in pictures]
        for number, name in enumerate(names):
            values = np.concatenate([outputs[number] for outputs in found])
            assert values.dtype == np.float32
            error = values - wanted[name].numpy()
            signal = wanted[name].numpy().std(0).mean()
            # Untrained, the outputs hardly move: an unrelated output would err by more than the
            # signal.
            assert np.abs(error).mean() < 0.5 * signal
        points = np.concatenate([outputs[0] for outputs in found])
        # An int8 result takes at most 256 values; coordinates have to be finer than that.
        assert len(np.unique(points)) > 1000

    def test_results_are_float_from_the_last_map_on(self, exported):
        graph = read_graph(exported)
        layers = [operator for operator in graph.operators if operator.name in {"CONV_2D", "ADD"}]
        small = [graph.tensors[operator.outputs[0]].shape[1] <= 4 for operator in layers]
        kinds_of = [graph.tensors[operator.outputs[0]].dtype for operator in layers]
        assert kinds_of == ["float32" if late else "int8" for late in small]
        assert len(set(small)) == 2
        convolutions = [operator for operator in layers if operator.name == "CONV_2D"]
        assert {graph.tensors[operator.inputs[1]].dtype for operator in convolutions} == {"int8"}
        pool = next(
            operator for operator in graph.operators if operator.name == "DEPTHWISE_CONV_2D"
        )
        assert {graph.tensors[index].dtype for index in (*pool.inputs, *pool.outputs)} == {
            "float32"
        }

    def test_there_is_nothing_that_tflite_runtime_2_14_misreads(self, exported):
        assert "FULLY_CONNECTED" not in kinds(read_graph(exported))

    def test_integer_head_suits_the_edge_tpu(self, float_model, pictures, tmp_path, exported):
        path = tmp_path / "int8.tflite"
        path.write_bytes(convert.quantise(float_model, pictures, convert.Recipe(head="int8")))
        text, everything = report(read_graph(path))
        assert everything, text
        assert main(["check", str(path)]) == 0
        assert main(["check", str(exported)]) == 1

    @pytest.mark.parametrize("wrong", [{"head": "int4"}, {"coverage": 0.2}, {"coverage": 1.1}])
    def test_wrong_recipes_are_refused(self, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            convert.Recipe(**wrong)


class TestManifest:
    def test_the_runtime_reads_what_is_written(self, exported, network):
        entry = landmark_entry(exported, convert.output_names(network, 128), "for a test")
        write_entry(exported.parent, "tiny", entry, default=True)
        zoo = Zoo(exported.parent)
        name, card = zoo.landmarks()
        assert name == "tiny"
        assert zoo.verified(card) == exported.read_bytes()
        assert card.landmarks.count == 562
        assert {key: output.index for key, output in card.outputs.items()} == {
            "points": 0,
            "log_sigma": 1,
            "presence": 2,
        }

    def test_a_new_file_keeps_what_was_written_by_hand(self, exported, network):
        entry = landmark_entry(exported, convert.output_names(network, 128), "for a test")
        write_entry(exported.parent, "kept", {**entry, "accuracy": {"nme": 2.5}}, default=False)
        write_entry(exported.parent, "kept", entry, default=False)
        stored = json.loads((exported.parent / "manifest.json").read_text())
        assert stored["models"]["kept"]["accuracy"] == {"nme": 2.5}

    def test_a_float_file_is_refused(self, float_model, tmp_path):
        path = tmp_path / "float.tflite"
        path.write_bytes(float_model)
        with pytest.raises(ValueError, match="instead of int8"):
            landmark_entry(path, ["points"], "")

    def test_not_a_model(self, tmp_path):
        (tmp_path / "x.tflite").write_bytes(b"nothing of the kind")
        with pytest.raises(ValueError, match="not a TFLite model"):
            read_graph(tmp_path / "x.tflite")
