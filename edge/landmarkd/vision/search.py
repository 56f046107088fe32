"""Search for a face: the detector proposes, the landmark model and a second look decide.

A single picture is searched at once. In a stream without a face, a frame costs at most one run of
the detector and sometimes one of the landmark model: other proposals wait for the next frames.
Only a face that the landmark model may have found needs a second, near run of the detector.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.stages import StageClock
from landmarkd.types import Box, Detection, FaceObservation, RegionOfInterest
from landmarkd.vision.belief import belief
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_overlap
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.ranking import Ranking

LEAST_PROPOSAL = 0.15
"""Least score of a detector's answer that the landmark model then looks at."""

SURE = 0.5
"""From this score on a proposal is looked at in its own frame."""

MOST_LOOKS = 3
"""Most proposals of one look of the detector that are looked at."""

ROLLS = (90, -90, 180, 45, -45, 135, -135)
"""Rolls of faces that are looked for when none stands upright, degrees."""

TURNED_PAUSE_S = 1.0
"""Pause between looks at a turned frame while nobody is there."""

UPRIGHT_LOOKS = 3
"""Where the detector looks at every frame, as with a slow camera, a due turned look takes the place
of an upright one, but only after so many upright looks."""

USUAL_ROLL_DEG, TURNED_ODDS = 35.0, 0.1
"""Odds against a face with a larger roll: such faces are this many times as rare."""

UNSETTLED_DEG, MOST_SETTLING = 12.0, 3
"""A face that is believed is looked at again as long as its region turns by more than this, so many
times at most: faces that lie on their side are proposed upright as well."""

NEARLY = 0.2
"""A face believed less than this share of what is asked for is not read upside down as well."""

REMEMBERED_S = 0.5
"""Time in which a place that was not a face is not looked at again."""

SAME_PLACE = 0.4
"""Intersection over union from which two boxes are at the same place."""


@dataclass(frozen=True, slots=True)
class _Refused:
    box: Box
    until_ns: int


