"""The eye model: looks at each eye closely and puts the lids and irises where they are.

The landmark model sees a whole face in a small square and spends 18 of its pixels on the width of
an eye. This one sees both eyes alone, each in the frame's own pixels, in one call.
"""

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, LAYOUTS, Indices, Layout, canonical_points
from landmarkd.vision.cards import EyeCard
from landmarkd.vision.eye_patch import HEIGHT, WIDTH
from landmarkd.vision.eye_reading import OUTPUTS
from landmarkd.vision.patch_model import PatchModel
from landmarkd.vision.runtime import DelegateChoice
from landmarkd.vision.zoo import Zoo

FULL = LAYOUTS["landmarkd-562"]
_RING_MM = (8.0, 24.0)
_SIDES = (
    (np.arange(536, 552), np.arange(557, 562)),
    (np.arange(520, 536), np.arange(552, 557)[[0, 3, 2, 1, 4]]),
)
"""Lid and iris of the left and of the right eye. The right one is read as a mirrored left one: the
limbus' right and left change places."""


def _eye(lid: Indices, iris: Indices) -> tuple[Indices, Indices]:
    """Return the indices that the model's points go to, and those of the skin round the eye."""
    head = canonical_points(FULL)
    distance = np.linalg.norm(head[:DENSE] - head[lid].mean(0), axis=1)
    return np.concatenate([lid, iris]), np.flatnonzero(
        (distance > _RING_MM[0]) & (distance < _RING_MM[1])
    )


class EyeModel(PatchModel[EyeCard]):
    """Reads lids, irises and gaze; its results have the full layout.

    Attributes:
        order: (42,) which of the points of both patches is the next of the layout's after the
            dense ones.
        skin: indices of the dense points round both eyes.
        depth: (42, len(skin)) weights of their depths that give the depths of lids and irises;
            double precision, see `vision.sums`.

    Args:
        zoo: where the model lies.
        name: of the model, or "default".
        threads: for the runtime's CPU kernels.
        delegate: see `PatchModel`.

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
        DelegateError: a required accelerator cannot be used.
    """

    layout: Layout = FULL

    def __init__(
        self,
        zoo: Zoo,
        name: str = "default",
        *,
        threads: int = 1,
        delegate: DelegateChoice = "none",
    ) -> None:
        shape, results = (2, HEIGHT, WIDTH, 1), (2, OUTPUTS)
        super().__init__(zoo, zoo.eyes(name), shape, results, threads, delegate)
        into, around = zip(*(_eye(*side) for side in _SIDES), strict=True)
        self.order: Indices = np.argsort(np.concatenate(into))
        depth = np.concatenate([_depth_weights(*each) for each in zip(into, around, strict=True)])
        self.skin: Indices = np.flatnonzero(depth.any(0))
        self.depth: NDArray[np.float64] = np.ascontiguousarray(depth[self.order][:, self.skin])


def open_eyes(
    zoo: Zoo, name: str, *, threads: int = 1, delegate: DelegateChoice = "none"
) -> EyeModel | None:
    """Return the eye model of the configuration, or None; raises the errors of `EyeModel`."""
    if name == "none" or (name == "default" and "eyes" not in zoo.manifest.default):
        return None
    return EyeModel(zoo, name, threads=threads, delegate=delegate)


def _depth_weights(into: Indices, around: Indices) -> NDArray[np.float64]:
    """Return weights (21, DENSE) that give the depth on the plane through the skin round an eye.

    Of the mean head: the least squares plane through the skin's points, taken where the eye's are.
    """
    head = canonical_points(FULL).astype(np.float64)
    skin, eye = ((np.insert(head[index, :2], 0, 1.0, axis=1)) for index in (around, into))
    weights = np.zeros((len(into), DENSE))
    weights[:, around] = eye @ np.linalg.pinv(skin)
    return weights
