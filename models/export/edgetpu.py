"""What the Edge TPU's compiler would do with a model, by its published rules.

The compiler itself is a closed program for x86-64, last released in 2021; these are the rules that
its documentation and its users' logs state. It maps operators from the input on and stops at the
first that it cannot map: the rest runs on the processor. The rules are necessary, not sufficient:
it also refuses operators "due to some unspecified limitation".
"""

from collections.abc import Callable
from dataclasses import dataclass

from models.export.graph import Graph, OperatorInfo, TensorInfo

MAPPED = "Mapped to Edge TPU"
SECOND = "More than one subgraph is not supported"
VERSION = "Operation version not supported"
UNSUPPORTED = "Operation is not supported"
LIMITED = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
NOT_QUANTISED = "Model not quantized"

# The operators of the compiler's table. Versions rise when an operator learns something new; those
# of the last compiler's time (TensorFlow 2.5) are not published with it, so only versions that are
# certainly newer are refused.
VERSIONS = {
    "ADD": 4,
    "AVERAGE_POOL_2D": 3,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 9,
    "L2_NORMALIZATION": 2,
    "LOGISTIC": 3,
    "MAX_POOL_2D": 3,
    "MAXIMUM": 4,
    "MEAN": 2,
    "MINIMUM": 4,
    "MUL": 4,
    "PAD": 2,
    "QUANTIZE": 2,
    "RELU": 2,
    "RELU6": 2,
    "RELU_N1_TO_1": 1,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 3,
    "RESIZE_NEAREST_NEIGHBOR": 3,
    "SLICE": 3,
    "SOFTMAX": 3,
    "SPACE_TO_DEPTH": 2,
    "SPLIT": 4,
    "SQUEEZE": 1,
    "STRIDED_SLICE": 4,
    "SUB": 5,
    "TANH": 3,
}
# 8 MiB of memory minus code and activations: compiler logs show at most 6.86 to 6.89 MiB cached.
PARAMETER_BYTES = int(6.8 * (1 << 20))
NO_ACTIVATION = 0


@dataclass(frozen=True)
class Finding:
    """One operator: `status` in the compiler's words, `reason` in ours where it is not mapped."""

    index: int
    name: str
    version: int
    status: str
    reason: str = ""


def _quantisation_fault(tensor: TensorInfo) -> str:
    if tensor.constant:
        return (
            "" if tensor.dtype in {"int8", "uint8", "int32"} else f"a parameter is {tensor.dtype}"
        )
    return "" if tensor.dtype in {"int8", "uint8"} else f"a tensor is {tensor.dtype}"


def _shape_fault(tensor: TensorInfo) -> str:
    if not tensor.static:
        return "a tensor's shape is not static"
    if not tensor.constant and any(size != 1 for size in tensor.shape[:-3]):
        return f"a tensor is {tensor.shape}: only the three innermost sizes may exceed 1"
    return ""


def _convolution(graph: Graph, operator: OperatorInfo) -> str:
    options = operator.options
    if options is not None and options.dilationWFactor != options.dilationHFactor:
        return "dilation differs between x and y"
    return _constant_parameters(graph, operator)


def _constant_parameters(graph: Graph, operator: OperatorInfo) -> str:
    parameters = [graph.tensors[index] for index in operator.inputs[1:] if index >= 0]
    return "" if all(tensor.constant for tensor in parameters) else "a parameter is not constant"


def _fully_connected(graph: Graph, operator: OperatorInfo) -> str:
    if operator.options is not None and operator.options.weightsFormat != 0:
        return "weights are not in the default format"
    if len(graph.tensors[operator.inputs[1]].scales) > 1:
        return "weights are quantised per channel: the compiler is older than that"
    return _constant_parameters(graph, operator)


def _no_activation(_: Graph, operator: OperatorInfo) -> str:
    fused = (
        operator.options is not None and operator.options.fusedActivationFunction != NO_ACTIVATION
    )
    return "an activation is fused into it" if fused else ""


def _softmax(graph: Graph, operator: OperatorInfo) -> str:
    return (
        "more than 16,000 elements" if max(graph.tensors[operator.inputs[0]].shape) > 16_000 else ""
    )


RULES: dict[str, Callable[[Graph, OperatorInfo], str]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _fully_connected,
    "AVERAGE_POOL_2D": _no_activation,
    "MAX_POOL_2D": _no_activation,
    "CONCATENATION": _no_activation,
    "SOFTMAX": _softmax,
}


def _judge(graph: Graph, index: int, operator: OperatorInfo) -> Finding:
    def finding(status: str, reason: str) -> Finding:
        return Finding(index, operator.name, operator.version, status, reason)

    if operator.name not in VERSIONS:
        return finding(UNSUPPORTED, "not in the compiler's table")
    if operator.version > VERSIONS[operator.name]:
        return finding(VERSION, f"at most version {VERSIONS[operator.name]}")
    tensors = [
        graph.tensors[number] for number in (*operator.inputs, *operator.outputs) if number >= 0
    ]
    if fault := next(filter(None, map(_quantisation_fault, tensors)), ""):
        return finding(NOT_QUANTISED, fault)
    if fault := next(filter(None, map(_shape_fault, tensors)), ""):
        return finding(LIMITED, fault)
    fault = RULES.get(operator.name, lambda *_: "")(graph, operator)
    return finding(LIMITED, fault) if fault else finding(MAPPED, "")


def check(graph: Graph) -> list[Finding]:
    """Check every operator in order; after the first that is not mapped, no other is mapped."""
    findings: list[Finding] = []
    stopped = False
    for index, operator in enumerate(graph.operators):
        finding = _judge(graph, index, operator)
        if stopped and finding.status == MAPPED:
            finding = Finding(
                index,
                operator.name,
                operator.version,
                SECOND,
                "an operator before it is not mapped",
            )
        stopped = stopped or finding.status != MAPPED
        findings.append(finding)
    return findings


def share(graph: Graph) -> float:
    """Return which share of the multiply-adds would run on the Edge TPU, 0 to 1."""
    findings = check(graph) if graph.subgraphs == 1 else []
    mapped = [graph.operators[found.index] for found in findings if found.status == MAPPED]
    return sum(map(graph.macs_of, mapped)) / max(graph.macs, 1)


def report(graph: Graph) -> tuple[str, bool]:
    """The findings as text for a terminal, and whether everything is mapped."""
    findings = check(graph)
    lines = [f"{'operator':22}{'version':>8}  status"]
    for finding in findings:
        reason = f" ({finding.reason})" if finding.reason else ""
        lines.append(f"{finding.name:22}{finding.version:>8}  {finding.status}{reason}")
    mapped = sum(finding.status == MAPPED for finding in findings)
    work = f"{share(graph):.1%} of {graph.macs / 1e6:.1f} million multiply-adds"
    lines.append(f"{mapped} of {len(findings)} operators mapped, {work}")
    if graph.size > PARAMETER_BYTES:
        lines.append(
            f"{graph.size} bytes: above about {PARAMETER_BYTES}, "
            "weights are streamed at every invocation"
        )
    if graph.subgraphs > 1:
        lines.append(f"{graph.subgraphs} subgraphs: only one is supported")
    return "\n".join(lines), mapped == len(findings) and graph.subgraphs == 1
