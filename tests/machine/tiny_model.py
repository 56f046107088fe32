"""Builds an int8 TFLite model of one convolution, and its form after Edge TPU compilation."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INPUT, OUTPUT = (1, 8, 8, 3), (1, 4, 4, 8)


def tiny_model(edgetpu: bool = False) -> bytes:
    """Return a .tflite file, int8 (1, 8, 8, 3) to (1, 4, 4, 8); `edgetpu`: one custom operator."""
    draw = np.random.default_rng(7)
    weights = draw.integers(-127, 128, (8, 3, 3, 3), np.int8)
    bias = draw.integers(-500, 500, 8).astype(np.int32)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.description = 3, "one convolution"
    model.buffers = [_buffer(b""), _buffer(weights.tobytes()), _buffer(bias.tobytes())]
    graph.tensors = [
        _tensor("image", INPUT, schema.TensorType.INT8, 2 / 255, -1),
        _tensor("weights", weights.shape, schema.TensorType.INT8, 0.01, 0, buffer=1),
        _tensor("bias", bias.shape, schema.TensorType.INT32, 0.01 * 2 / 255, 0, buffer=2),
        _tensor("points", OUTPUT, schema.TensorType.INT8, 0.05, 3),
    ]
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    operator.opcodeIndex, operator.outputs = 0, [3]
    if edgetpu:
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode, operator.inputs, operator.customOptions = (
            "edgetpu-custom-op",
            [0],
            [0] * 16,
        )
    else:
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
        options = schema.Conv2DOptionsT()
        options.padding, options.strideW, options.strideH = schema.Padding.SAME, 2, 2
        options.dilationWFactor = options.dilationHFactor = 1
        operator.builtinOptionsType, operator.builtinOptions = (
            schema.BuiltinOptions.Conv2DOptions,
            options,
        )
        operator.inputs = [0, 1, 2]
    code.version = 3 - 2 * edgetpu
    graph.operators, graph.inputs, graph.outputs = [operator], [0], [3]
    model.operatorCodes, model.subgraphs = [code], [graph]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def compiled(content: bytes) -> bytes:
    """Return a model with another's inputs and outputs, and one custom operator between them."""
    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    graph, code, operator = model.subgraphs[0], schema.OperatorCodeT(), schema.OperatorT()
    ends = [*graph.inputs, *graph.outputs]
    graph.tensors = [graph.tensors[index] for index in ends]
    for tensor in graph.tensors:
        tensor.buffer = 0
    graph.inputs = list(range(len(graph.inputs)))
    graph.outputs = list(range(len(graph.inputs), len(ends)))
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = "edgetpu-custom-op", 1
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, graph.inputs, graph.outputs
    operator.customOptions = [0] * 16
    graph.operators, model.operatorCodes, model.buffers = [operator], [code], [_buffer(b"")]
    model.signatureDefs = model.metadata = None
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def partly_compiled(content: bytes, mapped: int) -> bytes:
    """Return a model whose first `mapped` operators became one, as after the compiler."""
    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    graph, code, operator = model.subgraphs[0], schema.OperatorCodeT(), schema.OperatorT()
    left = graph.operators[mapped:]
    made = {index for step in graph.operators[:mapped] for index in step.outputs}
    needed = {*graph.outputs, *(index for step in left for index in step.inputs)}
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = "edgetpu-custom-op", 1
    operator.opcodeIndex, operator.customOptions = len(model.operatorCodes), [0] * 16
    operator.inputs, operator.outputs = list(graph.inputs), sorted(made & needed)
    model.operatorCodes.append(code)
    graph.operators = [operator, *left]
    for buffer in model.buffers:
        if buffer.offset > 1:  # a large file keeps weights behind the FlatBuffer
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(content: bytes) -> schema.BufferT:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8) if content else None
    return buffer


def _tensor(
    name: str, shape: tuple[int, ...], kind: int, scale: float, zero_point: int, buffer: int = 0
):
    tensor, quantisation = schema.TensorT(), schema.QuantizationParametersT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, buffer
    quantisation.scale, quantisation.zeroPoint = [scale], [zero_point]
    tensor.quantization = quantisation
    return tensor
