"""Following one face: detect when there is none, otherwise look where it was; notice when it is gone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import SourceFormatError
from landmarkd.settings.tracker import TrackerSettings
from landmarkd.stages import StageClock
from landmarkd.types import Detection, FaceObservation, Frame, RegionOfInterest
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_of, box_overlap, eased
from landmarkd.vision.landmarks import LandmarkModel

RETRY_GROWTH = 1.25
"""Each fruitless detection makes the next pause this much longer, up to `longest_retry_s`."""

CONFIRMED_OVERLAP = 0.3
"""A detection that covers this much of the tracked face, as intersection over union, confirms it."""

UNCONFIRMED_LIMIT = 2
"""A model that does not say whether it sees a face loses it after so many checks in a row without a detection."""

CHECK_WINDOW = 1.4
"""A tracked face is looked for in a window of this many of its regions, not in the whole frame."""

INSIDE_SHARE = 0.4
"""A face with fewer of its points inside the frame than this has left it."""


@dataclass(slots=True)
class _Track:
    roi: RegionOfInterest
    checked_ns: int
    unconfirmed: int = 0


class Tracker:
    """Finds a face in each frame, or says that there is none.

    Args:
        model: the landmark model.
        detector: finds faces in whole frames.
        settings: thresholds and pauses.
        checker: looks whether a tracked face is still there, if the model does not say so itself;
            the detector if none is given.
    """

    def __init__(
        self,
        model: LandmarkModel,
        detector: Detector,
        settings: TrackerSettings,
        checker: Detector | None = None,
    ) -> None:
        self.model = model
        self.detector = detector
        self.checker = checker or detector
        self.settings = settings
        self._track: _Track | None = None
        self._pause_s = settings.retry_s
        self._detect_after_ns = 0
        self._shape: tuple[int, ...] | None = None

    def reset(self) -> None:
        """Forget the face and look for one in the next frame."""
        self._track = None
        self._detect_after_ns = 0
        self._pause_s = self.settings.retry_s

    def track(self, frame: Frame, clock: StageClock) -> FaceObservation | None:
        """Return the face of this frame or None.

        Raises:
            SourceFormatError: the frame is too small to hold a face.
            DelegateError: the accelerator was lost.
        """
        if frame.image.shape != self._shape:
            if min(frame.image.shape[:2]) < self.settings.smallest_px:
                height, width = frame.image.shape[:2]
                raise SourceFormatError(
                    f"{frame.source}: a frame of {width}x{height} pixels is too small for a face."
                )
            self.reset()
            self._shape = frame.image.shape
        if self._track is None:
            return self._find(frame, clock)
        return self._follow(frame, self._track, clock)

    def close(self) -> None:
        """Release the detectors; the model is its owner's."""
        self.detector.close()
        self.checker.close()

    def _find(self, frame: Frame, clock: StageClock) -> FaceObservation | None:
        if frame.captured_ns < self._detect_after_ns:
            return None
        faces = self.detector.detect(frame.image)
        clock.lap("detect")
        for face in self._ranked(faces, frame.image.shape):
            seen = look(self.model, frame.image, self.model.first_roi(face.box, face.angle), clock)
            if seen.score >= self.settings.presence and self._plausible(seen, frame.image.shape):
                self._track = _Track(self.model.next_roi(seen), frame.captured_ns)
                self._pause_s = self.settings.retry_s
                return seen
        self._detect_after_ns = frame.captured_ns + round(self._pause_s * 1e9)
        self._pause_s = min(self.settings.longest_retry_s, self._pause_s * RETRY_GROWTH)
        return None

    def _follow(self, frame: Frame, track: _Track, clock: StageClock) -> FaceObservation | None:
        seen = self.model.locate(frame.image, track.roi, clock)
        kept = seen.score >= self.settings.tracking and self._plausible(seen, frame.image.shape)
        if kept and frame.captured_ns - track.checked_ns >= self.settings.recheck_s * 1e9:
            kept = self.model.has_presence or self._confirmed(frame, seen, track, clock)
            track.checked_ns = frame.captured_ns
        if not kept:
            self.reset()
            return self._find(frame, clock)
        track.roi = eased(track.roi, self.model.next_roi(seen))
        return seen

    def _confirmed(
        self, frame: Frame, seen: FaceObservation, track: _Track, clock: StageClock
    ) -> bool:
        """Return False once the checker has often enough not seen the face that is being tracked."""
        reach = CHECK_WINDOW * seen.roi.side / 2
        x0, y0 = max(0, int(seen.roi.x - reach)), max(0, int(seen.roi.y - reach))
        window = frame.image[y0 : int(seen.roi.y + reach), x0 : int(seen.roi.x + reach)]
        points = seen.points.take(self.model.layout.ibug68, axis=0)
        box = box_of(points[:, :2] - np.array([x0, y0], np.float32))
        faces = self.checker.detect(window)
        clock.lap("detect")
        if any(box_overlap(face.box, box) >= CONFIRMED_OVERLAP for face in faces):
            track.unconfirmed = 0
        else:
            track.unconfirmed += 1
        return track.unconfirmed < UNCONFIRMED_LIMIT

    def _ranked(self, faces: list[Detection], shape: tuple[int, ...]) -> list[Detection]:
        """Return the faces in the order in which they are wanted: nearest to the seat, or largest."""
        if self.settings.seat is None:
            return sorted(faces, key=lambda face: _area(face.box), reverse=True)
        x0, y0, x1, y1 = self.settings.seat
        middle = np.array([(x0 + x1) / 2 * shape[1], (y0 + y1) / 2 * shape[0]])

        def distance(face: Detection) -> float:
            centre = np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2
            return float(np.linalg.norm(centre - middle))

        return sorted(faces, key=distance)

    def _plausible(self, seen: FaceObservation, shape: tuple[int, ...]) -> bool:
        """Return whether the points can be a face of this image: finite, not tiny or huge, enough of it inside."""
        points = seen.points.take(self.model.layout.ibug68, axis=0)
        if not math.isfinite(float(seen.points.sum())):
            return False
        x0, y0, x1, y1 = box_of(points)
        if not self.settings.smallest_px <= max(x1 - x0, y1 - y0) <= 3 * max(shape[:2]):
            return False
        if x0 >= 0 and y0 >= 0 and x1 < shape[1] and y1 < shape[0]:
            return True
        inside = ((points[:, :2] >= 0) & (points[:, :2] < (shape[1], shape[0]))).all(1).mean()
        return bool(inside >= INSIDE_SHARE)


def look(
    model: LandmarkModel, image: NDArray[np.uint8], roi: RegionOfInterest, clock: StageClock
) -> FaceObservation:
    """Look at a face that is somewhere in `roi`: once there, and once more about the points found."""
    first = model.locate(image, roi, clock)
    return model.locate(image, model.next_roi(first), clock)


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
