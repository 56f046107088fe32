"""Fits when to believe a proposal (`landmarkd.vision.belief`), on pictures made here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from landmarkd.vision.detector import Detector
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import LEAST_PROPOSAL
from numpy.typing import NDArray
from torch import nn

from models.detector.proposals import Reading, pictures, readings

FALSE_SHARE = 0.0075
"""Share of the false proposals that may be accepted."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted.

    Attributes:
        presence, score, log_sigma, offset: of `landmarkd.vision.cards.BeliefContract`.
        faces, others: readings that it was fitted on, right ones and false ones.
        believed: share of the right ones that is believed.
    """

    presence: float
    score: float
    log_sigma: float
    offset: float
    faces: int
    others: int
    believed: float

    @property
    def contract(self) -> dict[str, float]:
        """The entry `belief` of the manifest."""
        names = ("presence", "score", "log_sigma", "offset")
        return {name: round(getattr(self, name), 3) for name in names}


def gather(
    detector: Detector,
    model: LandmarkModel,
    data: Sequence[Path],
    photographs: Path,
    seconds: float,
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the evidence (N, 3) gathered in this many seconds, and which are faces (N,)."""
    cv2.setNumThreads(1)
    rows: list[Reading] = []
    until: float | None = None
    for picture, truths in pictures(data, photographs, np.random.default_rng(seed)):
        until = until or time.monotonic() + seconds
        rows += readings(detector, model, picture, truths)
        if time.monotonic() > until:
            break
    return np.array([row.evidence for row in rows], np.float32), np.array(
        [row.face for row in rows]
    )


def fit(
    evidence: NDArray[np.float32], faces: NDArray[np.bool_], false_share: float = FALSE_SHARE
) -> Fit:
    """Return the balanced logistic regression, moved until few false ones are believed.

    Args:
        evidence: (N, 3) from `landmarkd.vision.belief.evidence`.
        faces: (N,), with both values.
        false_share: of the false ones that the tracker would look at, those to believe.
    """
    x, y = torch.from_numpy(evidence), torch.from_numpy(faces)
    mean, deviation = x.mean(0), x.std(0)
    each = torch.where(y, 1 / y.sum(), 1 / (~y).sum())
    line = torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = (x - mean) / deviation @ line[:3] + line[3]
        wrong = nn.functional.binary_cross_entropy_with_logits(logits, y.float(), reduction="none")
        total = (wrong * each).sum()
        total.backward()
        return total

    optimiser.step(loss)
    weights = (line.detach()[:3] / deviation).numpy()
    seen = evidence[:, 1] >= np.log(LEAST_PROPOSAL / (1 - LEAST_PROPOSAL))
    values = evidence @ weights
    offset = -float(np.quantile(values[~faces & seen], 1 - false_share))
    believed = float((values[faces & seen] + offset >= 0).mean())
    presence, score, log_sigma = (float(n) for n in weights)
    return Fit(presence, score, log_sigma, offset, int(faces.sum()), int((~faces).sum()), believed)
