"""Reads a .tflite file into plain objects: operators with their versions, tensors with their quantisation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite

_TYPES = {value: name.lower() for name, value in vars(tflite.TensorType).items() if not name.startswith("_")}
_OPERATORS = {
    value: name for name, value in vars(tflite.BuiltinOperator).items() if not name.startswith("_")
}
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "CONCATENATION": "ConcatenationOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
}


@dataclass(frozen=True)
class TensorInfo:
    """A tensor: `scales` is empty for one that is not quantised, and has one entry per channel or just one.

    `constant` tells weights from activations, `static` a shape without unknown sizes.
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
        return sum(self._macs(operator) for operator in self.operators)

    @property
    def parameters(self) -> int:
        """Number of weights and biases of convolutions and fully connected layers."""
        layers = [op for op in self.operators if op.name in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}]
        used = {index for op in layers for index in op.inputs[1:] if index >= 0}
        return sum(int(np.prod(self.tensors[index].shape)) for index in used)

    def _macs(self, operator: OperatorInfo) -> int:
        if operator.name not in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}:
            return 0
        weights = self.tensors[operator.inputs[1]].shape
        if operator.name == "FULLY_CONNECTED":
            return int(np.prod(weights))
        out = self.tensors[operator.outputs[0]].shape
        per_value = np.prod(weights[1:]) if operator.name == "CONV_2D" else weights[1] * weights[2]
        return int(np.prod(out) * per_value)


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in values) if not isinstance(values, int) else ()


def _tensor(model: Any, subgraph: Any, index: int) -> TensorInfo:
    raw = subgraph.Tensors(index)
    quantisation = raw.Quantization()
    scales = quantisation.ScaleAsNumpy() if quantisation is not None else 0
    zero_points = quantisation.ZeroPointAsNumpy() if quantisation is not None else 0
    shape, signature = _ints(raw.ShapeAsNumpy()), _ints(raw.ShapeSignatureAsNumpy())
    return TensorInfo(
        name=raw.Name().decode(errors="replace"),
        shape=shape,
        dtype=_TYPES.get(raw.Type(), str(raw.Type())),
        scales=() if isinstance(scales, int) else tuple(float(scale) for scale in scales),
        zero_points=_ints(zero_points),
        constant=model.Buffers(raw.Buffer()).DataLength() > 0,
        static=all(size >= 0 for size in signature),
    )


def _operator(model: Any, raw: Any) -> OperatorInfo:
    code = model.OperatorCodes(raw.OpcodeIndex())
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = _OPERATORS.get(number, f"OPERATOR_{number}")
    if name == "CUSTOM":
        name = code.CustomCode().decode(errors="replace")
    options = None
    if name in _OPTIONS and (table := raw.BuiltinOptions()) is not None:
        options = getattr(tflite, _OPTIONS[name])()
        options.Init(table.Bytes, table.Pos)
    return OperatorInfo(name, code.Version(), _ints(raw.InputsAsNumpy()), _ints(raw.OutputsAsNumpy()), options)


def read_graph(path: Path) -> Graph:
    """Read the first subgraph of a .tflite file.

    Raises:
        ValueError: The file is no TFLite model.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    if len(content) < 8 or content[4:8] != b"TFL3":
        raise ValueError(f"{path} is not a TFLite model: its file identifier is not TFL3")
    model = tflite.Model.GetRootAsModel(content, 0)
    subgraph = model.Subgraphs(0)
    return Graph(
        tensors=tuple(_tensor(model, subgraph, i) for i in range(subgraph.TensorsLength())),
        operators=tuple(_operator(model, subgraph.Operators(i)) for i in range(subgraph.OperatorsLength())),
        inputs=_ints(subgraph.InputsAsNumpy()),
        outputs=_ints(subgraph.OutputsAsNumpy()),
        subgraphs=model.SubgraphsLength(),
        size=len(content),
    )
