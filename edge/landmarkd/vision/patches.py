"""Patches of a face: where they lie, and cutting those of one part from one strip of the frame.

Patch pixels have their centres at integers; an affine leads from them to image pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.types import Array, FaceExtent
from landmarkd.vision.geometry import AffineRows

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_EDGE_PX = 2
"""What the strip has beyond the patches, for the samples between pixels."""


@dataclass(frozen=True, slots=True)
class PatchShape:
    """A patch that is upright in the face.

    Attributes:
        width, height: its pixels.
        share: its width over the side of the face's extent.
        down: how far below its middle point the patch lies, in its widths.
        mirrored: whether it shows left and right exchanged.
    """

    width: int
    height: int
    share: float
    down: float = 0.0
    mirrored: bool = False


def upright(extent: FaceExtent) -> tuple[float, float]:
    """Return the cosine and the sine of a face's roll, times the side of its extent."""
    turn = math.radians(extent.roll)
    return extent.side * math.cos(turn), extent.side * math.sin(turn)


class Placing:
    """Places all patches of a face at once.

    For few numbers a numpy call costs more than its calculation, so all results come from a sum of
    two constant matrices, times the cosine and the sine of the roll.

    Args:
        shapes: of the patches.
    """

    def __init__(self, shapes: Sequence[PatchShape]) -> None:
        columns = np.zeros((6, len(shapes), 2))
        for number, shape in enumerate(shapes):
            step = shape.share / shape.width
            left, top = (shape.width - 1) / 2, (shape.height - 1) / 2
            across, half = -step if shape.mirrored else step, shape.width / 2
            below = shape.down * shape.width
            # Of an upright face: the columns of the affine, then those of that from halves of the
            # width about the patch's centre.
            columns[:, number] = (
                (across, 0.0),
                (0.0, step),
                (-across * left, step * (below - top)),
                (half * across, 0.0),
                (0.0, half * step),
                (0.0, step * below),
            )
        self._cosine = columns
        self._sine = np.stack([-columns[:, :, 1], columns[:, :, 0]], axis=2)

    def of(self, middles: Array, face: tuple[float, float]) -> tuple[list[AffineRows], Array]:
        """Return affines to image pixels, from patch pixels, and from halves of the width.

        Args:
            middles: (n, 2) what the patches are about, image pixels.
            face: result of `upright`.

        Returns:
            The rows of each patch's affine, and (n, 3, 2) float32, the columns of the others.
        """
        found = self._cosine * face[0]
        found += self._sine * face[1]
        found[2::3] += middles
        rows: list[AffineRows] = found[:3].transpose(1, 2, 0).tolist()
        return rows, np.ascontiguousarray(found[3:].transpose(1, 0, 2), np.float32)


def cut(
    image: NDArray[np.uint8], places: Sequence[AffineRows], patches: Sequence[NDArray[np.uint8]]
) -> None:
    """Write patches of an image, shrunk by the mean of pixels where they are.

    Args:
        image: (height, width, 3) uint8 BGR.
        places: of the patches, all of one scale and turn, some of them mirrored.
        patches: n of (height, width) uint8 grey or (height, width, 3) uint8 BGR, written.
    """
    rows, columns = patches[0].shape[:2]
    grey = patches[0].ndim == 2
    factor = max(1, round(math.hypot(places[0][0][0], places[0][1][0])))
    part: NDArray[Any] = image
    left = top = 0.0
    if grey or factor > 1:
        x0, y0, x1, y1 = _strip_of(places, columns - 1, rows - 1, image.shape)
        # The mean of factor² pixels each, as an area filter takes it.
        across, down = max((x1 - x0) // factor, 1), max((y1 - y0) // factor, 1)
        part = image[y0 : min(y0 + down * factor, y1), x0 : min(x0 + across * factor, x1)]
        if grey:
            part = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
        if factor > 1:
            part = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
        # A shrunk pixel's centre lies at the middle of the pixels that it averages.
        left, top = x0 + (factor - 1) / 2, y0 + (factor - 1) / 2
    for patch, ((a, b, x), (d, e, y)) in zip(patches, places, strict=True):
        place = np.array(
            (
                (a / factor, b / factor, (x - left) / factor),
                (d / factor, e / factor, (y - top) / factor),
            )
        )
        cv2.warpAffine(part, place, (columns, rows), patch, _FLAGS, cv2.BORDER_REPLICATE)


def feed(patch: NDArray[np.uint8], values: NDArray[Any], scale: float, zero_point: int) -> None:
    """Write a patch as a network's input: 0.4 (value - mean) / (deviation + 0.01), in [-1, 1].

    Args:
        patch: (height, width) or (height, width, 3) uint8; mean and deviation are of all colours.
        values: int8 or float32 of the same shape, written.
        scale: of the input's integers; 1 for float32.
        zero_point: the same; 0 for float32.
    """
    feed_rows(patch.reshape(len(patch), -1), values.reshape(len(values), -1), scale, zero_point)


def feed_rows(patch: NDArray[np.uint8], values: NDArray[Any], scale: float, zero: int) -> None:
    """Do what `feed` does with arrays (height, width) or (height, 3 width)."""
    mean, deviation = cv2.meanStdDev(patch)
    # In one step, in units of 255.
    gain = 0.4 / (deviation.item() + 2.55) / scale
    offset = zero - gain * mean.item()
    if values.dtype == np.int8:
        cv2.addWeighted(patch, gain, patch, 0.0, offset, dst=values, dtype=cv2.CV_8S)
        return
    cv2.addWeighted(patch, gain, patch, 0.0, offset, dst=values, dtype=cv2.CV_32F)
    np.clip(values, -1.0, 1.0, out=values)


def _strip_of(
    places: Sequence[AffineRows], right: int, bottom: int, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 of the part of an image that holds all patches; at least one pixel.

    Args:
        places: of the patches.
        right: last column of a patch.
        bottom: last row of a patch.
        shape: of the image, height and width first.
    """
    # Half of what a patch covers along x and y, the same for all of them, and their middles.
    (a, b, x), (d, e, y) = places[0]
    half_x = (abs(a) * right + abs(b) * bottom) / 2
    half_y = (abs(d) * right + abs(e) * bottom) / 2
    x0 = x1 = x + (a * right + b * bottom) / 2
    y0 = y1 = y + (d * right + e * bottom) / 2
    for (a, b, x), (d, e, y) in places[1:]:
        across, down = x + (a * right + b * bottom) / 2, y + (d * right + e * bottom) / 2
        x0, x1, y0, y1 = min(x0, across), max(x1, across), min(y0, down), max(y1, down)
    height, width = shape[:2]
    left = min(max(math.floor(x0 - half_x) - _EDGE_PX, 0), width - 1)
    top = min(max(math.floor(y0 - half_y) - _EDGE_PX, 0), height - 1)
    return (
        left,
        top,
        max(min(math.ceil(x1 + half_x) + _EDGE_PX + 1, width), left + 1),
        max(min(math.ceil(y1 + half_y) + _EDGE_PX + 1, height), top + 1),
    )
