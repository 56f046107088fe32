"""What the detector proposes on pictures made here, and what the landmark model reads there.

Faces and faceless pictures are composed and rendered; a proposal is false if it was read as a face
where there is none, upside down, or at a wrong place.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from landmarkd.stages import StageClock
from landmarkd.vision.belief import evidence
from landmarkd.vision.detector import Detector
from landmarkd.vision.geometry import box_overlap, extent_of
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import TURNED_ODDS, USUAL_ROLL_DEG, look
from numpy.typing import NDArray

from models.detector import masks
from models.detector.cuttings import Cuttings
from models.detector.placing import between, pick
from models.detector.scenes import Composer
from models.photographs import Album, album

Image = NDArray[np.uint8]

LEAST, MOST = 0.08, 4
"""Minimum score of a proposal to be read, and maximum number of proposals a picture."""

RIGHT_OVERLAP, RIGHT_ROLL = 0.5, 25.0
"""A right reading: minimum overlap with the true box, and maximum error of the roll in degrees."""

WRONG_OVERLAP, WRONG_ROLL = 0.15, 60.0
"""A wrong reading: below this overlap with every face, or above this error of the roll in degrees.
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """A face of a picture: x0, y0, x1, y1 of the box of the 68 points, and its roll in degrees."""

    box: tuple[float, float, float, float]
    roll: float


@dataclass(frozen=True, slots=True)
class Reading:
    """How one proposal was read.

    Attributes:
        evidence: presence, score, sigma and the score seen near, as `landmarkd.vision.belief`
            has them; the last is the lowest value where the presence alone refuses it.
        face: whether it is one, read right.
        log_odds: logarithm of the odds that the search gives to its roll.
    """

    evidence: tuple[float, float, float, float]
    face: bool
    log_odds: float


def pictures(
    data: Sequence[Path], photographs: Path, rng: np.random.Generator
) -> Iterator[tuple[Image, list[Truth] | None]]:
    """Yield BGR pictures without end, with the faces that are in them; None: a photograph without.

    Args:
        data: folders of shards of rendered crops.
        photographs: folder that `models.photographs` wrote.
        rng: random generator.
    """
    seen, cuttings = album(photographs), Cuttings(data, rng, 8)
    composer = Composer(cuttings, rng, seen, backdrops=96, decoys=256, masked=64)
    scenes = composer.scenes(rng)
    while True:
        kind, truths = rng.random(), None
        if kind < 0.25:
            scene = next(scenes)
            if scene.ignored.any():
                continue
            truths = [_truth(face) for face in scene.faces]
            image = scene.image
        elif kind < 0.55:
            image = _photograph(rng, seen)
        elif kind < 0.85:
            if (frame := composer.large(rng)) is None:
                continue
            image, truths = frame[0], [_truth(frame[1])]
        else:
            face = pick(rng, cuttings.all.faces)
            if rng.random() < 0.3:
                face = masks.masked(rng, face)
            if face.doubtful:
                continue
            points, image = face.points, face.levels[0]
            ends = points.min(0), points.max(0)
            truths = [_truth(np.concatenate([*ends, points[36:48].mean(0), points[8]]))]
            if rng.random() < 0.3 and cuttings.all.others:
                image, truths = pick(rng, cuttings.all.others).levels[0], []
            if rng.random() < 0.2:  # upside down: must be read right or not at all
                image, truths = (
                    np.ascontiguousarray(image[::-1, ::-1]),
                    [_upside_down(truth, image.shape[1], image.shape[0]) for truth in truths],
                )
        yield cv2.cvtColor(image, cv2.COLOR_RGB2BGR), truths


def readings(
    detector: Detector,
    model: LandmarkModel,
    picture: Image,
    truths: Sequence[Truth],
    rolls: Sequence[float] = (0,),
) -> Iterator[Reading]:
    """Yield what the model reads at each proposal, if that is clearly right or wrong.

    Args:
        detector: proposes.
        model: reads.
        picture: (height, width, 3) uint8 BGR.
        truths: its faces.
        rolls: of the looks, degrees.
    """
    ibug, clock = model.layout.ibug68, StageClock()
    for proposal in chain(*(detector.propose(picture, LEAST, roll)[:MOST] for roll in rolls)):
        seen = look(model, picture, model.first_roi(proposal.box, proposal.angle), clock)
        extent = extent_of(seen.points, ibug)
        box, roll = extent.box, extent.roll
        overlaps = [box_overlap(box, truth.box) for truth in truths]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best < 0 or overlaps[best] < WRONG_OVERLAP:
            face = False
        else:
            off = abs((roll - truths[best].roll + 180) % 360 - 180)
            if overlaps[best] >= RIGHT_OVERLAP and off <= RIGHT_ROLL:
                face = True
            elif off >= WRONG_ROLL:
                face = False
            else:
                continue
        near: float | None = 0.0
        if seen.score >= 0.5:
            near = detector.confirm(picture, model.extent(seen))
        odds = TURNED_ODDS if abs(roll) > USUAL_ROLL_DEG else 1.0
        yield Reading(evidence(seen, proposal.score, near), face, math.log(odds))


def _photograph(rng: np.random.Generator, seen: Album) -> Image:
    """A window of a photograph, at times turned, or with something cut out before it."""
    height, width = (int(between(rng, 160, 480)) for _ in range(2))
    image = np.ascontiguousarray(seen.window(rng, height, width))
    if seen.cut_outs and rng.random() < 0.6:
        picture, alpha = seen.cut_outs[int(rng.random() * len(seen.cut_outs))]
        share = between(rng, 0.4, 1.0) * min(height / alpha.shape[0], width / alpha.shape[1])
        wide, high = (max(8, int(n * share)) for n in alpha.shape[::-1])
        x, y = int(rng.random() * (width - wide + 1)), int(rng.random() * (height - high + 1))
        cover = cv2.resize(alpha, (wide, high))[..., None].astype(np.float32) / 255
        part = image[y : y + high, x : x + wide]
        thing = cv2.resize(picture, (wide, high))
        if rng.random() < 0.5:
            thing, cover = thing[:, ::-1], cover[:, ::-1]
        part[:] = (part + cover * (thing.astype(np.float32) - part)).astype(np.uint8)
    if rng.random() < 0.2:
        image = np.ascontiguousarray(np.rot90(image, int(rng.integers(1, 4))))
    if rng.random() < 0.2:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return image


def _truth(face: NDArray[np.floating]) -> Truth:
    """Return what is known of a face, (8,) as in `models.detector.scene.Scene`."""
    x0, y0, x1, y1, *_ = face.tolist()
    across, down = (face[6:8] - face[4:6]).tolist()
    return Truth((x0, y0, x1, y1), float(np.degrees(np.arctan2(-across, down))))


def _upside_down(truth: Truth, width: int, height: int) -> Truth:
    x0, y0, x1, y1 = truth.box
    return Truth(
        (width - 1 - x1, height - 1 - y1, width - 1 - x0, height - 1 - y0), truth.roll + 180
    )
