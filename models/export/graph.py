"""Reads a .tflite file into plain objects: operators with versions, tensors with quantisation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


_TYPES = {value: name.lower() for value, name in _names(schema.TensorType).items()}
_OPERATORS = _names(schema.BuiltinOperator)


@dataclass(frozen=True)
class TensorInfo:
    """A tensor: `scales` is empty without quantisation, else it has one entry or one per channel.

    `constant` marks weights, `static` a shape without unknown sizes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    constant: bool
    static: bool


@dataclass(frozen=True)
class OperatorInfo:
    """An operator: `inputs` and `outputs` index the graph's tensors, an absent input is -1."""

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a file, with the file's size in bytes."""

    tensors: tuple[TensorInfo, ...]
    operators: tuple[OperatorInfo, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: int
    size: int

    @property
    def macs(self) -> int:
        """Multiply-adds of all convolutions and fully connected layers for one invocation."""
        return sum(self.macs_of(operator) for operator in self.operators)

    @property
    def parameters(self) -> int:
        """Number of weights and biases of convolutions and fully connected layers."""
        layers = [
            op
            for op in self.operators
            if op.name in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
        ]
        used = {index for op in layers for index in op.inputs[1:] if index >= 0}
        return sum(int(np.prod(self.tensors[index].shape)) for index in used)

    def macs_of(self, operator: OperatorInfo) -> int:
        """Multiply-adds of one operator."""
        if operator.name not in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}:
            return 0
        weights = self.tensors[operator.inputs[1]].shape
        if operator.name == "FULLY_CONNECTED":
            return int(np.prod(weights))
        out = self.tensors[operator.outputs[0]].shape
        per_value = np.prod(weights[1:]) if operator.name == "CONV_2D" else weights[1] * weights[2]
        return int(np.prod(out) * per_value)


def _listed(values: Any) -> tuple[Any, ...]:
    return () if values is None else tuple(np.asarray(values).tolist())


def _tensor(model: Any, raw: Any) -> TensorInfo:
    quantisation, buffer = raw.quantization, model.buffers[raw.buffer]
    # A large file keeps its weights behind the flatbuffer: then there is an offset in place of
    # data.
    stored = (buffer.data is not None and len(buffer.data) > 0) or buffer.offset > 1
    return TensorInfo(
        name=raw.name.decode(errors="replace"),
        shape=_listed(raw.shape),
        dtype=_TYPES.get(raw.type, str(raw.type)),
        scales=_listed(quantisation.scale) if quantisation is not None else (),
        zero_points=_listed(quantisation.zeroPoint) if quantisation is not None else (),
        constant=stored,
        static=all(size >= 0 for size in _listed(raw.shapeSignature)),
    )


def _operator(model: Any, raw: Any) -> OperatorInfo:
    code = model.operatorCodes[raw.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    name = _OPERATORS.get(number, f"OPERATOR_{number}")
    if name == "CUSTOM":
        name = (code.customCode or b"CUSTOM").decode(errors="replace")
    return OperatorInfo(
        name, code.version, _listed(raw.inputs), _listed(raw.outputs), raw.builtinOptions
    )


def read_graph(path: Path) -> Graph:
    """Read the first subgraph of a .tflite file.

    Raises:
        ValueError: The file is no TFLite model.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    if len(content) < 8 or content[4:8] != b"TFL3":
        raise ValueError(f"{path} is not a TFLite model: its file identifier is not TFL3")
    return parse_graph(content)


def parse_graph(content: bytes) -> Graph:
    """The first subgraph of a model that is in memory already."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    subgraph = model.subgraphs[0]
    return Graph(
        tensors=tuple(_tensor(model, raw) for raw in subgraph.tensors),
        operators=tuple(_operator(model, raw) for raw in subgraph.operators),
        inputs=_listed(subgraph.inputs),
        outputs=_listed(subgraph.outputs),
        subgraphs=len(model.subgraphs),
        size=len(content),
    )


def bounded_summands(content: bytes) -> list[str]:
    """Names of the tensors that an ADD with ReLU6 adds to the output of another ReLU6 operator."""
    graph = parse_graph(content)

    def bounded(operator: OperatorInfo) -> bool:
        return (
            getattr(operator.options, "fusedActivationFunction", None)
            == schema.ActivationFunctionType.RELU6
        )

    from_0_to_6 = {operator.outputs[0] for operator in graph.operators if bounded(operator)}
    names = []
    for operator in graph.operators:
        if operator.name == "ADD" and bounded(operator) and from_0_to_6 & set(operator.inputs):
            names += [graph.tensors[index].name for index in operator.inputs]
    return names


def late_operators(content: bytes) -> list[tuple[str, str]]:
    """Kind and output name of each operator from the first whose map is as small as the last map.

    The last map is what is summed up to one value a channel; without such a sum the list is empty.
    """
    graph = parse_graph(content)

    def place(index: int) -> tuple[int, ...]:
        return graph.tensors[index].shape[1:3] if len(graph.tensors[index].shape) == 4 else ()

    sums = [
        op
        for op in graph.operators
        if place(op.outputs[0]) == (1, 1) and place(op.inputs[0]) != (1, 1)
    ]
    if not sums:
        return []
    last = place(sums[0].inputs[0])
    first = next(n for n, op in enumerate(graph.operators) if place(op.outputs[0]) == last)
    return [(op.name, graph.tensors[op.outputs[0]].name) for op in graph.operators[first:]]
