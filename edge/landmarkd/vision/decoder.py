"""Calculates the outputs of models that are int8 to the last layer, such as models for a Coral.

int8 has 255 steps. Such a model gives the coefficients of a few modes of its outputs, each of them
several times with different rounding: their sum has finer steps (`models/export/whole.py`). The
sums are integers and the modes integers times powers of two, so that float64 adds them without
rounding: the results are the same with every library.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.vision.interpreter import Interpreter, TensorSpec

MAX_VALUES = 1 << 16
KINDS = {
    "modes": (np.int8, 2),
    "exponents": (np.int8, 1),
    "rows": (np.uint8, 1),
    "copies": (np.uint8, 1),
    "offset": (np.float32, 1),
    "units": (np.float32, 1),
    "sizes": (np.uint16, 1),
    "batch": (np.uint8, 0),
}
"""Type and number of dimensions of the arrays in a decoder's file, which is an .npz:

- modes (n, values): what one step of a sum adds to the values, times two to the power of
  `exponents` (n,), in `units` (values,);
- rows (n,): index of the sum of each mode; a large mode has two rows, the second for the remainder;
- copies (sums,): number of the model's values in each sum, in order;
- offset (values,): in `units`, the values if all sums are zero;
- sizes (outputs,): number of values of each output for one picture;
- batch: number of pictures in the outputs; each picture is one invocation.
"""


class Decoder:
    """Turns coefficients into outputs.

    Args:
        content: of a decoder's file.

    Attributes:
        batch, sizes: see `KINDS`.
        count: int8 values that the model gives for one picture.

    Raises:
        ModelError: the content is no decoder.
    """

    def __init__(self, content: bytes) -> None:
        try:
            with np.load(BytesIO(content), allow_pickle=False) as stored:
                found = {name: stored[name] for name in KINDS}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelError(f"A model's decoder is damaged ({error}).") from error
        modes, rows, copies = found["modes"], found["rows"], found["copies"]
        if (
            any((found[name].dtype, found[name].ndim) != kind for name, kind in KINDS.items())
            or not (rows.size and copies.size and copies.all() and rows.max() < copies.size)
            or found["exponents"].shape != rows.shape
            or modes.shape != (rows.size, found["sizes"].sum(dtype=np.int64))
            or not modes.shape[1:] == found["offset"].shape == found["units"].shape
            or not 0 < modes.shape[1] * int(found["batch"]) <= MAX_VALUES
        ):
            raise ModelError("A model's decoder does not fit together; reinstall landmarkd.")
        self.batch, self.sizes = int(found["batch"]), tuple(map(int, found["sizes"]))
        self.count = int(copies.sum(dtype=np.int64))
        self._rows = rows
        self._begins = np.cumsum(copies, dtype=np.intp) - copies
        self._modes = np.ldexp(modes.astype(np.float64), found["exponents"][:, None])
        self._offset = found["offset"].astype(np.float64)
        self._units = found["units"].astype(np.float64)

    def decode(self, stored: NDArray[np.int8], outputs: Sequence[NDArray[np.float32]]) -> None:
        """Write the outputs, (values,) each, of one picture from the model's values (count,)."""
        sums = np.add.reduceat(stored, self._begins, dtype=np.float64)
        values = (sums[self._rows] @ self._modes + self._offset) * self._units
        begin = 0
        for output, size in zip(outputs, self.sizes, strict=True):
            output[:] = values[begin : begin + size]
            begin += size


class Decoded(Interpreter):
    """An interpreter with a decoder: its inputs and outputs are those of the processor's model.

    Args:
        interpreter: of the int8 model.
        decoder: of the same model.

    Raises:
        ModelError: they do not fit together.
    """

    def __init__(self, interpreter: Interpreter, decoder: Decoder) -> None:
        self._inner, self._decoder = interpreter, decoder
        self._distribution, self.accelerator = interpreter._distribution, interpreter.accelerator
        (taken, *more), (given, *others) = interpreter.inputs, interpreter.outputs
        fits = given.shape == (1, decoder.count) and given.dtype == np.int8
        if more or others or taken.shape[0] != 1 or not fits:
            raise ModelError("A model and its decoder do not fit together; reinstall landmarkd.")
        self._stored = np.empty(given.shape, np.int8)
        batch, real = decoder.batch, np.dtype(np.float32)
        shape = (batch, *taken.shape[1:])
        self.inputs = (
            TensorSpec(taken.name, shape, taken.dtype, taken.scale, taken.zero_point, 0),
        )
        self.outputs = tuple(
            TensorSpec(given.name, (batch, size), real, 0.0, 0, index)
            for index, size in enumerate(decoder.sizes)
        )

    def arrays(self) -> None:
        """Return None: there is no memory that holds all pictures and the outputs."""

    def run(self, inputs: tuple[NDArray[Any], ...], outputs: tuple[NDArray[Any], ...]) -> None:
        """Run the graph for each picture. Raises RuntimeError as the interpreter does."""
        for number in range(self._decoder.batch):
            self._inner.run((inputs[0][number : number + 1],), (self._stored,))
            self._decoder.decode(self._stored[0], [output[number] for output in outputs])
