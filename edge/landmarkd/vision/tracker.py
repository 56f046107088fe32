"""Follows one face: searches without a face, then reads its region, until it is lost."""

import logging
from dataclasses import dataclass

import numpy as np

from landmarkd.settings.tracker import TrackerSettings
from landmarkd.stages import StageClock
from landmarkd.types import Box, FaceObservation, Frame, RegionOfInterest
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_of, box_overlap, eased, rotation_needed
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.persons import Persons
from landmarkd.vision.ranking import Ranking, UsualSize
from landmarkd.vision.search import SURE, FaceSearch

log = logging.getLogger(__name__)

RETRY_GROWTH = 1.25
"""Each detection without a face makes the next pause longer by this factor, up to
`longest_retry_s`."""

CONFIRMED_OVERLAP = 0.3
"""A detection with this intersection over union with the tracked face confirms it."""

UNCONFIRMED_LIMIT = 2
"""A model without presence loses its face after this many checks without a detection."""

AGAIN = 1 / 3
"""A check that finds another face, or not the tracked one, is repeated after this share of the
pause: so a rival takes over within 1.5 pauses, and steady tracking is checked half as often."""

CHECK_WINDOW = 1.4
"""A tracked face is looked for in a window of this many of its regions, not in the whole frame."""

CLEARLY_BETTER = 1.3
"""Another face takes over when its value is this many times as high, see `Ranking.value`…"""

WANTED_CHECKS = 2
"""…at this many checks in a row."""

LOST_S = 0.25
"""A lost face is read where it was in every frame for this long, so that a dark or blurred frame
takes only itself and not the pause until the detector looks again. Ours."""

UPSIDE_DOWN_S = 3.0
"""A face that stays so for this long shows that the camera is mounted that way."""


@dataclass(slots=True)
class _Track:
    roi: RegionOfInterest
    checked_ns: int
    seen_ns: int
    lost: bool = False
    unconfirmed: int = 0
    outdone: int = 0


