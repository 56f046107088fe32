"""Pictures for tests of the tracker, made from the bundled clip."""

from functools import cache

import cv2
import numpy as np
from landmarkd.types import Frame
from numpy.typing import NDArray

from tests import clip

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]

FACE = 5
"""A frame of the clip whose face looks ahead."""

HEAD = 0.45
"""Margin that is cut out around the box of a face, as a share of its longer side."""


@cache
def head(index: int = FACE) -> tuple[Image, Box]:
    """Return the surroundings of a frame's face and the face's box in them."""
    x0, y0, x1, y1 = clip.box(index)
    reach = HEAD * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - reach)), max(0, int(y0 - reach))
    image = clip.frames()[index].image[top : int(y1 + reach), left : int(x1 + reach)]
    return image, (x0 - left, y0 - top, x1 - left, y1 - top)


def empty(height: int = 480, width: int = 640) -> Image:
    """Return a wall with a little grain, a door and a lamp, so that the camera does not count as
    covered."""
    grain = np.random.default_rng(7).integers(0, 12, (height, width, 1), np.uint8)
    image = np.repeat(grain + np.uint8(90), 3, 2)
    image[:, width * 15 // 16 :] //= 3
    image[: height // 8, width // 3 : width // 2] *= 2
    return image


def put(image: Image, x: float, y: float, size: float, index: int = FACE, wide: float = 1.0) -> Box:
    """Paste a head with a face `size` pixels long at x, y, in place; return the face's box.

    A head that is `wide` times as wide is another person's.
    """
    picture, box = head(index)
    scale = size / max(box[2] - box[0], box[3] - box[1])
    across = wide * scale
    picture = cv2.resize(picture, None, fx=across, fy=scale, interpolation=cv2.INTER_AREA)
    left = round(x - (box[0] + box[2]) / 2 * across)
    top = round(y - (box[1] + box[3]) / 2 * scale)
    x0, y0 = max(0, left), max(0, top)
    part = image[y0 : top + picture.shape[0], x0 : left + picture.shape[1]]
    part[:] = picture[y0 - top :, x0 - left :][: part.shape[0], : part.shape[1]]
    x0, y0, x1, y1 = box
    return left + x0 * across, top + y0 * scale, left + x1 * across, top + y1 * scale


def at(second: float, image: Image, sequence: int = 0) -> Frame:
    """Return a frame captured at a second."""
    return Frame("test:", sequence, round(second * 1e9), image)


def turned(image: Image, points: NDArray[np.float32], degrees: float) -> tuple[Image, Image]:
    """Return an image turned clockwise about its middle, all of it, and its points (n, 2) there."""
    height, width = image.shape[:2]
    affine = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    cosine, sine = abs(affine[0, 0]), abs(affine[0, 1])
    size = round(height * sine + width * cosine), round(height * cosine + width * sine)
    affine[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(image, affine, size), points @ affine[:, :2].T + affine[:, 2]
