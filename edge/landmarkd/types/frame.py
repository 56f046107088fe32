"""A picture and the camera that made it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the camera.

    Attributes:
        source: a URI or a file name.
        sequence: number of the frame at its source, from 0; gaps are frames that were not
            delivered.
        captured_ns: monotonic time of the capture, nanoseconds.
        image: (height, width, 3) uint8, BGR.
    """

    source: str
    sequence: int
    captured_ns: int
    image: NDArray[np.uint8]

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                f"a frame is (height, width, 3) uint8, this one is {image.shape} {image.dtype}"
            )


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera, with OpenCV's distortion model.

    Attributes:
        fx, fy: focal lengths, pixels.
        cx, cy: principal point, pixels.
        width, height: image size for which these are valid, pixels.
        origin: "calibrated:NAME", "preset:NAME", "guess:60deg".
        distortion: k1, k2, p1, p2, k3.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    origin: str
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
