"""Finding faces in a whole frame: the interface, the table of detectors and the null detector."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from landmarkd import registry
from landmarkd.errors import UsageError
from landmarkd.types import Detection, FaceExtent

ENTRY_POINTS = "landmarkd.detectors"
DETECTORS = {
    "cascade": "landmarkd.vision.cascade:CascadeDetector",
    "network": "landmarkd.vision.face_detector:FaceDetector",
}


class Detector(ABC):
    """Finds faces.

    Detectors are built with only the number of threads, and are used by one thread.
    """

    @abstractmethod
    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces in a (height, width, 3) uint8 BGR image, best first."""

    def propose(
        self, image: NDArray[np.uint8], least: float = 0.5, roll: float = 0.0
    ) -> list[Detection]:
        """Return possible faces in an image, best first; the caller decides.

        Args:
            image: (height, width, 3) uint8 BGR.
            least: minimum score of a proposal, 0 to 1; detectors without scores ignore it.
            roll: rotate the image so that faces with this roll are upright, degrees clockwise. A
                detector that cannot do this returns nothing.
        """
        del least
        return [] if roll else self.detect(image)

    def confirm(self, image: NDArray[np.uint8], extent: FaceExtent) -> float | None:
        """Return the score of a face that was read, seen upright and near, or None if unknown.

        Args:
            image: (height, width, 3) uint8 BGR.
            extent: where the face was read.
        """
        del image, extent
        return None

    def close(self) -> None:  # noqa: B027 - most detectors hold nothing
        """Release the resources of the detector."""


def make_detector(name: str) -> Detector:
    """Return a detector by its name.

    Raises:
        UsageError: if there is none.
        MissingPackageError: a needed package is not installed.
    """
    try:
        detector: Detector = registry.load(DETECTORS, ENTRY_POINTS, name)()
    except KeyError:
        known = ", ".join(registry.Names(DETECTORS, ENTRY_POINTS))
        raise UsageError(f"Unknown detector {name!r}; known are {known}.") from None
    return detector
