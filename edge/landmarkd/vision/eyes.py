"""The eye model: looks at each eye closely and puts the lids and irises where they are.

The landmark model sees a whole face in a small square and spends 18 of its pixels on the width of
an eye. This one sees both eyes alone, each in the frame's own pixels, in one call.
"""

import math

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, LAYOUTS, Indices, Layout, canonical_points
from landmarkd.types import EyeReading, FaceObservation
from landmarkd.vision.cards import EyeCard
from landmarkd.vision.eye_patch import HEIGHT, LEFT_CORNERS, RIGHT_CORNERS, WIDTH, places
from landmarkd.vision.eye_reading import LIDS, OUTPUTS, POINTS, read
from landmarkd.vision.geometry import extent_of
from landmarkd.vision.lid_corners import follow_lids
from landmarkd.vision.patch_model import PatchModel
from landmarkd.vision.patches import cut
from landmarkd.vision.zoo import Zoo

FULL = LAYOUTS["landmarkd-562"]
_RING_MM = (8.0, 24.0)
_SIDES = (
    (np.arange(536, 552), np.arange(557, 562)),
    (np.arange(520, 536), np.arange(552, 557)[[0, 3, 2, 1, 4]]),
)
"""Lid and iris of the left and of the right eye. The right one is read as a mirrored left one: the
limbus' right and left change places."""
_COUNTS = (LIDS, LIDS, POINTS - LIDS, POINTS - LIDS)
"""Points of the right lid, the left lid, the right iris and the left iris in the layout."""


def _eye(lid: Indices, iris: Indices) -> tuple[Indices, Indices]:
    """Return the indices that the model's points go to, and those of the skin round the eye."""
    head = canonical_points(FULL)
    distance = np.linalg.norm(head[:DENSE] - head[lid].mean(0), axis=1)
    return np.concatenate([lid, iris]), np.flatnonzero(
        (distance > _RING_MM[0]) & (distance < _RING_MM[1])
    )


class EyeModel(PatchModel[EyeCard]):
    """Reads lids, irises and gaze from the frame; its results have the full layout.

    Args:
        zoo: where the model lies.
        name: of the model, or "default".
        threads: for the runtime's CPU kernels.

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
    """

    layout: Layout = FULL

    def __init__(self, zoo: Zoo, name: str = "default", *, threads: int = 1) -> None:
        super().__init__(zoo, zoo.eyes(name), (2, HEIGHT, WIDTH, 1), (2, OUTPUTS), threads)
        into, around = zip(*(_eye(*side) for side in _SIDES), strict=True)
        self._eyes = np.empty((2, POINTS, 3), np.float32)
        self._order = np.argsort(np.concatenate(into))
        self._corners = FULL.ibug68[[*LEFT_CORNERS, *RIGHT_CORNERS]]
        depth = np.stack([_depth_weights(*each) for each in zip(into, around, strict=True)])
        self._skin = np.flatnonzero(depth.any((0, 1)))
        self._depth = np.ascontiguousarray(depth[:, :, self._skin])

    def refine(self, image: NDArray[np.uint8], seen: FaceObservation) -> FaceObservation:
        """Return what was seen with (562, 3) points, lids and irises read again, and both readings.

        Args:
            image: (height, width, 3) uint8 BGR, that the face was seen in.
            seen: of a landmark model with or without lids. If it gives standard deviations, those
                of the lids and irises become the eye model's.
        """
        points = np.empty((FULL.count, 3), np.float32)
        points[: len(seen.points)] = seen.points
        sigma = None
        if seen.sigma is not None:
            sigma = np.empty(FULL.count, np.float32)
            sigma[:DENSE] = seen.sigma[:DENSE]
        extent = seen.extent or extent_of(points, FULL.ibug68)
        where = places(points, self._corners, extent)
        cut(image, where, self._patches)
        found = read(self.read_patches(self._patches))
        affines = np.array(where, np.float32)
        eyes = self._eyes
        np.matmul(found.points, affines[:, :, :2].transpose(0, 2, 1), out=eyes[:, :, :2])
        eyes[:, :, :2] += affines[:, None, :, 2]
        eyes[:, :, 2] = self._depth @ points[:, 2].take(self._skin)
        eyes.reshape(-1, 3).take(self._order, axis=0, out=points[DENSE:])
        step = math.hypot(where[0][0][0], where[0][1][0])
        if sigma is not None:
            both = (*reversed(found.sigma_lids), *reversed(found.sigma_iris))
            sigma[DENSE:] = np.repeat(np.array(both) * step, _COUNTS)
        readings = []
        for number, ((a, b, _), (d, e, _)) in enumerate(where):
            x, y = found.gaze[number]
            readings.append(
                EyeReading(
                    found.shut[number],
                    found.down[number],
                    found.share[number],
                    ((a * x + b * y) / step, (d * x + e * y) / step),
                    found.sigma_gaze[number],
                    self.card.ahead_share,
                )
            )
        follow_lids(points, sigma, (found.seen[1], found.seen[0]))
        return FaceObservation(
            seen.score,
            seen.roi,
            points,
            sigma,
            (found.seen[0], found.seen[1]),
            (readings[0], readings[1]),
            seen.track,
            extent,
        )


def open_eyes(zoo: Zoo, name: str, *, threads: int = 1) -> EyeModel | None:
    """Return the eye model that the configuration asks for, or None if there is none.

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
    """
    if name == "none" or (name == "default" and "eyes" not in zoo.manifest.default):
        return None
    return EyeModel(zoo, name, threads=threads)


def _depth_weights(into: Indices, around: Indices) -> NDArray[np.float32]:
    """Return weights (21, DENSE) that give the depth on the plane through the skin round an eye.

    Of the mean head: the least squares plane through the skin's points, taken where the eye's are.
    """
    head = canonical_points(FULL).astype(np.float64)
    skin, eye = ((np.insert(head[index, :2], 0, 1.0, axis=1)) for index in (around, into))
    weights = np.zeros((len(into), DENSE), np.float32)
    weights[:, around] = eye @ np.linalg.pinv(skin)
    return weights
