"""Reads the eyes, the mouth and the brows again with their models and combines all results.

The landmark model sees a whole face in a small square. Details that it cannot see become average:
narrow mouths too wide, raised brows too low, closed lids open. The models of the parts see only
their part, with the pixels of the frame. For so few numbers a numpy call costs more than its
calculation, so the results of all models go through the same few calls.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Layout
from landmarkd.stages import StageClock
from landmarkd.types import Array, EyeReading, FaceObservation
from landmarkd.vision.closer import PartModel
from landmarkd.vision.eye_patch import (
    LEFT_CORNERS,
    RIGHT_CORNERS,
    SHAPES,
    WIDTH_SHARE,
)
from landmarkd.vision.eye_reading import LIDS, LOG_SIGMA, OUTPUTS, POINTS, SEEN, said
from landmarkd.vision.eyes import EyeModel
from landmarkd.vision.follower import Follower, Group
from landmarkd.vision.geometry import extent_of
from landmarkd.vision.lid_corners import EYES, FADE_DEG, GONE_DEG, REACH_MM, ring_weights
from landmarkd.vision.patches import Placing, upright
from landmarkd.vision.sums import Sums

_EYES_MIDDLES = (LEFT_CORNERS, RIGHT_CORNERS)
_ACROSS = tuple(-1.0 if shape.mirrored else 1.0 for shape in SHAPES)
_LEAST_LOG, _MOST_LOG = np.float32(-8.0), np.float32(2.0)
"""Limits of the standard deviations, for pictures unlike all training pictures."""


class Refiner:
    """Reads eyes, mouth and brows again, with the available models.

    Args:
        eyes: the eye model, or None; with it results have the full layout.
        parts: the models of mouth and brows.
        layout: of the results.

    Attributes:
        layout: of the results.
    """

    def __init__(self, eyes: EyeModel | None, parts: Sequence[PartModel], layout: Layout) -> None:
        self.layout = layout
        self._eyes, self._parts = eyes, tuple(parts)
        self._follower = Follower(
            layout,
            [
                Group(EYES, REACH_MM, without_sigma=1.0),
                *(
                    Group(
                        np.concatenate(each.part.points),
                        each.part.reach_mm,
                        # `spread` changes only the reported deviations, not the movement.
                        each.card.doubt / each.card.spread**2,
                    )
                    for each in self._parts
                ),
            ],
        )
        self._index()

    def _index(self) -> None:
        """Make the index tables from the results of the networks to points and deviations."""
        engines = [each.engine for each in (self._eyes, *self._parts) if each is not None]
        shapes = [*SHAPES] if self._eyes is not None else []
        self._rows: list[slice] = []
        for each in self._parts:
            self._rows.append(slice(len(shapes), len(shapes) + len(each.part.points)))
            shapes += each.part.shapes
        self._placing = Placing(shapes)
        patches, total = len(shapes), len(self._follower.into)
        self._outs: list[tuple[Array, slice]] = []
        count = 0
        for engine in engines:
            out = engine.output(0).reshape(-1)
            self._outs.append((out, slice(count, count + out.size)))
            count += out.size
        # The last one is a constant 1.
        self._raw = np.ones(count + 1, np.float32)
        # Index of x, y and 1 of each point of each patch; the unused rest of a row repeats one.
        self._xy = np.zeros((patches, POINTS, 3), np.intp)
        self._xy[:, :, 2] = count
        # From the points of the patches to those that move, and the index of their deviations.
        wanted = np.zeros((total, patches * POINTS), np.float32)
        log, scale = np.zeros(total, np.intp), np.zeros(total, np.float32)
        # Points without a patch use the last share, which is 0.
        self._patch_of = np.full(total, patches)
        middle = np.zeros((patches + 1, total), np.float32)
        # From the outer corner of the right eye to that of the left one.
        middle[-1, [0, 9]] = -1.0, 1.0
        patch, base, first = 0, 0, len(EYES)
        if self._eyes is not None:
            log, scale = self._index_eyes(self._eyes, log, scale, wanted, middle)
            patch, base = 2, 2 * OUTPUTS
        for each in self._parts:
            part = each.part
            for chosen in part.points:
                own = np.arange(len(chosen))
                at, into = base + 3 * own, first + own
                self._xy[patch, own, :2] = at[:, None] + [0, 1]
                wanted[into, patch * POINTS + own] = 1.0
                log[into], scale[into] = at + 2, part.share / 2 * each.card.spread
                self._patch_of[into], middle[patch, into] = patch, 1 / len(own)
                patch, base, first = patch + 1, base + 3 * len(own), first + len(own)
        self._log, self._scale = log, scale
        self._middles, self._moved = Sums(middle, 3), Sums(wanted, 2)

    def _index_eyes(
        self, eyes: EyeModel, log: NDArray[np.intp], scale: Array, wanted: Array, middle: Array
    ) -> tuple[NDArray[np.intp], Array]:
        """Fill the rows of the eyes; return `log` and `scale` with all lids and irises."""
        order = eyes.order
        for number, corners in enumerate((LEFT_CORNERS, RIGHT_CORNERS)):
            self._xy[number, :, :2] = number * OUTPUTS + np.arange(SEEN).reshape(POINTS, 2)
            middle[number, [corner - EYES[0] for corner in corners]] = 0.5
        wanted[:12, order[: 2 * LIDS]] = ring_weights()
        # The right eye, whose points come first in the layout, is the second patch.
        side = np.repeat([1, 0], 6)
        self._patch_of[:12] = side
        log[:12], scale[:12] = side * OUTPUTS + LOG_SIGMA.start, WIDTH_SHARE / 2 * math.sqrt(0.5)
        lids = np.array([OUTPUTS, 0]) + LOG_SIGMA.start
        counts = [LIDS, LIDS, POINTS - LIDS, POINTS - LIDS]
        whole = np.repeat(np.concatenate([lids, lids + 1]), counts)
        return np.concatenate([log, whole]), np.concatenate(
            [scale, np.full(len(whole), WIDTH_SHARE / 2, np.float32)]
        )

    def refine(
        self, image: NDArray[np.uint8], seen: FaceObservation, clock: StageClock | None = None
    ) -> FaceObservation:
        """Return the face with new points of the parts and around them.

        Args:
            image: (height, width, 3) uint8 BGR, with the face.
            seen: result of a landmark model with or without lids. If it has standard deviations,
                those of the lids and irises are replaced by those of the eye model.
            clock: for the stages, or None.
        """
        count = self.layout.count
        points = np.empty((count, 3), np.float32)
        points[: len(seen.points)] = seen.points
        sigma = None
        if seen.sigma is not None:
            sigma = np.empty(count, np.float32)
            sigma[: len(seen.sigma)] = seen.sigma
        extent = seen.extent or extent_of(points, self.layout.ibug68)
        at = points.take(self._follower.into, axis=0)
        middles = self._middles.of(at)
        across, down, away = middles[-1].tolist()
        yaw = abs(math.degrees(math.atan2(away, math.hypot(across, down))))
        face = upright(extent)
        places, affines = self._placing.of(middles[:-1, :2], face)
        shares: list[float] = []
        readings = visible = None
        if self._eyes is not None:
            self._eyes.look(image, places[:2])
            readings, visible = self._read_eyes(self._eyes, face, extent.side)
            near = _near(yaw, GONE_DEG, FADE_DEG)
            shares += near * visible[0], near * visible[1]
            if clock is not None:
                clock.lap("eyes")
        for model, rows in zip(self._parts, self._rows, strict=True):
            near = _near(yaw, model.part.gone_deg, model.part.fade_deg)
            shares += [near] * (rows.stop - rows.start)
            # The model of a part that is turned away does not run: its share is 0.
            if near > 0.0:
                model.look(image, places[rows])
        self._put(points, sigma, at, affines, shares, extent.side)
        if clock is not None and self._parts:
            clock.lap("parts")
        return FaceObservation(
            seen.score,
            seen.roi,
            points,
            sigma,
            visible or seen.eyes_visible,
            readings or seen.eyes,
            seen.track,
            extent,
        )

    def _read_eyes(
        self, eyes: EyeModel, face: tuple[float, float], side: float
    ) -> tuple[tuple[EyeReading, EyeReading], tuple[float, float]]:
        """Return the readings of the left and the right eye, and whether each can be seen."""
        share, (cosine, sine) = eyes.card.ahead_share, (face[0] / side, face[1] / side)
        visible, readings = [], []
        for row, across in zip(eyes.engine.output(0)[:, SEEN:].tolist(), _ACROSS, strict=True):
            shown, shut, down, iris, x, y, sigma = said(row)
            x *= across
            gaze = cosine * x - sine * y, sine * x + cosine * y
            visible.append(shown)
            readings.append(EyeReading(shut, down, iris, gaze, sigma, share))
        return (readings[0], readings[1]), (visible[0], visible[1])

    def _put(
        self,
        points: Array,
        sigma: Array | None,
        at: Array,
        affines: Array,
        shares: Sequence[float],
        side: float,
    ) -> None:
        """Write what the models found into points and standard deviations.

        Args:
            points: (count, 3) image pixels.
            sigma: (count,) pixels, or None.
            at: (n, 3) of them those that move.
            affines: of the patches, from halves of their widths to image pixels; see `Placing`.
            shares: of the patches, 0 to 1: the most of the way that their points go.
            side: of the face's extent, pixels.
        """
        raw = self._raw
        for out, into in self._outs:
            raw[into] = out
        found = np.matmul(raw.take(self._xy), affines).reshape(-1, 2)
        if self._eyes is not None:
            points[DENSE:, :2] = found.take(self._eyes.order, axis=0)
            points[DENSE:, 2] = self._eyes.depth @ points[:, 2].take(self._eyes.skin)
        shift = self._moved.of(found)
        shift -= at[:, :2]
        share = np.array([*shares, 0.0], np.float32).take(self._patch_of)
        deviations = None
        if sigma is not None:
            deviations = raw.take(self._log)
            np.minimum(deviations, _MOST_LOG, out=deviations)
            np.maximum(deviations, _LEAST_LOG, out=deviations)
            np.exp(deviations, out=deviations)
            deviations *= self._scale
            deviations *= np.float32(side)
            if self._eyes is not None:
                sigma[DENSE:] = deviations[len(share) :]
                deviations = deviations[: len(share)]
        self._follower.move(points, sigma, shift, deviations, share)


def open_refiner(
    eyes: EyeModel | None, parts: Sequence[PartModel], layout: Layout
) -> Refiner | None:
    """Return a refiner, or None if there is no model for any part."""
    return Refiner(eyes, parts, layout) if eyes is not None or parts else None


def _near(yaw: float, gone_deg: float, fade_deg: float) -> float:
    """Return a share, 0 to 1: 0 from `gone_deg` on, 1 at `fade_deg` less and below."""
    near = (gone_deg - yaw) / fade_deg
    return 0.0 if near < 0.0 else min(near, 1.0)
