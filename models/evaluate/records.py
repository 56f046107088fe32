"""The data of the evaluation: faces with known points, and groups of points that are compared."""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]

INNER51 = np.arange(17, 68)
"""The iBUG points without the jaw, whose 2D contour differs from our 3D jaw by definition."""

REGIONS = {
    "jaw": np.arange(17),
    "brows": np.arange(17, 27),
    "nose": np.arange(27, 36),
    "eyes": np.arange(36, 48),
    "mouth": np.arange(48, 68),
}

YAW_BINS = ((0.0, 30.0), (30.0, 60.0), (60.0, 90.0))
"""Bins of |yaw| in degrees, (0, 30], (30, 60], (60, 90], of the 3DDFA protocol."""


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One face of a data set.

    Attributes:
        group: name of the set.
        name: of the face, unique within its set.
        image: a picture's path, or the picture itself, (height, width, 3) uint8 BGR.
        points: (68, 2) in the order of iBUG, pixels, NaN where nobody labelled a point.
        box: x0, y0, x1, y1, tight about the labelled points, pixels.
        pose_deg: pitch, yaw, roll in degrees, or None if unknown.
        openness: gap of the lids over the width of the eye, subject's right and left, or None.
        tags: attributes of the face, for tables by attribute.
        subject: identifier of the person, so that folds keep a person together; empty: a person
            with one face.
    """

    group: str
    name: str
    image: Path | NDArray[np.uint8]
    points: Points
    box: Box
    pose_deg: tuple[float, float, float] | None = None
    openness: tuple[float, float] | None = None
    tags: frozenset[str] = field(default_factory=frozenset)
    subject: str = ""

    def __post_init__(self) -> None:
        if self.points.shape != (68, 2):
            raise ValueError(
                f"{self.name}: expected 68 points with x and y, not {self.points.shape}"
            )
        if not (self.box[2] > self.box[0] and self.box[3] > self.box[1]):
            raise ValueError(f"{self.name}: the box {self.box} is empty")

    @property
    def size(self) -> float:
        """The size that the benchmark divides by: the square root of the box's area, pixels."""
        return float(np.sqrt((self.box[2] - self.box[0]) * (self.box[3] - self.box[1])))

    def read(self) -> NDArray[np.uint8]:
        """Return the picture, (height, width, 3) uint8 BGR.

        Raises:
            ValueError: if the file is no picture.
        """
        if isinstance(self.image, np.ndarray):
            return self.image
        return read_image(self.image)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (height, width, 3) uint8 BGR, as stored: labels ignore Exif's rotation.

    Raises:
        ValueError: if it is not a picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ValueError(f"{path} is not a picture")
    return image


def tight_box(points: Points) -> Box:
    """Return the tight box of (n, 2) points, those that are NaN left out."""
    low, high = np.nanmin(points, 0), np.nanmax(points, 0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
