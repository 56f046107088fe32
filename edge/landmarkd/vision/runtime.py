"""Opens a model and runs it, on the processor or on a Coral, without unnecessary copies."""

import logging
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import DelegateError, InferenceRuntimeError, ModelError
from landmarkd.vision.decoder import Decoded, Decoder
from landmarkd.vision.interpreter import (
    Accelerator,
    Interpreter,
    TensorSpec,
    open_interpreter,
    sentence,
)

__all__ = ["Accelerator", "DelegateChoice", "Engine", "TensorSpec", "open_engine"]

log = logging.getLogger(__name__)

DelegateChoice = Literal["none", "auto", "coral"]

# A FlatBuffer starts with the offset of its root and the identifier of its schema.
_IDENTIFIER = b"TFL3"


class Engine:
    """A model that is ready to run, with its own input and output arrays, which never move.

    The arrays are allocated once: fill `input(i)`, call `invoke()`, read `output(i)`. They stay
    valid; the next `invoke()` overwrites `output(i)`. Do not share it between threads.

    If a Coral that is not required is lost, the same input runs again on the processor, a warning
    is logged, and `degraded` says why.

    Attributes:
        inputs, outputs: what the model takes and gives.
        degraded: why it runs on the processor although there is a Coral, or None.
    """

    def __init__(
        self, interpreter: Interpreter, spare: bytes | None = None, threads: int = 1
    ) -> None:
        self._interpreter: Interpreter | None = interpreter
        # The model for the processor, only needed to replace a lost accelerator.
        self._spare, self._threads = spare, threads
        self.inputs, self.outputs = interpreter.inputs, interpreter.outputs
        # What may run on the processor one day keeps arrays of its own.
        arrays = interpreter.arrays() if spare is None else None
        self._in, self._out = arrays or (
            tuple(np.zeros(spec.shape, spec.dtype) for spec in self.inputs),
            tuple(np.zeros(spec.shape, spec.dtype) for spec in self.outputs),
        )
        self._copied = arrays is None
        self.degraded: str | None = None

    @property
    def accelerator(self) -> Accelerator:
        """What runs the graph now: "xnnpack", "edgetpu" or "none" (plain, slow kernels)."""
        return self._open().accelerator

    @property
    def runtime(self) -> str:
        """Name and version of the runtime, "ai-edge-litert 2.3.0"."""
        return self._open().runtime

    def input(self, index: int = 0) -> NDArray[Any]:
        """Return the array that the next `invoke()` reads, as `inputs[index]` describes it."""
        return self._in[index]

    def output(self, index: int = 0) -> NDArray[Any]:
        """Return the array that the last `invoke()` wrote, as `outputs[index]` describes it."""
        return self._out[index]

    def invoke(self) -> None:
        """Run the model on its inputs.

        Raises:
            DelegateError: a required Coral was lost.
            InferenceRuntimeError: if the runtime fails on the processor.
        """
        interpreter = self._interpreter or self._open()
        try:
            if self._copied:
                interpreter.run(self._in, self._out)
            else:
                interpreter.invoke()
        except RuntimeError as error:
            if interpreter.accelerator != "edgetpu":
                raise InferenceRuntimeError(
                    f"The TFLite runtime failed: {sentence(error)}."
                ) from error
            if self._spare is None:
                raise DelegateError(
                    f"The Coral was lost ({sentence(error)}); plug it in again, directly "
                    "and not through a hub, and look for undervoltage with landmarkd doctor."
                ) from error
            self._fall_back(f"the Coral was lost while running ({sentence(error)})")
            self._open().run(self._in, self._out)

    def close(self) -> None:
        """Free the interpreter. The arrays stay valid."""
        self._interpreter = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fall_back(self, reason: str) -> None:
        assert self._spare is not None  # noqa: S101
        self._interpreter = open_interpreter(self._spare, self._threads)
        self._spare, self.degraded = None, reason
        log.warning("Running on the processor from now on: %s.", reason)

    def _open(self) -> Interpreter:
        if self._interpreter is None:
            raise InferenceRuntimeError("The model was closed; open it again.")
        return self._interpreter


def open_engine(
    model: Path | bytes,
    *,
    threads: int = 1,
    delegate: DelegateChoice = "none",
    edgetpu: bytes | None = None,
    decoder: bytes | None = None,
    xnnpack: bool = True,
) -> Engine:
    """Open a TFLite model.

    The file is read once and run from memory, so that replacing it on disk cannot disturb a running
    daemon. Check its hash first (`landmarkd.vision.zoo`): runtimes crash on truncated files and run
    files with wrong bits.

    Args:
        model: .tflite file for the processor, or its content as `Zoo.verified` returns it.
        threads: for the processor, 1 or more. One is best for models of a few million MACs.
        delegate: "none" for the processor; "coral" requires the Edge TPU; "auto" uses it if its
            library is installed, and else the processor, with a warning and `Engine.degraded`.
        edgetpu: content of the same model compiled for the Edge TPU; None if there is none.
        decoder: calculates the outputs of the processor's model from those of `edgetpu`, if this
            was made from a model that is int8 throughout; None if not needed.
        xnnpack: False runs plain kernels, several times slower, for measurements.

    Raises:
        ModelError: if the file is missing, empty or no TFLite model, or needs the Edge TPU.
        InferenceRuntimeError: if no runtime works here; the message says what each one said.
        DelegateError: a required Coral cannot be used.
    """
    content = read_model(model)
    if delegate == "none":
        return Engine(open_interpreter(content, threads, xnnpack=xnnpack))
    from landmarkd.vision.delegate import library_present, open_coral

    if delegate == "auto" and not library_present():
        return Engine(open_interpreter(content, threads, xnnpack=xnnpack))
    try:
        opened = open_coral(edgetpu)
        interpreter = opened if decoder is None else Decoded(opened, Decoder(decoder))
    except DelegateError as error:
        if delegate == "coral":
            raise
        engine = Engine(open_interpreter(content, threads, xnnpack=xnnpack))
        engine.degraded = str(error)
        log.warning("Running on the processor: %s", error)
        return engine
    return Engine(interpreter, spare=content if delegate == "auto" else None, threads=threads)


def read_model(model: Path | bytes) -> bytes:
    """Return the bytes of a .tflite file, or check those that were read already.

    Raises:
        ModelError: if it cannot be read or does not begin like a TFLite model.
    """
    path = "the model" if isinstance(model, bytes) else model
    try:
        content = model if isinstance(model, bytes) else model.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: {error.strerror}; name another model or reinstall landmarkd."
        ) from error
    if not content:
        raise ModelError(f"{path} is empty; copy the model again or reinstall landmarkd.")
    root = int.from_bytes(content[:4], "little")
    if content[4:8] != _IDENTIFIER or not 8 <= root < len(content) - 4:
        raise ModelError(
            f"{path} is not a TFLite model; copy the model again or reinstall landmarkd."
        )
    return content
