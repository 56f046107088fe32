"""The base of the models of the zoo: opened and checked by their manifest entry."""

from typing import Any, Generic, Self, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.types import Array
from landmarkd.vision.cards import DetectorCard, LandmarkCard
from landmarkd.vision.runtime import DelegateChoice, Engine
from landmarkd.vision.zoo import Zoo

_Card = TypeVar("_Card", LandmarkCard, DetectorCard)


class PictureModel(Generic[_Card]):
    """A model with a square RGB picture as input.

    Buffers are made once; one instance belongs to one thread.

    Args:
        zoo: where the model is.
        name: of the model, or "default".
        threads: for the runtime's CPU kernels.
        delegate: "none", "auto" or "coral".

    Attributes:
        name, card: of the manifest.
        engine: runs it.

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
        DelegateError: a required accelerator cannot be used.
    """

    name: str
    card: _Card
    engine: Engine

    @classmethod
    def over(cls, name: str, card: _Card, engine: Engine) -> Self:
        """Return a model over an engine that is open already, described by `card`.

        Raises:
            ModelError: the engine does not match its card.
        """
        model = cls.__new__(cls)
        model._adopt(name, card, engine)
        return model

    def close(self) -> None:
        """Release the interpreter and the accelerator."""
        self.engine.close()

    def _open(
        self, zoo: Zoo, found: tuple[str, _Card], threads: int, delegate: DelegateChoice
    ) -> None:
        name, card = found
        self._adopt(name, card, zoo.open(card, threads=threads, delegate=delegate))

    def _adopt(self, name: str, card: _Card, engine: Engine) -> None:
        self.name, self.card, self.engine = name, card, engine
        self._check_input()
        self._table = _quantisation_table(card)
        integers = np.empty((1, 256), np.int8)
        _write_integers(np.arange(256, dtype=np.uint8)[None], integers)
        self._usual = self._table.dtype == np.int8 and np.array_equal(integers, self._table)
        self._views: dict[tuple[str, int], NDArray[Any]] = {}
        self._prepare()

    def _prepare(self) -> None:
        """Check the outputs and make the buffers."""

    def _quantise(self, picture: NDArray[np.uint8]) -> None:
        """Write a (height, width, 3) uint8 RGB picture into the model's input.

        It may lie in the memory of that input.
        """
        values = self.engine.input(0)[0]
        if self._usual:
            _write_integers(picture, values)
        else:
            cv2.LUT(picture, self._table, values)

    def _output(self, name: str, columns: int = 1, rows: NDArray[np.intp] | None = None) -> Array:
        """Return the result of the last invocation, as real values (n, columns).

        Args:
            name: of the output.
            columns: how it is divided; engines shape it in several ways.
            rows: which of them; None for all.
        """
        key = name, columns
        if key not in self._views:
            # The engine's arrays never move.
            index = self.card.outputs[name].index
            self._views[key] = self.engine.output(index).reshape(-1, columns)
        values = self._views[key] if rows is None else self._views[key][rows]
        if values.dtype == np.float32:
            return values
        index = self.card.outputs[name].index
        detail = self.engine.outputs[index]
        return (values.astype(np.float32) - detail.zero_point) * np.float32(detail.scale)

    def _check_input(self) -> None:
        """Compare the file with its manifest entry: a mismatch is an error, not a wrong result."""
        wanted, real = self.card.input, self.engine.inputs[0]
        shape = (1, wanted.height, wanted.width, 3)
        if (
            tuple(real.shape) != shape
            or np.dtype(real.dtype) != np.dtype(wanted.dtype)
            or wanted.width != wanted.height
        ):
            raise ModelError(
                f"{self.card.file} takes {tuple(real.shape)} {np.dtype(real.dtype)}, "
                f"the manifest says {shape} {wanted.dtype}; reinstall landmarkd."
            )


def _write_integers(pixels: NDArray[np.uint8], values: NDArray[np.int8]) -> None:
    """Write the integers of pixels for the usual scale, 1 / 127.5, faster than by a table.

    127 and 128 both become 0, the even one of two neighbours.
    """
    shifted = values.view(np.uint8)
    cv2.convertScaleAbs(pixels, shifted, 254 / 255)
    np.subtract(shifted, 127, out=shifted)


def _quantisation_table(card: LandmarkCard | DetectorCard) -> NDArray[Any]:
    """Return the (1, 256) table from 8-bit pixels to the model's input values."""
    real = np.arange(256) / 127.5 - 1
    if card.input.dtype == "float32":
        return real.astype(np.float32)[None]
    if not card.input.scale or card.input.zero_point is None:
        raise ModelError(
            f"{card.file}: the manifest's input lacks scale or zero_point; reinstall landmarkd."
        )
    limits = np.iinfo(card.input.dtype)
    stored = np.round(real / card.input.scale) + card.input.zero_point
    return np.clip(stored, limits.min, limits.max).astype(card.input.dtype)[None]