class Tracker:
    """Finds the face in each frame, if there is one.

    The first frame, and the first one after `reset`, is searched thoroughly; it may be a picture
    that stands alone. See `landmarkd.vision.search` for the others.

    Args:
        model: the landmark model.
        detector: finds faces in whole frames.
        settings: thresholds and pauses.
        checker: checks a tracked face if the model has no presence; default: the detector.
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
        self._ranking = Ranking(settings.seat, settings.smallest_px)
        self._search = FaceSearch(model, detector, self._ranking, settings.presence)
        self._shape: tuple[int, ...] | None = None
        self._captured_ns = 0
        self._told = False
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next frame is of another picture or another camera."""
        self.interrupt()
        self._persons = Persons()
        self._usual = UsualSize()

    def interrupt(self) -> None:
        """Forget the face, but not how many persons there were: frames are missing."""
        self._lose()
        self._search.reset()
        self._fresh = True
        self._rotation = 0
        self._turned_since_ns: int | None = None

    def another_person(self) -> None:
        """Count the face of the next frame as another person's."""
        self._persons.another()

    def track(self, frame: Frame, clock: StageClock) -> FaceObservation | None:
        """Return the face of this frame or None.

        Raises:
            DelegateError: the accelerator was lost.
        """
        if frame.image.shape != self._shape:
            self.interrupt()
            self.another_person()
            self._usual = UsualSize()
            self._shape = frame.image.shape
        if frame.captured_ns < self._captured_ns:
            self._go_back(frame.captured_ns)
        self._captured_ns = frame.captured_ns
        seen = None if self._track is None else self._follow(frame, self._track, clock)
        if seen is None:
            self._search.least_px = self._usual.least(frame.captured_ns)
            seen = self._find(frame, clock)
        if seen is None:
            return None
        extent = self.model.extent(seen)
        if self.settings.seat is not None:
            x0, y0, x1, y1 = extent.box
            self._usual.learn(max(x1 - x0, y1 - y0), frame.captured_ns)
        self._note_turn(frame, extent.roll)
        # Nobody else has it yet.
        seen.track, seen.extent = self._persons.number(extent.box, frame.captured_ns), extent
        return seen

    def close(self) -> None:
        """Release the detectors, but not the model."""
        self.detector.close()
        self.checker.close()

    def _lose(self) -> None:
        """Drop the face and search in the next frame."""
        self._track: _Track | None = None
        self._detect_after_ns = 0
        self._pause_s = self.settings.retry_s

    def _go_back(self, now_ns: int) -> None:
        """End all pauses: by a clock that goes back, as from one video to the next, they last."""
        self._detect_after_ns = 0
        self._search.reset()
        self._turned_since_ns = None
        if self._track is not None:
            self._track.checked_ns = self._track.seen_ns = now_ns

    def _find(self, frame: Frame, clock: StageClock) -> FaceObservation | None:
        if self._fresh:
            self._fresh, whole = False, True
            seen = self._search.at_once(frame.image, clock)
        else:
            whole = frame.captured_ns >= self._detect_after_ns
            seen = self._search.step(frame.image, frame.captured_ns, clock, whole=whole)
        if seen is not None:
            self._track = self._begin(seen, frame.captured_ns)
            self._pause_s = self.settings.retry_s
        elif whole:
            self._detect_after_ns = frame.captured_ns + round(self._pause_s * 1e9)
            self._pause_s = min(self.settings.longest_retry_s, self._pause_s * RETRY_GROWTH)
        return seen

    def _follow(self, frame: Frame, track: _Track, clock: StageClock) -> FaceObservation | None:
        """Return the followed face or another one that replaces it; None if it is lost."""
        seen = self.model.locate(frame.image, track.roi, clock)
        box, value = self.model.extent(seen).box, 0.0
        least = self.settings.presence if track.lost else self.settings.tracking
        if seen.score >= least and self._ranking.plausible(
            seen.points, self.model.layout.ibug68, box, frame.image.shape
        ):
            value = self._ranking.value(box, frame.image.shape, kept=True)
        if value and frame.captured_ns - track.checked_ns >= self._pause_ns(track):
            track.checked_ns = frame.captured_ns
            if not self.model.has_presence and not self._confirmed(frame, seen, track, clock):
                value = 0.0
            elif (rival := self._rival(frame, box, value, track, clock)) is not None:
                self._persons.another()
                self._track = self._begin(rival, frame.captured_ns)
                return rival
        if not value:
            self._miss(track, frame.captured_ns)
            return None
        if track.lost:
            track.lost = False
            # What waits to be looked at is old when this face is lost again.
            self._search.reset()
        track.roi, track.seen_ns = eased(track.roi, self.model.next_roi(seen)), frame.captured_ns
        return seen

    def _begin(self, seen: FaceObservation, now_ns: int) -> _Track:
        return _Track(self.model.next_roi(seen), now_ns, now_ns)

    def _miss(self, track: _Track, now_ns: int) -> None:
        """Search for the followed face, and keep its region for `LOST_S`."""
        if not track.lost:
            self._lose()
            track.lost = True
        # Without presence, only the checker can say that a face is there.
        kept = self.model.has_presence and now_ns - track.seen_ns <= LOST_S * 1e9
        self._track = track if kept else None

    def _pause_ns(self, track: _Track) -> float:
        """Return how long to wait for the next check: shorter after a doubtful one."""
        doubt = track.outdone or track.unconfirmed
        return self.settings.recheck_s * (AGAIN if doubt else 1.0) * 1e9

    def _rival(
        self, frame: Frame, box: Box, value: float, track: _Track, clock: StageClock
    ) -> FaceObservation | None:
        """Return a face that ranked clearly above the one in `box` at checks in a row."""
        wanted = CLEARLY_BETTER * value
        others = [
            face
            for face in self._search.proposals(frame.image, clock, SURE)
            if box_overlap(face.box, box) < CONFIRMED_OVERLAP
            and self._ranking.value(face.box, frame.image.shape) >= wanted
        ]
        track.outdone = track.outdone + 1 if others else 0
        if track.outdone < WANTED_CHECKS:
            return None
        track.outdone = 0
        seen = self._search.read(frame.image, others[0], clock)
        if seen is None:
            return None
        mine = self._ranking.value(self.model.extent(seen).box, frame.image.shape)
        return seen if mine >= wanted else None

    def _confirmed(
        self, frame: Frame, seen: FaceObservation, track: _Track, clock: StageClock
    ) -> bool:
        """Return False after the checker has missed the tracked face often enough."""
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

    def _note_turn(self, frame: Frame, roll: float) -> None:
        """Detect a camera that is mounted upside down or on its side, and log it once."""
        rotation = rotation_needed(roll)
        if rotation != self._rotation or self._turned_since_ns is None:
            self._rotation, self._turned_since_ns = rotation, frame.captured_ns
        if frame.captured_ns - self._turned_since_ns < UPSIDE_DOWN_S * 1e9:
            return
        if rotation and not self._told:
            self._told = True
            how = "stands on its head" if rotation == 180 else "lies on its side"
            log.warning(
                "%s: the face %s in the picture, so the camera seems to be mounted that way. Turn "
                "the camera, or add rotation=%d to the source.",
                frame.source,
                how,
                rotation,
            )
