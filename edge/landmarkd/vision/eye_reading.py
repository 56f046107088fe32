"""What the eye model says of an eye: where in its results everything stands, and in which units.

Units are halves of the patch's width, from its centre, x to the right and y down in a patch whose
right eye is mirrored; logits and natural logarithms where so named.
"""

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
"""x and y of the unit vector of the gaze, in the frame of the ray on which the eye is seen."""
LOG_SIGMA = slice(49, 52)
"""Logarithms of the root mean square errors of the lids' points, the iris's points and the gaze."""
OUTPUTS = 52
_CHANCES = [SEEN, SHARE]
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
    gaze: list[list[float]]
    sigma_lids: list[float]
    sigma_iris: list[float]
    sigma_gaze: list[float]


def read(out: Array) -> PatchReadings:
    """Return the readings of eyes from the model's results, (n, OUTPUTS) float32."""
    kinds = np.exp(out[:, KIND] - out[:, KIND].max(1, keepdims=True))
    _, shut, down = (kinds / kinds.sum(1, keepdims=True)).T.tolist()
    lids, iris, gaze = np.exp(np.clip(out[:, LOG_SIGMA], -8.0, 2.0)).T.tolist()
    seen, share = (1.0 / (1.0 + np.exp(-out[:, _CHANCES].clip(-30, 30)))).T.tolist()
    points = out[:, :SEEN].reshape(-1, POINTS, 2) * np.float32(WIDTH / 2) + _CENTRE
    half = WIDTH / 2
    return PatchReadings(
        points, seen, shut, down, share, out[:, GAZE].tolist(), [half * value for value in lids],
        [half * value for value in iris], gaze,
    )  # fmt: skip
