"""Closer looks: models of one part of the face, whose points are weighed with the landmark model's.

The landmark model sees a whole face in a small square, and draws what it cannot make out toward
the mean: narrow mouths wider, raised brows lower. These see their part alone, in the frame's own
pixels.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.layout import DENSE, Layout
from landmarkd.types import FaceObservation
from landmarkd.vision.geometry import extent_of, facing
from landmarkd.vision.parts import PARTS, followers, places
from landmarkd.vision.patches import cut, feed
from landmarkd.vision.runtime import open_engine
from landmarkd.vision.zoo import Zoo

_WITHOUT_SIGMA = 0.7
"""Share of a part's points where the landmark model says nothing of its uncertainty."""


class PartModel:
    """Reads one part of the face anew.

    Args:
        zoo: where the model lies.
        kind: "mouth" or "brows".
        layout: of the points that it is given.
        threads: for the runtime's CPU kernels.

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
    """

    def __init__(self, zoo: Zoo, kind: str, layout: Layout, *, threads: int = 1) -> None:
        self.kind, self.part, self.layout = kind, PARTS[kind], layout
        self.name, self.card = zoo.part(kind)
        self.engine = open_engine(zoo.verified(self.card), threads=threads, delegate="none")
        part, count = self.part, len(self.part.points)
        shape = (count, part.height, part.width, 3)
        size = len(part.points[0])
        if (
            tuple(self.engine.inputs[0].shape) != shape
            or tuple(self.engine.outputs[0].shape) != (count, 3 * size)
            or self.engine.outputs[0].dtype != np.float32
        ):
            raise ModelError(
                f"{self.card.file} is not the model of the {kind} that the manifest describes; "
                "reinstall landmarkd."
            )
        contract = self.card.input
        self._scale, self._zero = contract.scale or 1.0, contract.zero_point or 0
        self._patches = np.empty(shape, np.uint8)
        chosen = np.concatenate(part.points)
        self._outer_corners = layout.ibug68[[36, 45]]
        self._into = layout.ibug68[chosen]
        self._followers = followers(layout, chosen, part.reach_mm)
        self._centre = np.array([part.width - 1, part.height - 1], np.float32) / 2

    def refine(self, image: NDArray[np.uint8], seen: FaceObservation) -> FaceObservation:
        """Return what was seen with the part's points, and the dense points about them, moved.

        Each point goes as far as this model is surer of it than the landmark model.

        Args:
            image: (height, width, 3) uint8 BGR, that the face was seen in.
            seen: points and standard deviations in this model's layout.
        """
        right, left = seen.points.take(self._outer_corners, axis=0)
        near = facing(right, left, self.part.gone_deg, self.part.fade_deg)
        if near == 0.0:
            return seen
        extent = seen.extent or extent_of(seen.points, self.layout.ibug68)
        where = places(seen.points, self.layout.ibug68, self.part, extent)
        cut(image, where, self._patches)
        target = self.engine.input(0)
        for patch, values in zip(self._patches, target, strict=True):
            feed(patch, values, self._scale, self._zero)
        self.engine.invoke()
        found = self.engine.output(0).reshape(len(where), -1, 3)
        half = self.part.width / 2
        affines = np.array(where, np.float32)
        at = (found[..., :2] * np.float32(half) + self._centre) @ affines[:, :, :2].transpose(
            0, 2, 1
        ) + affines[:, None, :, 2]
        points = seen.points.copy()
        shift = at.reshape(-1, 2) - points[self._into, :2]
        share, sigma = np.float32(near * _WITHOUT_SIGMA), seen.sigma
        if sigma is not None:
            own = sigma[self._into]
            step = half * self.part.share * extent.side / self.part.width
            new = np.exp(np.clip(found[..., 2].reshape(-1), -8.0, 2.0)) * np.float32(step)
            share = np.float32(near) / (1 + np.float32(self.card.doubt) * np.square(new / own))
            sigma = sigma.copy()
            sigma[self._into] = own + share * (new - own)
        points[:DENSE, :2] += self._followers @ (share * shift.T).T
        return replace(seen, points=points, sigma=sigma)

    def close(self) -> None:
        """Release the interpreter."""
        self.engine.close()


def open_parts(zoo: Zoo, choice: str, layout: Layout, *, threads: int = 1) -> list[PartModel]:
    """Return the models of parts that the zoo has, or none if the configuration says "none".

    Raises:
        ModelError: a model is altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
    """
    if choice == "none":
        return []
    kinds = [kind for kind in PARTS if kind in zoo.manifest.default]
    return [PartModel(zoo, kind, layout, threads=threads) for kind in kinds]
