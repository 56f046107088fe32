"""The probability that a proposal of the detector is a face.

It depends on four values: the presence, the score of the detector, the uncertainty of the points,
which is high without a face, and the score of the detector for the face near and upright. The
proposal is the best of hundreds of places, so its score is high by chance without a face; the
second score has no such error.
"""

import math

from landmarkd.types import FaceObservation
from landmarkd.vision.cards import BeliefContract

HIGHEST = 16.0
"""Limit of a logit."""

NEAR_LIMITS = 0.2, 0.95
"""No score of a face seen near counts for less or more: of covered or tilted faces the detector
sees nothing near in one case in twenty."""


def evidence(
    seen: FaceObservation, score: float, near: float | None = None
) -> tuple[float, float, float, float]:
    """Return the logits of presence and score, the logarithm of sigma, the logit of `near`.

    Sigma is the mean over the points, in sides of the region; without sigmas its logarithm is 0.
    """
    sigma = 1.0 if seen.sigma is None else float(seen.sigma.mean()) / seen.roi.side
    near = min(max(score if near is None else near, NEAR_LIMITS[0]), NEAR_LIMITS[1])
    return logit(seen.score), logit(score), math.log(max(sigma, 1e-6)), logit(near)


def belief(
    seen: FaceObservation,
    score: float,
    contract: BeliefContract | None,
    odds: float = 1.0,
    near: float | None = None,
) -> float:
    """Return the probability that this is a face, 0 to 1.

    Args:
        seen: result of the landmark model.
        score: of the detector's proposal, 0 to 1.
        contract: of the landmark model; without it the presence decides alone.
        odds: prior odds of a face, relative to the usual ones.
        near: score of the detector for the face near and upright; None is that of the proposal.
    """
    if contract is None:
        return seen.score
    presence, proposed, spread, closer = evidence(seen, score, near)
    value = (
        contract.presence * presence
        + contract.score * proposed
        + contract.log_sigma * spread
        + contract.near * closer
        + contract.offset
        + math.log(odds)
    )
    # The other values cannot outweigh a presence without a face.
    return min(seen.score, 1 / (1 + math.exp(-min(max(value, -HIGHEST), HIGHEST))))


def logit(probability: float) -> float:
    """Return the logarithm of the odds, within ±`HIGHEST`."""
    probability = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(probability / (1 - probability)), -HIGHEST), HIGHEST)
