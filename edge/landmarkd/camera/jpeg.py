"""JPEG frames of cameras: decoded at the needed size; damaged frames are errors."""

import re

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from landmarkd import MAX_PIXELS
from landmarkd.errors import SourceFormatError

FORMATS = frozenset({"MJPG", "JPEG"})
"""The V4L2 formats that are decoded here."""

SCALES = (8, 4, 2, 1)
"""libjpeg decodes at 1/2, 1/4 and 1/8 of the size in less time."""

MAX_PADDING = 16
"""Many webcams have a few bytes before a marker, with a warning of libjpeg; lost packets have
more."""

_PADDING = re.compile(r"(\d+) extraneous bytes? before marker")


def decode_jpeg(data: NDArray[np.uint8], scale: int, name: str) -> NDArray[np.uint8]:
    """Decode one JPEG picture as (height, width, 3) uint8 BGR.

    A truncated picture, or one with lost bytes, is an error here; the decoder of OpenCV returns it
    with a grey lower part.

    Args:
        data: (n,) uint8, the file's bytes; zeros behind its end are allowed.
        scale: 1, 2, 4 or 8: divides the sides of the picture, rounded up.
        name: of the source, for the error.

    Raises:
        SourceFormatError: no JPEG, or a damaged one.
    """
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
        if height * width > MAX_PIXELS:
            raise ValueError
        image = np.empty((-(-height // scale), -(-width // scale), 3), np.uint8)
    except ValueError as error:
        raise SourceFormatError(f"{name} delivered a frame that is no JPEG picture.") from error
    try:
        rows, columns, _ = image.shape
        simplejpeg.decode_jpeg(
            data, "BGR", min_height=rows, min_width=columns, buffer=image, strict=True
        )
    except ValueError as error:
        # The picture is complete although there is a warning.
        padding = _PADDING.search(str(error))
        if padding is None or int(padding[1]) > MAX_PADDING:
            raise SourceFormatError(f"{name} delivered a damaged frame: {error}.") from error
    return image


def jpeg_scale(given: tuple[int, int], wanted: tuple[int, int]) -> int:
    """Return the largest scale at which a picture of size `given` is not smaller than `wanted`."""
    return next(
        scale
        for scale in SCALES
        if scale == 1
        or all(-(-have // scale) >= want for have, want in zip(given, wanted, strict=True))
    )
