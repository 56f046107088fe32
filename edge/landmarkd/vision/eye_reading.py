"""Results of the eye model: their layout and units.

Units are halves of the patch's width, from its centre, x to the right and y down in a patch whose
right eye is mirrored; logits and natural logarithms where so named.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landmarkd.types import Array
from landmarkd.vision.eye_patch import HEIGHT, WIDTH

POINTS, LIDS = 21, 16
"""16 points of the lid margin and 5 of the iris."""
SEEN = 42
"""Logit of the eye being there to be seen."""
KIND = slice(43, 46)
"""Logits of: neither of the two, lids shut, looking down with the iris covered."""
SHARE = 46
"""Logit of the share of the iris that shows."""
GAZE = slice(47, 49)
"""x and y of the unit vector of the gaze, in the frame of the ray on which the eye is seen, less
the manifest's `ahead_share` of that of the head's forward direction."""
LOG_SIGMA = slice(49, 52)
"""Logarithms of the root mean square errors of the lids' points, the iris's points and the gaze."""
OUTPUTS = 52
_HALF = np.float32(WIDTH / 2)
_CENTRE = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], np.float32)


@dataclass(frozen=True, slots=True)
class PatchReadings:
    """Eyes as the model reads them; n of them, in lists but for the points.

    Attributes:
        points: (n, 21, 2) float32, pixels of the patch.
        seen: probability that the eye is there to be seen.
        shut, down: probabilities of shut lids and of a look down with the iris covered.
        share: of the iris that shows, 0 to 1.
        gaze: pairs as `GAZE`.
        sigma_lids, sigma_iris: pixels of the patch.
        sigma_gaze: of the vector, about radians.
    """

    points: Array
    seen: list[float]
    shut: list[float]
    down: list[float]
    share: list[float]
    gaze: list[tuple[float, float]]
    sigma_lids: list[float]
    sigma_iris: list[float]
    sigma_gaze: list[float]


def read(out: Array) -> PatchReadings:
    """Return the readings of eyes from the model's results, (n, OUTPUTS) float32."""
    points = out[:, :SEEN].reshape(-1, POINTS, 2) * _HALF + _CENTRE
    found = PatchReadings(points, [], [], [], [], [], [], [], [])
    for row in out[:, SEEN:].tolist():
        seen, shut, down, share, x, y, sigma = said(row)
        found.seen.append(seen)
        found.shut.append(shut)
        found.down.append(down)
        found.share.append(share)
        found.gaze.append((x, y))
        found.sigma_lids.append(_sigma(row[LOG_SIGMA.start - SEEN]) * WIDTH / 2)
        found.sigma_iris.append(_sigma(row[LOG_SIGMA.start + 1 - SEEN]) * WIDTH / 2)
        found.sigma_gaze.append(sigma)
    return found


def said(row: Sequence[float]) -> tuple[float, float, float, float, float, float, float]:
    """Return seen, shut, down, share, x and y of the gaze and its sigma, see `PatchReadings`.

    Args:
        row: one eye's results from `SEEN` on.
    """
    # Of so few numbers Python's own functions are faster than numpy's.
    seen, neither, shut, down, share, x, y, _, _, gaze = row
    top = max(neither, shut, down)
    shut, down = math.exp(shut - top), math.exp(down - top)
    whole = math.exp(neither - top) + shut + down
    return _chance(seen), shut / whole, down / whole, _chance(share), x, y, _sigma(gaze)


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


def _sigma(logarithm: float) -> float:
    return math.exp(min(max(logarithm, -8.0), 2.0))
