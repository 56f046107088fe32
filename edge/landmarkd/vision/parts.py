"""Parts of a face that have a model of their own: where their patches lie, and what follows them.

Patch pixels have their centres at integers. Points of a patch are in halves of its width, from its
centre, x to the right and y down; in a mirrored patch x runs to the left of the face as shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.layout import DENSE, Indices, Layout, canonical_points
from landmarkd.types import Array, FaceExtent
from landmarkd.vision.geometry import Affine
from landmarkd.vision.patches import PatchShape, Placing, upright


@dataclass(frozen=True)
class Part:
    """A part of the face, seen in one patch or in two that mirror each other.

    Attributes:
        width, height: of a patch, pixels.
        share: width of a patch over the longer side of the box of the dense points.
        points: the iBUG points that the model finds, for each patch in its own order.
        down: distance of a patch below the middle of these points, in its widths.
        reach_mm: distance from them in which dense points follow.
        gone_deg: from this yaw on, the points are those of the landmark model, which sees the
            whole head; fitted on rendered faces.
        fade_deg: the share of the model begins to fall this many degrees before `gone_deg`.
    """

    width: int
    height: int
    share: float
    points: tuple[Indices, ...]
    down: float
    reach_mm: float
    gone_deg: float
    fade_deg: float

    @property
    def shapes(self) -> list[PatchShape]:
        """The shape of each patch."""
        return [
            PatchShape(self.width, self.height, self.share, self.down, bool(number))
            for number in range(len(self.points))
        ]


PARTS = {
    "mouth": Part(64, 48, 0.46, (np.arange(48, 68),), 0.0, 14.0, 90.0, 30.0),
    "brows": Part(48, 32, 0.40, (np.arange(22, 27), np.arange(21, 16, -1)), 0.1, 14.0, 70.0, 40.0),
}
"""The left brow is read as it is, the right one mirrored."""

_LIPS_WITHOUT_CORNERS = np.delete(np.arange(48, 68), [0, 6, 12, 16])


def places(points: Array, ibug68: Indices, part: Part, extent: FaceExtent) -> Affine:
    """Return (n, 2, 3) where a part's patches lie.

    Args:
        points: (count, 3) image pixels.
        ibug68: (68,) indices.
        part: whose patches they are.
        extent: of the points.
    """
    middles = np.stack([points[ibug68[chosen], :2].mean(0) for chosen in part.points])
    return np.array(Placing(part.shapes).of(middles, upright(extent))[0])


def followers(layout: Layout, chosen: Indices, reach_mm: float) -> NDArray[np.float32]:
    """Return weights (DENSE, n) by which the dense points go where iBUG points go.

    The points themselves go all the way. Their neighbours on the mean head follow those that are
    near, Gaussian weights, the less the farther they lie, and not across the gap of the lips.

    Args:
        layout: of the points.
        chosen: (n,) iBUG points.
        reach_mm: where the last ones stay.
    """
    head = canonical_points(layout).astype(np.float64)
    own = layout.ibug68[chosen]
    apart = np.linalg.norm(head[:DENSE, None] - head[own], axis=2)
    lips = head[layout.ibug68]
    seam = np.stack([lips[60], *(0.5 * (lips[61:64] + lips[[67, 66, 65]])), lips[64]])
    below = head[:, 1] - np.interp(head[:, 0], seam[:, 0], seam[:, 1])
    across = (below[:DENSE, None] * below[own] < 0) & (np.isin(chosen, _LIPS_WITHOUT_CORNERS))
    apart[across & (np.abs(head[:DENSE, :1]) < seam[-1, 0])] = np.inf
    nearest = apart.min(1)
    weights = np.exp(-0.5 * (np.square(apart) - np.square(nearest)[:, None]) / (reach_mm / 4) ** 2)
    weights /= weights.sum(1, keepdims=True)
    weights *= np.square(np.clip(1 - np.square(nearest / reach_mm), 0, 1))[:, None]
    weights[own] = np.eye(len(own))
    found: NDArray[np.float32] = weights.astype(np.float32)
    return found
