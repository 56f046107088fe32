"""Patches of a face: where they lie, and cutting those of one part from one strip of the frame.

Patch pixels have their centres at integers; an affine leads from them to image pixels.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.types import FaceExtent

PatchRows = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Rows of a (2, 3) affine from patch pixels to image pixels, which turns and scales alike."""

_EDGE_PX = 2
"""What the strip has beyond the patches, for the samples between pixels."""


def upright(extent: FaceExtent) -> tuple[float, float]:
    """Return the cosine and the sine of a face's roll, times the side of its extent."""
    turn = math.radians(extent.roll)
    return extent.side * math.cos(turn), extent.side * math.sin(turn)


def place(
    middle: Sequence[float],
    face: tuple[float, float],
    size: tuple[int, int],
    share: float,
    *,
    down: float = 0.0,
    mirrored: bool = False,
) -> PatchRows:
    """Return the affine of a patch that is upright in the face.

    Args:
        middle: x and y of what the patch is about, image pixels.
        face: what `upright` says of it.
        size: width and height of the patch, its pixels.
        share: width of the patch over the side of the extent.
        down: how far below `middle` the patch lies, in its widths.
        mirrored: whether it shows left and right exchanged.
    """
    width, height = size
    step = share / width
    a, d = step * face[0], step * face[1]
    left, top = (width - 1) / 2, (height - 1) / 2 - down * width
    x, y = middle[0], middle[1]
    right, below = (-a, -d) if mirrored else (a, d)
    return (right, -d, x - right * left + d * top), (below, a, y - below * left - a * top)


def cut(image: NDArray[np.uint8], places: Sequence[PatchRows], patches: NDArray[np.uint8]) -> None:
    """Write patches of an image, shrunk by the mean of pixels where they are.

    Args:
        image: (height, width, 3) uint8 BGR.
        places: of the patches, all of one scale and turn, some of them mirrored.
        patches: (n, height, width) uint8 grey or (n, height, width, 3) uint8 BGR, written.
    """
    rows, columns = patches.shape[1:3]
    x0, y0, x1, y1 = _strip_of(places, columns - 1, rows - 1, image.shape)
    (a, _, _), (d, _, _) = places[0]
    factor = max(1, round(math.hypot(a, d)))
    # The mean of factor² pixels each, as an area filter takes it.
    across, down = max((x1 - x0) // factor, 1), max((y1 - y0) // factor, 1)
    part: NDArray[Any] = image[y0 : min(y0 + down * factor, y1), x0 : min(x0 + across * factor, x1)]
    strip = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) if patches.ndim == 3 else part
    if factor > 1:
        strip = cv2.resize(strip, (across, down), interpolation=cv2.INTER_AREA)
    middle = (factor - 1) / 2
    for patch, ((a, b, x), (d, e, y)) in zip(patches, places, strict=True):
        moved = np.array(
            (
                (a / factor, b / factor, (x - x0 - middle) / factor),
                (d / factor, e / factor, (y - y0 - middle) / factor),
            )
        )
        cv2.warpAffine(
            strip,
            moved,
            (columns, rows),
            dst=patch,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )


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
    places: Sequence[PatchRows], right: int, bottom: int, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 of the part of an image that holds all patches; at least one pixel.

    Args:
        places: of the patches.
        right: last column of a patch.
        bottom: last row of a patch.
        shape: of the image, height and width first.
    """
    # Half of what a patch covers along x and y, the same for all of them, and its middle.
    (a, b, _), (d, e, _) = places[0]
    half_x = (abs(a) * right + abs(b) * bottom) / 2
    half_y = (abs(d) * right + abs(e) * bottom) / 2
    middles_x = [x + (a * right + b * bottom) / 2 for (a, b, x), _ in places]
    middles_y = [y + (d * right + e * bottom) / 2 for _, (d, e, y) in places]
    height, width = shape[:2]
    x0 = min(max(math.floor(min(middles_x) - half_x) - _EDGE_PX, 0), width - 1)
    y0 = min(max(math.floor(min(middles_y) - half_y) - _EDGE_PX, 0), height - 1)
    x1 = max(min(math.ceil(max(middles_x) + half_x) + _EDGE_PX + 1, width), x0 + 1)
    y1 = max(min(math.ceil(max(middles_y) + half_y) + _EDGE_PX + 1, height), y0 + 1)
    return x0, y0, x1, y1
