"""What the models of eyes, mouth and brows share: patches of one part in, read in one call."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.vision.cards import EyeCard, PartCard
from landmarkd.vision.geometry import AffineRows
from landmarkd.vision.patches import cut, feed, feed_rows
from landmarkd.vision.runtime import DelegateChoice
from landmarkd.vision.zoo import Zoo

_Card = TypeVar("_Card", EyeCard, PartCard)


class PatchModel(Generic[_Card]):
    """A model of patches.

    Args:
        zoo: where the model lies.
        named: its name and manifest entry.
        shape: (n, height, width, channels) of its input.
        results: (n, values) of its output.
        threads: for the runtime's CPU kernels.
        delegate: "none", "auto" or "coral"; without a version for the Edge TPU it is "none".

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
        DelegateError: a required accelerator cannot be used.
    """

    def __init__(
        self,
        zoo: Zoo,
        named: tuple[str, _Card],
        shape: tuple[int, int, int, int],
        results: tuple[int, int],
        threads: int,
        delegate: DelegateChoice = "none",
    ) -> None:
        self.name: str = named[0]
        self.card: _Card = named[1]
        chosen: DelegateChoice = delegate if self.card.edgetpu else "none"
        self.engine = zoo.open(self.card, threads=threads, delegate=chosen)
        real, given = self.engine.inputs[0], self.engine.outputs[0]
        if (
            tuple(real.shape) != shape
            or np.dtype(real.dtype) != np.dtype(self.card.input.dtype)
            or tuple(given.shape) != results
            or given.dtype != np.float32
        ):
            raise ModelError(
                f"{self.card.file} is not the model of the {self.card.kind} that the manifest "
                "describes; reinstall landmarkd."
            )
        self._scale: float = self.card.input.scale or 1.0
        self._zero: int = self.card.input.zero_point or 0
        patches = np.empty(shape if shape[3] > 1 else shape[:3], np.uint8)
        flat = shape[0], shape[1], -1
        # Views of arrays that never move, made once.
        self._patches = list(patches)
        self._rows = list(
            zip(patches.reshape(flat), self.engine.input(0).reshape(flat), strict=True)
        )

    def look(self, image: NDArray[np.uint8], places: Sequence[AffineRows]) -> None:
        """Run the model on patches, at these places, of a (height, width, 3) uint8 BGR image.

        The results (n, values) are in `engine.output(0)` until the next call.
        """
        cut(image, places, self._patches)
        scale, zero = self._scale, self._zero
        for patch, values in self._rows:
            feed_rows(patch, values, scale, zero)
        self.engine.invoke()

    def read_patches(self, patches: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the results (n, values) for patches (n, height, width) or (n, height, width, 3).

        They are valid until the next call.
        """
        for patch, values in zip(patches, self.engine.input(0), strict=True):
            feed(patch, values, self._scale, self._zero)
        self.engine.invoke()
        out: NDArray[np.float32] = self.engine.output(0)
        return out

    def close(self) -> None:
        """Release the interpreter."""
        self.engine.close()
