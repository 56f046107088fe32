import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip(
    "ai_edge_litert.schema_py_generated", reason="needs a runtime that brings the schema"
)

from landmarkd.vision.zoo import open_zoo

from models.export import edgetpu
from models.export.__main__ import main
from models.export.graph import Graph, OperatorInfo, TensorInfo, read_graph


def tensor(
    shape=(1, 8, 8, 16), dtype="int8", *, constant=False, static=True, scales=(0.1,)
) -> TensorInfo:
    return TensorInfo("t", shape, dtype, scales, (0,) * len(scales), constant, static)


def graph(operators, tensors) -> Graph:
    return Graph(tuple(tensors), tuple(operators), (0,), (len(tensors) - 1,), 1, 1000)


def convolution(index=0, **options) -> OperatorInfo:
    choices = {"dilationWFactor": 1, "dilationHFactor": 1, **options}
    return OperatorInfo("CONV_2D", 3, (0, 1), (2,), SimpleNamespace(**choices))


WEIGHTS = tensor((16, 3, 3, 16), constant=True, scales=(0.1,) * 16)


def statuses(made: Graph) -> list[str]:
    return [finding.status for finding in edgetpu.check(made)]


def test_a_quantised_convolution_is_mapped():
    made = graph([convolution()], [tensor(), WEIGHTS, tensor()])
    assert statuses(made) == [edgetpu.MAPPED]
    assert made.macs == 8 * 8 * 16 * 9 * 16
    assert edgetpu.report(made)[1]
    assert edgetpu.share(made) == 1.0


@pytest.mark.parametrize(
    ("operator", "tensors", "status"),
    [
        (convolution(), [tensor(dtype="float32"), WEIGHTS, tensor()], edgetpu.NOT_QUANTISED),
        (convolution(), [tensor(static=False), WEIGHTS, tensor()], edgetpu.LIMITED),
        (convolution(), [tensor((2, 8, 8, 16)), WEIGHTS, tensor()], edgetpu.LIMITED),
        (convolution(), [tensor(), replace(WEIGHTS, constant=False), tensor()], edgetpu.LIMITED),
        (convolution(dilationWFactor=2), [tensor(), WEIGHTS, tensor()], edgetpu.LIMITED),
        (replace(convolution(), version=99), [tensor(), WEIGHTS, tensor()], edgetpu.VERSION),
        (
            replace(convolution(), name="TRANSPOSE"),
            [tensor(), WEIGHTS, tensor()],
            edgetpu.UNSUPPORTED,
        ),
    ],
)
def test_what_the_compiler_refuses(operator, tensors, status):
    assert statuses(graph([operator], tensors)) == [status]


@pytest.mark.parametrize(("scales", "status"), [(1, edgetpu.MAPPED), (10, edgetpu.LIMITED)])
def test_fully_connected_wants_one_scale_for_all_weights(scales, status):
    weights = tensor((10, 16), constant=True, scales=(0.1,) * scales)
    operator = OperatorInfo("FULLY_CONNECTED", 5, (0, 1), (2,), SimpleNamespace(weightsFormat=0))
    assert statuses(graph([operator], [tensor((1, 16)), weights, tensor((1, 10))])) == [status]


def test_pooling_may_not_have_an_activation():
    for activation, status in ((0, edgetpu.MAPPED), (3, edgetpu.LIMITED)):
        pool = OperatorInfo(
            "AVERAGE_POOL_2D", 2, (0,), (1,), SimpleNamespace(fusedActivationFunction=activation)
        )
        assert statuses(graph([pool], [tensor(), tensor((1, 1, 1, 16))])) == [status]


def test_nothing_after_the_first_refusal_is_mapped():
    refused = OperatorInfo("DEQUANTIZE", 2, (2,), (2,), None)
    made = graph([convolution(), refused, convolution()], [tensor(), WEIGHTS, tensor()])
    assert statuses(made) == [edgetpu.MAPPED, edgetpu.UNSUPPORTED, edgetpu.SECOND]
    text, everything = edgetpu.report(made)
    assert not everything
    assert "1 of 3 operators mapped, 50.0%" in text
    assert edgetpu.share(made) == 0.5
    assert edgetpu.share(replace(made, subgraphs=2)) == 0.0


def test_weights_beyond_the_chip_are_told():
    made = replace(graph([convolution()], [tensor(), WEIGHTS, tensor()]), size=8 << 20)
    assert "streamed" in edgetpu.report(made)[0]


def test_every_model_of_the_zoo_has_its_share():
    zoo = open_zoo()
    for name, card in zoo.manifest.models.items():
        found = edgetpu.share(read_graph(zoo.folder / (card.whole or card).file))
        assert card.edgetpu_share == pytest.approx(found, abs=5e-4), (
            f"{name}: python -m models.export work writes it"
        )


def test_the_shares_are_written_by_a_command(tmp_path: Path):
    folder = tmp_path / "zoo"
    shutil.copytree(open_zoo().folder, folder)
    path = folder / "manifest.json"
    shipped = json.loads(path.read_text())
    without = json.loads(path.read_text())
    for entry in without["models"].values():
        del entry["edgetpu_share"], entry["macs"]
    path.write_text(json.dumps(without))
    assert main(["work", "--zoo", str(folder)]) == 0
    assert json.loads(path.read_text()) == shipped
