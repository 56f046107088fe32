"""Pictures: conversion to BGR, and rotation."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import SourceFormatError
from landmarkd.uri import Uri

LEAST_SIDE, MOST_SIDE = 12, 32766
"""Pixels of the sides of a picture: no face fits into less, and OpenCV warps no more."""

DEPTHS = (10, 12, 16)
"""Bits of the numbers in pictures of 16 bits."""

PACKED: Mapping[str, int | None] = {
    "YUYV": cv2.COLOR_YUV2BGR_YUYV,
    "UYVY": cv2.COLOR_YUV2BGR_UYVY,
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "NV21": cv2.COLOR_YUV2BGR_NV21,
    "YU12": cv2.COLOR_YUV2BGR_I420,
    "YV12": cv2.COLOR_YUV2BGR_YV12,
    "GREY": cv2.COLOR_GRAY2BGR,
    "RGB3": cv2.COLOR_RGB2BGR,
    "BGR3": None,
}
"""V4L2 formats that are converted here, with the conversion of OpenCV."""

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def rotation_option(uri: Uri) -> int:
    """Return the option ``rotation``: degrees clockwise to make a picture upright.

    Raises:
        UsageError: not 0, 90, 180 or 270.
    """
    return int(uri.choice("rotation", ("0", "90", "180", "270")))


def turned(image: NDArray[np.uint8], rotation: int) -> NDArray[np.uint8]:
    """Return a picture rotated clockwise by 0, 90, 180 or 270 degrees; the same object for 0."""
    if rotation == 0:
        return image
    return np.asarray(cv2.rotate(image, _TURNS[rotation]), np.uint8)


def refuse_size(shape: tuple[int, ...], name: str) -> None:
    """Refuse a picture in which no face can be read.

    Args:
        shape: of the picture, height and width first.
        name: of the frame or file, for the error.

    Raises:
        SourceFormatError: it is too small or too large.
    """
    height, width = shape[:2]
    if min(height, width) < LEAST_SIDE or max(height, width) > MOST_SIDE:
        raise SourceFormatError(
            f"{name} is a picture of {width}x{height} pixels; sides are from {LEAST_SIDE} to "
            f"{MOST_SIDE} pixels."
        )


def to_bgr(image: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Return a picture (grey, with alpha, or 16 bits deep) as (height, width, 3) uint8 BGR.

    One in 16 bits whose largest number fits into 10 or 12 is of a camera of that depth: taken for
    the darkest 1.6 or 6.2 % of 16 bits, it would be black.

    Args:
        image: from a decoder.
        name: of the frame or file, for the error.

    Raises:
        SourceFormatError: empty, or an unusual type of picture.
    """
    if not isinstance(image, np.ndarray):
        # None is what cv2.imread returns for a file that it cannot read.
        raise SourceFormatError(f"{name} is no picture, but a {type(image).__name__}.")
    if image.dtype == np.uint16 and image.size:
        colours = image[:, :, :3] if image.ndim == 3 else image  # without alpha
        most = int(colours.max())
        bits = next(bits for bits in DEPTHS if most < 1 << bits)
        image = np.minimum(image >> bits - 8, 255).astype(np.uint8)
    if image.size == 0 or image.dtype != np.uint8 or image.ndim not in {2, 3}:
        raise SourceFormatError(f"{name} is no picture: {image.shape} {image.dtype}.")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 3:
        return image
    conversion = {1: cv2.COLOR_GRAY2BGR, 4: cv2.COLOR_BGRA2BGR}.get(channels)
    if conversion is None:
        raise SourceFormatError(f"{name} has {channels} channels; grey, BGR and BGRA can be used.")
    converted: NDArray[np.uint8] = np.asarray(cv2.cvtColor(image, conversion), np.uint8)
    return converted
