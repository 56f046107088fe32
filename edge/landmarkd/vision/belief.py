"""The probability that a proposal of the detector is a face.

It depends on three values: the presence, the score of the detector, and the uncertainty of the
points, which is high without a face.
"""

import math

from landmarkd.types import FaceObservation
from landmarkd.vision.cards import BeliefContract

HIGHEST = 16.0
"""Limit of a logit."""


def evidence(seen: FaceObservation, score: float) -> tuple[float, float, float]:
    """Return the logits of the presence and of the detector's score, and the logarithm of sigma.

    Sigma is the mean over the points, in sides of the region; without sigmas its logarithm is 0.
    """
    sigma = 1.0 if seen.sigma is None else float(seen.sigma.mean()) / seen.roi.side
    return logit(seen.score), logit(score), math.log(max(sigma, 1e-6))


def belief(
    seen: FaceObservation, score: float, contract: BeliefContract | None, odds: float = 1.0
) -> float:
    """Return the probability that this is a face, 0 to 1.

    Args:
        seen: result of the landmark model.
        score: of the detector's proposal, 0 to 1.
        contract: of the landmark model; without it the presence decides alone.
        odds: prior odds of a face, relative to the usual ones.
    """
    if contract is None:
        return seen.score
    presence, proposed, spread = evidence(seen, score)
    value = (
        contract.presence * presence
        + contract.score * proposed
        + contract.log_sigma * spread
        + contract.offset
        + math.log(odds)
    )
    # The other values cannot outweigh a presence without a face.
    return min(seen.score, 1 / (1 + math.exp(-min(max(value, -HIGHEST), HIGHEST))))


def logit(probability: float) -> float:
    """Return the logarithm of the odds, within ±`HIGHEST`."""
    probability = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(probability / (1 - probability)), -HIGHEST), HIGHEST)
