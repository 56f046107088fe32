"""Squares of an image, turned and scaled to what a model is fed."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.types import RegionOfInterest
from landmarkd.vision.geometry import AffineRows, rows_from_crop

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
LINE_PX = 21
"""Pixels of three bytes in a cache line of 64."""
MOST_HALVINGS = 5
"""Maximum reduction by averaging; a larger face is sampled with gaps."""


class Cutter:
    """Cuts squares of images to one size, averaging where they are shrunk.

    Args:
        crop: (size, size, 3) uint8, what is cut is written there.
    """

    def __init__(self, crop: NDArray[np.uint8]) -> None:
        self._size, self._crop = len(crop), crop
        self._scratch = [np.empty((0, 0, 3), np.uint8)] * MOST_HALVINGS

    def cut(self, image: NDArray[np.uint8], roi: RegionOfInterest) -> NDArray[np.uint8]:
        """Return a region of a (height, width, 3) uint8 BGR image as (size, size, 3) RGB.

        The array is the cutter's and holds until the next cut; black is outside of the image.
        """
        halvings = 0
        if roi.side >= 2 * self._size:
            halvings = min(MOST_HALVINGS, int(math.log2(roi.side / self._size)))
        image, affine = self._shrunk(image, roi, rows_from_crop(roi, self._size), halvings)
        size = self._size, self._size
        cv2.warpAffine(image, np.array(affine), size, self._crop, _FLAGS, cv2.BORDER_CONSTANT)
        cv2.cvtColor(self._crop, cv2.COLOR_BGR2RGB, dst=self._crop)
        return self._crop

    def _shrunk(
        self,
        image: NDArray[np.uint8],
        roi: RegionOfInterest,
        affine: AffineRows,
        halvings: int,
    ) -> tuple[NDArray[np.uint8], AffineRows]:
        """Return the part of the image about the region, halved some times, and the affine into it.

        OpenCV takes the mean of 2x2 pixels ten times faster than that of 3x3, and the crop shrinks
        what is left by less than two, as it does with a face that needs no halving.
        """
        shrink = 1 << halvings
        turn = math.radians(roi.angle)
        reach = roi.side / 2 * (abs(math.cos(turn)) + abs(math.sin(turn))) + shrink
        x0, y0 = max(0, int(roi.x - reach)), max(0, int(roi.y - reach))
        width = (min(image.shape[1], int(roi.x + reach) + 1) - x0) // shrink
        height = (min(image.shape[0], int(roi.y + reach) + 1) - y0) // shrink
        if width < 1 or height < 1:
            return image, affine
        part: NDArray[Any] = image[y0 : y0 + height * shrink, x0 : x0 + width * shrink]
        # One byte of each cache line first: the processor fetches many lines at a time then, and
        # what follows does not wait for each of them.
        part[:, ::LINE_PX, 0].copy()
        if not halvings:
            return image, affine
        for level in range(halvings):
            rows, columns = part.shape[0] // 2, part.shape[1] // 2
            scratch = self._scratch[level]
            if scratch.shape[0] < rows or scratch.shape[1] < columns:
                scratch = self._scratch[level] = np.empty((rows, columns, 3), np.uint8)
            part = cv2.resize(
                part,
                (columns, rows),
                dst=scratch[:rows, :columns],
                interpolation=cv2.INTER_AREA,
            )
        # A shrunk pixel's centre lies at the middle of the pixels that it averages.
        (a, b, x), (d, e, y) = affine
        x, y = (x - x0 + 0.5) / shrink - 0.5, (y - y0 + 0.5) / shrink - 0.5
        return part, ((a / shrink, b / shrink, x), (d / shrink, e / shrink, y))