class FaceSearch:
    """Finds the face to follow.

    Args:
        model: reads what is proposed.
        detector: proposes.
        ranking: which face to follow.
        presence: least score at which a face is believed that the detector is sure of.

    Attributes:
        least_px: least longer side of a face that may be found now, pixels.
    """

    def __init__(
        self, model: LandmarkModel, detector: Detector, ranking: Ranking, presence: float
    ) -> None:
        self.model, self.detector = model, detector
        self.least_px = 0.0
        self._ranking, self._presence = ranking, presence
        # A model without `belief` sees only proposals that the detector is sure of.
        taught = model.card.belief is not None
        self._least = LEAST_PROPOSAL if taught else SURE
        self._rolls = ROLLS if taught else ()
        self.reset()

    def reset(self) -> None:
        """Forget what waits to be looked at and what was no face."""
        self._waiting: deque[Detection] = deque()
        # Apart, because the next upright look replaces what waits from the one before.
        self._turned: deque[Detection] = deque()
        self._refused: list[_Refused] = []
        self._looked_before = False
        self._next_turn, self._upright_in_row = 0, 0
        self._turn_after_ns: int | None = None

    def at_once(self, image: NDArray[np.uint8], clock: StageClock) -> FaceObservation | None:
        """Return the face of a single picture, with all searches: upright first, then rotated."""
        for roll in (0, *self._rolls):
            for proposal in self.proposals(image, clock, self._least, roll):
                seen = self.read(image, proposal, clock)
                if seen is not None:
                    return seen
        return None

    def step(
        self, image: NDArray[np.uint8], now_ns: int, clock: StageClock, *, whole: bool
    ) -> FaceObservation | None:
        """Return the face to follow if the one or two looks of this frame find it.

        Args:
            image: of the frame.
            now_ns: capture time of the frame.
            clock: for the stages.
            whole: whether the detector may look at the frame.
        """
        rested, self._looked_before = not self._looked_before, False
        turning = self._turns_at(now_ns) and (not whole or self._upright_in_row >= UPRIGHT_LOOKS)
        upright = whole and not turning
        self._upright_in_row = self._upright_in_row + 1 if upright else 0
        if upright:
            self._refused = [place for place in self._refused if place.until_ns > now_ns]
            found = self.proposals(image, clock, self._least)
            self._waiting = deque(face for face in found if not self._is_refused(face))
            if self._waiting and self._waiting[0].score >= SURE:
                return self._read_next(self._waiting, image, now_ns, clock)
        if turning:
            self._turn_after_ns = now_ns + round(TURNED_PAUSE_S * 1e9)
            roll = self._rolls[self._next_turn]
            self._next_turn = (self._next_turn + 1) % len(self._rolls)
            self._turned = deque(self.proposals(image, clock, SURE, roll))
            if self._turned:
                return self._read_next(self._turned, image, now_ns, clock)
        waiting = self._turned or self._waiting
        if waiting and rested:
            self._looked_before = True
            return self._read_next(waiting, image, now_ns, clock)
        return None

    def _turns_at(self, now_ns: int) -> bool:
        """Return whether a turned look is due."""
        if self._turn_after_ns is None:
            self._turn_after_ns = now_ns + round(TURNED_PAUSE_S * 1e9)
        return bool(self._rolls) and now_ns >= self._turn_after_ns

    def proposals(
        self, image: NDArray[np.uint8], clock: StageClock, least: float, roll: float = 0
    ) -> list[Detection]:
        """Return the proposals for the landmark model, the best ranked face first."""
        found = self.detector.propose(image, least, roll)
        clock.lap("detect")
        wanted = [
            (value * min(1.0, face.score / SURE), n, face)
            for n, face in enumerate(found)
            if (value := self._ranking.value(face.box, image.shape)) > 0
        ]
        return [face for _, _, face in sorted(wanted, reverse=True)[:MOST_LOOKS]]

    def read(
        self, image: NDArray[np.uint8], proposal: Detection, clock: StageClock
    ) -> FaceObservation | None:
        """Return the result of the landmark model for a proposal, or None if it is no face."""
        seen = look(self.model, image, self.model.first_roi(proposal.box, proposal.angle), clock)
        if self.model.has_presence:
            seen = self._righted(image, seen, proposal.score, clock)
            if not self._is_believed(image, seen, proposal.score, clock):
                return None
            seen = self._settled(image, seen, clock)
        box = self.model.extent(seen).box
        ibug68 = self.model.layout.ibug68
        possible = max(box[2] - box[0], box[3] - box[1]) >= self.least_px
        possible = possible and self._ranking.plausible(seen.points, ibug68, box, image.shape)
        return seen if possible and self._ranking.value(box, image.shape) > 0 else None

    def _settled(
        self, image: NDArray[np.uint8], seen: FaceObservation, clock: StageClock
    ) -> FaceObservation:
        """Return a face as it is read once its region does not turn any more.

        The region goes all the way to the points: points that are unsure because the face lies on
        its side would hold a region that followed them by their certainty.
        """
        for _ in range(MOST_SETTLING):
            roi = self.model.region(seen)
            if abs((roi.angle - seen.roi.angle + 180) % 360 - 180) <= UNSETTLED_DEG:
                break
            seen = self.model.locate(image, roi, clock)
        return seen

    def _is_believed(
        self, image: NDArray[np.uint8], seen: FaceObservation, score: float, clock: StageClock
    ) -> bool:
        """Return whether it is a face; the detector looks at it near where that can decide."""
        contract, extent = self.model.card.belief, self.model.extent(seen)
        odds = TURNED_ODDS if abs(extent.roll) > USUAL_ROLL_DEG else 1.0
        least, most = (
            belief(seen, score, contract, odds, near) >= self._presence for near in (0.0, 1.0)
        )
        if least or not most:
            return least
        near = self.detector.confirm(image, extent)
        clock.lap("detect")
        return belief(seen, score, contract, odds, near) >= self._presence

    def _belief(self, seen: FaceObservation, score: float) -> float:
        return belief(seen, score, self.model.card.belief)

    def _righted(
        self, image: NDArray[np.uint8], seen: FaceObservation, score: float, clock: StageClock
    ) -> FaceObservation:
        """Return a face as read upside down, if this is better."""
        if self._belief(seen, score) < NEARLY * self._presence:
            return seen
        roi = self.model.next_roi(seen)
        other = self.model.locate(
            image, RegionOfInterest(roi.x, roi.y, roi.side, roi.angle + 180), clock
        )
        if self._belief(other, score) <= self._belief(seen, score):
            return seen
        other = self.model.locate(image, self.model.next_roi(other), clock)
        return max(seen, other, key=lambda each: self._belief(each, score))

    def _read_next(
        self,
        waiting: deque[Detection],
        image: NDArray[np.uint8],
        now_ns: int,
        clock: StageClock,
    ) -> FaceObservation | None:
        proposal = waiting.popleft()
        seen = self.read(image, proposal, clock)
        if seen is None:
            until_ns = now_ns + round(REMEMBERED_S * 1e9)
            self._refused.append(_Refused(proposal.box, until_ns))
        else:
            # The others are old when this face is lost.
            self._waiting.clear()
            self._turned.clear()
        return seen

    def _is_refused(self, face: Detection) -> bool:
        return any(box_overlap(face.box, place.box) >= SAME_PLACE for place in self._refused)


def look(
    model: LandmarkModel, image: NDArray[np.uint8], roi: RegionOfInterest, clock: StageClock
) -> FaceObservation:
    """Read a face somewhere in `roi`: once there, and once around the found points."""
    first = model.locate(image, roi, clock)
    return model.locate(image, model.next_roi(first), clock)
