"""Fits when to believe a proposal (`landmarkd.vision.belief`), on pictures made here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from landmarkd.vision.belief import logit
from landmarkd.vision.detector import Detector
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import LEAST_PROPOSAL, ROLLS
from numpy.typing import NDArray
from torch import nn

from models.detector.proposals import Reading, pictures, readings
from models.evaluate.subjects import open_detector, open_model

FALSE_SHARE = 0.002
"""Share of the photographs without a face in which a face may be accepted by mistake. Pictures
chosen to be hard (animals, round things) have several times as many."""

SIGNS = (1.0, 1.0, -1.0, 1.0)
"""Of the weights."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read in pictures.

    Attributes:
        values: (N, 4) from `landmarkd.vision.belief.evidence`.
        faces: (N,), whether it was a face read right.
        log_odds: (N,), of the roll.
        photographs: (N,), index of the photograph without a face, or -1.
        count: of those photographs.
    """

    values: NDArray[np.float32]
    faces: NDArray[np.bool_]
    log_odds: NDArray[np.float32]
    photographs: NDArray[np.intp]
    count: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted.

    Attributes:
        presence, score, log_sigma, near, offset: of `landmarkd.vision.cards.BeliefContract`.
        faces, others: readings that it was fitted on, right ones and false ones.
        believed: share of the right ones that is believed.
    """

    presence: float
    score: float
    log_sigma: float
    near: float
    offset: float
    faces: int
    others: int
    believed: float

    @property
    def contract(self) -> dict[str, float]:
        """The entry `belief` of the manifest."""
        names = ("presence", "score", "log_sigma", "near", "offset")
        return {name: round(getattr(self, name), 3) for name in names}


def gather(
    detector: Detector,
    model: LandmarkModel,
    data: Sequence[Path],
    photographs: Path,
    seconds: float,
    seed: int,
) -> Evidence:
    """Return the evidence gathered in this many seconds of processor time."""
    cv2.setNumThreads(1)
    rows: list[tuple[Reading, int]] = []
    until, count = None, 0
    for picture, truths in pictures(data, photographs, np.random.default_rng(seed)):
        until = until or time.process_time() + seconds
        if truths is None:
            found = readings(detector, model, picture, [], (0, *ROLLS))
            rows += [(reading, count) for reading in found]
            count += 1
        else:
            rows += [(reading, -1) for reading in readings(detector, model, picture, truths)]
        if time.process_time() > until:
            break
    read, numbers = zip(*rows, strict=True)
    return Evidence(
        np.array([row.evidence for row in read], np.float32),
        np.array([row.face for row in read]),
        np.array([row.log_odds for row in read], np.float32),
        np.array(numbers, np.intp),
        count,
    )


def gather_named(
    detector: str, model: str, data: Sequence[Path], photographs: Path, seconds: float, seed: int
) -> Evidence:
    """Return what `gather` does, of a detector and a landmark model given by name.

    A process of a pool can import it, which it cannot with a function of the command line's module.
    """
    return gather(open_detector(detector), open_model(model), data, photographs, seconds, seed)


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of several gatherings as one."""
    before = np.cumsum([0, *(part.count for part in parts)])
    numbers = [
        np.where(part.photographs < 0, -1, part.photographs + first)
        for part, first in zip(parts, before[:-1], strict=True)
    ]
    return Evidence(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.faces for part in parts]),
        np.concatenate([part.log_odds for part in parts]),
        np.concatenate(numbers),
        int(before[-1]),
    )


def fit(found: Evidence, false_share: float = FALSE_SHARE) -> Fit:
    """Return the balanced logistic regression, moved until few photographs have a face.

    It is fitted on what the presence alone does not refuse.

    Args:
        found: with both faces and others.
        false_share: of the photographs without a face, those in which one may be believed.

    Raises:
        ValueError: too few photographs have doubtful proposals to reach the share.
    """
    doubtful = (found.values[:, 0] >= 0) & (found.log_odds == 0)
    x, y = torch.from_numpy(found.values[doubtful]), torch.from_numpy(found.faces[doubtful])
    mean, deviation = x.mean(0), x.std(0)
    each = torch.where(y, 1 / y.sum(), 1 / (~y).sum())
    signs, line = torch.tensor(SIGNS), torch.full((5,), 0.5, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = (x - mean) / deviation @ (signs * line[:4] ** 2) + line[4]
        wrong = nn.functional.binary_cross_entropy_with_logits(logits, y.float(), reduction="none")
        total = (wrong * each).sum()
        total.backward()
        return total

    optimiser.step(loss)
    weights = (signs * line.detach()[:4] ** 2 / deviation).numpy()
    values = found.values @ weights + found.log_odds
    asked = (found.values[:, 1] >= logit(LEAST_PROPOSAL)) & (found.values[:, 0] >= 0)
    best = np.full(found.count, -np.inf)
    shown = asked & (found.photographs >= 0)
    np.maximum.at(best, found.photographs[shown], values[shown])
    # The first photograph beyond the share is refused.
    offset = -float(np.sort(best)[::-1][int(false_share * found.count)]) - 1e-3
    if not np.isfinite(offset):
        raise ValueError("too few photographs with something doubtful; look for longer")
    believed = float((values[found.faces & asked] + offset >= 0).mean())
    presence, score, log_sigma, near = (float(n) for n in weights)
    return Fit(presence, score, log_sigma, near, offset, int(y.sum()), int((~y).sum()), believed)
