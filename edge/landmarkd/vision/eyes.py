"""The eye model: looks at each eye closely and puts the lids and irises where they are.

The landmark model sees a whole face in a small square and spends 18 of its pixels on the width of
an eye. This one sees the same eye alone, in the frame's own pixels, for a twentieth of the work.
"""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import ModelError
from landmarkd.layout import DENSE, LAYOUTS, Indices, Layout, canonical_points
from landmarkd.types import Array, FaceObservation
from landmarkd.vision.eye_patch import HEIGHT, WIDTH, image_from_patch, to_image
from landmarkd.vision.geometry import Affine
from landmarkd.vision.runtime import open_engine
from landmarkd.vision.zoo import Zoo

POINTS = 21
FULL = LAYOUTS["landmarkd-562"]
_RING_MM = (8.0, 24.0)
ERROR_PX = 1.2
"""Root mean square error of a point, patch pixels, on synthetic test eyes that can be seen."""


_SIDES = (
    (np.arange(536, 552), np.arange(557, 562)),
    (np.arange(520, 536), np.arange(552, 557)[[0, 3, 2, 1, 4]]),
)
"""Lid and iris of the left and of the right eye. The right one is read as a mirrored left one: the limbus' right and
left change places."""


def _eye(lid: Indices, iris: Indices) -> tuple[Indices, Indices]:
    """Return the indices that the model's points go to, and those of the skin round the eye."""
    head = canonical_points(FULL)
    distance = np.linalg.norm(head[:DENSE] - head[lid].mean(0), axis=1)
    return np.concatenate([lid, iris]), np.flatnonzero(
        (distance > _RING_MM[0]) & (distance < _RING_MM[1])
    )


class EyeModel:
    """Reads lids and irises from the frame; its results have the full layout, whatever the landmark model's.

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
        self.name, self.card = zoo.eyes(name)
        self.engine = open_engine(zoo.verified(self.card), threads=threads, delegate="none")
        real = self.engine.inputs[0]
        if tuple(real.shape) != (1, HEIGHT, WIDTH, 1) or tuple(self.engine.outputs[0].shape) != (
            1,
            2 * POINTS + 1,
        ):
            raise ModelError(
                f"{self.card.file} is not the eye model that the manifest describes; reinstall landmarkd."
            )
        self._scale, self._zero = self.card.input.scale or 1.0, self.card.input.zero_point or 0
        self._limits = (-1.0, 1.0) if real.dtype == np.float32 else (-128.0, 127.0)
        self._values = np.empty((HEIGHT, WIDTH), np.float32)
        self._patch = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        self._grey = np.empty((HEIGHT, WIDTH), np.uint8)
        self._into, self._around = zip(*(_eye(*side) for side in _SIDES), strict=True)

    def refine(self, image: NDArray[np.uint8], seen: FaceObservation) -> FaceObservation:
        """Return what was seen with lids and irises read anew: (562, 3) points, and whether each eye can be seen.

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
        left, right = (
            self._read(image, affine, number, points, sigma)
            for number, affine in enumerate(image_from_patch(points, FULL.ibug68))
        )
        return replace(seen, points=points, sigma=sigma, eyes_visible=(left, right))

    def close(self) -> None:
        """Release the interpreter."""
        self.engine.close()

    def _read(
        self,
        image: NDArray[np.uint8],
        affine: Affine,
        number: int,
        points: Array,
        sigma: Array | None,
    ) -> float:
        self._cut(image, affine)
        out = self._infer()
        found = out[: 2 * POINTS].reshape(POINTS, 2) * np.float32(WIDTH / 2)
        found += np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], np.float32)
        into = self._into[number]
        points[into, :2] = to_image(found, affine)
        points[into, 2] = _depth_on_skin(points, self._around[number], into)
        if sigma is not None:
            sigma[into] = ERROR_PX * math.hypot(affine[0, 0], affine[1, 0])
        return 1.0 / (1.0 + math.exp(-float(out[-1])))

    def _cut(self, image: NDArray[np.uint8], affine: Affine) -> None:
        """Write the patch into its buffer, averaging where it is shrunk."""
        step = math.hypot(affine[0, 0], affine[1, 0])
        factor = max(1, math.ceil(step))
        if factor == 1:
            size, wide = (WIDTH, HEIGHT), affine
        else:
            # Several samples for each pixel, then their mean: what an area filter does.
            size = (WIDTH * factor, HEIGHT * factor)
            shift = 0.5 / factor - 0.5
            wide = np.array(
                [[a / factor, b / factor, c + shift * (a + b)] for a, b, c in affine.tolist()]
            )
        picture = cv2.warpAffine(
            image,
            wide,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if factor > 1:
            picture = cv2.resize(
                picture, (WIDTH, HEIGHT), dst=self._patch, interpolation=cv2.INTER_AREA
            )
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY, dst=self._grey)

    def _infer(self) -> NDArray[np.float32]:
        # One step from grey values to input values: 0.4 (grey - mean) / (deviation + 0.01), in
        # units of 255.
        mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(self._grey))
        gain = 0.4 / (deviation + 2.55)
        target = self.engine.input(0)
        values = np.multiply(self._grey, np.float32(gain / self._scale), out=self._values)
        values -= np.float32(gain * mean / self._scale - self._zero)
        if target.dtype != np.float32:
            np.rint(values, out=values)
        np.clip(values, *self._limits, out=target[0, :, :, 0], casting="unsafe")
        self.engine.invoke()
        out: NDArray[np.float32] = self.engine.output(0)[0]
        return out


def open_eyes(zoo: Zoo, name: str, *, threads: int = 1) -> EyeModel | None:
    """Return the eye model that the configuration asks for: None for "none", and for "default" in a zoo without any.

    Raises:
        ModelError: the model is unknown, altered or does not match its manifest entry.
        InferenceRuntimeError: there is no TFLite runtime that works.
    """
    if name == "none" or (name == "default" and "eyes" not in zoo.manifest.default):
        return None
    return EyeModel(zoo, name, threads=threads)


def _depth_on_skin(
    points: Array, around: NDArray[np.intp], into: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the depth of points that lie on the plane through the skin round an eye."""
    skin = points.take(around, axis=0).astype(np.float64)
    middle = skin.sum(0) / len(skin)
    skin -= middle
    # The plane's slopes from the normal equations of least squares, two by two.
    (xx, xy, xz), (_, yy, yz), _ = (skin.T @ skin).tolist()
    determinant = xx * yy - xy * xy
    if determinant <= 1e-9 * max(xx, yy) ** 2:
        return np.full(len(into), middle[2], np.float32)
    slope = np.array([(xz * yy - yz * xy) / determinant, (yz * xx - xz * xy) / determinant])
    depth: NDArray[np.float32] = ((points[into, :2] - middle[:2]) @ slope + middle[2]).astype(
        np.float32
    )
    return depth
