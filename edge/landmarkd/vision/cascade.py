"""OpenCV's boosted cascades: slow, frontal and half-profile only, but in every 4.x wheel."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import MissingPackageError
from landmarkd.types import Detection
from landmarkd.vision.detector import Detector

WORKING_WIDTH = 320
"""Frames are searched at this width, where the smallest face has 24 pixels."""

SMALLEST = 24

# The cascades' squares are not boxes of the 68 points. Centre and longer side of that box in units
# of the square's side: medians over 333 and 507 squares on rendered faces whose points are known;
# across is half by symmetry for the frontal cascade (alt2), and measured for the profile one.
_FRONTAL = (0.50, 0.63, 0.88)
_PROFILE = (0.48, 0.61, 0.74)


class CascadeDetector(Detector):
    """Frontal faces first, then profiles of both sides.

    Raises:
        MissingPackageError: this OpenCV has no cascades, such as OpenCV 5.
    """

    def __init__(self) -> None:
        folder = Path(cv2.__file__).parent / "data"
        self._frontal = cv2.CascadeClassifier()
        self._profile = cv2.CascadeClassifier()
        loaded = self._frontal.load(
            str(folder / "haarcascade_frontalface_alt2.xml")
        ) and self._profile.load(str(folder / "haarcascade_profileface.xml"))
        if not loaded:
            raise MissingPackageError(
                f"OpenCV {cv2.__version__} has no cascades; install opencv-python-headless below 5."
            )

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces in a (height, width, 3) uint8 BGR image, largest first."""
        scale = max(1.0, image.shape[1] / WORKING_WIDTH)
        size = (round(image.shape[1] / scale), round(image.shape[0] / scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale > 1 else image
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        found = self._search(self._frontal, grey, _FRONTAL, scale)
        if not found:
            found = self._search(self._profile, grey, _PROFILE, scale)
        if not found:
            mirrored = self._search(self._profile, cv2.flip(grey, 1), _PROFILE, scale)
            right = image.shape[1] - 1
            found = [
                Detection(
                    face.score, (right - face.box[2], face.box[1], right - face.box[0], face.box[3])
                )
                for face in mirrored
            ]
        return sorted(found, key=lambda face: face.box[0] - face.box[2])

    @staticmethod
    def _search(
        cascade: cv2.CascadeClassifier,
        grey: NDArray[Any],
        fit: tuple[float, float, float],
        scale: float,
    ) -> list[Detection]:
        squares, _, weights = cascade.detectMultiScale3(
            grey, 1.15, 4, minSize=(SMALLEST, SMALLEST), outputRejectLevels=True
        )
        across, down, size = fit
        found = []
        for (x, y, side, _), weight in zip(squares, np.ravel(weights), strict=True):
            middle_x, middle_y, half = x + across * side, y + down * side, size * side / 2
            box = (middle_x - half, middle_y - half, middle_x + half, middle_y + half)
            found.append(
                Detection(
                    float(1 / (1 + np.exp(-weight / 4))),
                    (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale),
                )
            )
        return found
