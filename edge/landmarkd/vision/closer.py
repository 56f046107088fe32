"""Closer looks: models of one part of the face, whose points are weighed with the landmark model's.

The landmark model sees a whole face in a small square, and draws what it cannot make out toward
the mean: narrow mouths wider, raised brows lower. These see their part alone, in the frame's own
pixels.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Layout
from landmarkd.types import FaceObservation
from landmarkd.vision.cards import PartCard
from landmarkd.vision.geometry import extent_of, facing
from landmarkd.vision.parts import PARTS, followers, places
from landmarkd.vision.patch_model import PatchModel
from landmarkd.vision.patches import cut
from landmarkd.vision.zoo import Zoo

_WITHOUT_SIGMA = 0.7
"""Share of a part's points where the landmark model says nothing of its uncertainty."""


class PartModel(PatchModel[PartCard]):
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
        part, count = self.part, len(self.part.points)
        shape, results = (count, part.height, part.width, 3), (count, 3 * len(part.points[0]))
        super().__init__(zoo, zoo.part(kind), shape, results, threads)
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
        found = self.read_patches(self._patches).reshape(len(where), -1, 3)
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
