"""Builds a TFLite interpreter with the first runtime that works.

The runtimes are tried in this order: ai-edge-litert (maintained), tflite-runtime (last release
2.14, what Bookworm and old Corals have), TensorFlow itself. Only building an interpreter shows
whether a runtime works: tflite-runtime can be imported with numpy 2, for which it was not compiled,
and fails later.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import InferenceRuntimeError, ModelError
from landmarkd.vision.quiet import without_chatter

Accelerator = Literal["xnnpack", "none", "edgetpu"]

# Distribution, and its module that has `Interpreter`; importing TensorFlow takes seconds, so it
# comes last.
RUNTIMES: Mapping[str, str] = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}

# Errors of a runtime that was compiled for another numpy.
MISFIT = (SystemError, AttributeError, ImportError)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a model: real value = (stored - zero_point) * scale.

    Attributes:
        name: as in the model.
        shape: static shape.
        dtype: of the stored values.
        scale: 0.0 for a tensor that is not quantised.
        zero_point: stored value of 0.
        index: of the tensor inside the interpreter.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int
    index: int


class Interpreter:
    """One interpreter with its tensors allocated, inside `landmarkd.vision.runtime.Engine`.

    Attributes:
        accelerator: that runs the graph, found in the graph itself.
        inputs, outputs: what the model takes and gives.
    """

    spent_ns: ClassVar[int] = 0
    """Run time of all networks of this process, nanoseconds."""

    def __init__(self, interpreter: Any, distribution: str, delegate: object = None) -> None:
        # A delegate must live longer than its interpreter.
        self._interpreter, self._delegate = interpreter, delegate
        self._distribution = distribution
        claimed = claimed_nodes(interpreter) > 0
        self.accelerator: Accelerator = (
            "none" if not claimed else "xnnpack" if delegate is None else "edgetpu"
        )
        self.inputs = tuple(map(_spec, interpreter.get_input_details()))
        self.outputs = tuple(map(_spec, interpreter.get_output_details()))
        # The functions may be kept. The views that they return may not be held across an invocation
        # by the runtime's own function, which counts references to its data; see `arrays`.
        self._invoke = interpreter.invoke
        self._set = [interpreter.tensor(spec.index) for spec in self.inputs]
        self._get = [interpreter.tensor(spec.index) for spec in self.outputs]

    @property
    def runtime(self) -> str:
        """Name and version of the runtime, "ai-edge-litert 2.3.0"."""
        return describe_runtime(self._distribution)

    def arrays(self) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]] | None:
        """Return the memory of the inputs and of the outputs itself, or None where that is unsafe.

        Nothing is copied then. The memory of a graph on the processor stays where it is from
        `allocate_tensors` on: it moves only when tensors are resized or allocated anew, which
        nobody does here, and the runtime's check against views held meanwhile is left out by its
        inner function. All known runtimes have that one; without it there is no such memory.
        """
        invoke = getattr(getattr(self._interpreter, "_interpreter", None), "Invoke", None)
        if invoke is None or self._delegate is not None:
            return None
        self._invoke = invoke
        arrays = tuple(view() for view in self._set), tuple(view() for view in self._get)
        for array in (*arrays[0], *arrays[1]):
            array[...] = 0
        return arrays

    def invoke(self) -> None:
        """Run the graph on its inputs. Raises RuntimeError as the interpreter does."""
        began_ns = time.perf_counter_ns()
        self._invoke()
        Interpreter.spent_ns += time.perf_counter_ns() - began_ns

    def run(self, inputs: tuple[NDArray[Any], ...], outputs: tuple[NDArray[Any], ...]) -> None:
        """Run the graph on the caller's arrays. Raises RuntimeError as the interpreter does."""
        for view, array in zip(self._set, inputs, strict=True):
            view()[...] = array
        self.invoke()
        for view, array in zip(self._get, outputs, strict=True):
            array[...] = view()


def open_interpreter(content: bytes, threads: int = 1, *, xnnpack: bool = True) -> Interpreter:
    """Build an interpreter for the processor with the first runtime that works.

    Args:
        content: a .tflite file.
        threads: 1 or more.
        xnnpack: False runs plain kernels.

    Raises:
        ModelError: the runtime refuses the model.
        InferenceRuntimeError: no runtime works here; the message has the error of each.
    """
    failures: dict[str, str] = {}
    for distribution in RUNTIMES:
        module = load_runtime(distribution)
        if isinstance(module, str):
            failures[distribution] = module
            continue
        try:
            interpreter = build_interpreter(module, content, threads, xnnpack)
        except MISFIT as error:
            # The cause has the useful name.
            failures[distribution] = sentence(error.__cause__ or error)
            continue
        except (ValueError, RuntimeError) as error:
            if "edgetpu-custom-op" in str(error):
                raise ModelError(
                    "This model was compiled for the Edge TPU; name the one for the processor."
                ) from error
            raise ModelError(f"The TFLite runtime refuses the model: {sentence(error)}.") from error
        return Interpreter(interpreter, distribution)
    raise no_runtime(failures)


def build_interpreter(
    module: ModuleType, content: bytes, threads: int, xnnpack: bool, delegate: Any = None
) -> Any:
    """Return an interpreter with allocated tensors; raises the errors of the runtime."""
    resolver = module.OpResolverType
    with without_chatter(*MISFIT):
        interpreter = module.Interpreter(
            model_content=content,
            num_threads=threads,
            experimental_op_resolver_type=resolver.AUTO
            if xnnpack
            else resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_delegates=None if delegate is None else [delegate],
        )
        interpreter.allocate_tensors()
    return interpreter


@cache
def load_runtime(distribution: str) -> ModuleType | str:
    """Import one of `RUNTIMES`; return the module, or a description of the error."""
    name = RUNTIMES[distribution]
    try:
        with without_chatter(Exception):
            return import_module(name)
    except ImportError as error:
        absent = error.name is not None and name.startswith(error.name)
        return "not installed" if absent else sentence(error)
    except Exception as error:
        return sentence(error)  # A wrong binary may raise any error, such as AttributeError.


def claimed_nodes(interpreter: Any) -> int:
    """Return the number of nodes that a delegate runs; 0 for plain kernels.

    No runtime has a public function for this; all known ones have this private one.
    """
    return sum(node["op_name"] == "DELEGATE" for node in interpreter._get_ops_details())


@cache
def describe_runtime(distribution: str) -> str:
    """Return name and version of an installed runtime."""
    from importlib.metadata import PackageNotFoundError, version  # takes long, few need it

    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return distribution


def no_runtime(failures: Mapping[str, str]) -> InferenceRuntimeError:
    """Return the error with the message of each runtime, and how to install one that works."""
    said = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
    old = any(
        "_ARRAY_API" in reason or "NumPy 1" in reason or "numpy.core" in reason
        for reason in failures.values()
    )
    remedy = "pip install ai-edge-litert" + (
        ", or for a runtime compiled for numpy 1: pip install 'numpy<2'" * old
    )
    return InferenceRuntimeError(f"No TFLite runtime works here ({said}); {remedy}.")


def sentence(error: BaseException) -> str:
    """Return an exception of a runtime as one line without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _spec(details: Mapping[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    return TensorSpec(
        name=str(details["name"]),
        shape=tuple(int(size) for size in details["shape"]),
        dtype=np.dtype(details["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
        index=int(details["index"]),
    )
