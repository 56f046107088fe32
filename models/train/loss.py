"""What training minimises, in pixels of the 128-pixel crop.

The means follow a Wing loss (arXiv 1711.06753), whose gradient does not vanish with the error. The
uncertainties follow a Gaussian likelihood of the errors, which gives no gradient to the points: a
point that cannot be seen gets a larger sigma but is still learned.
"""

import math
from dataclasses import dataclass

import torch
from landmarkd.layout import LAYOUTS
from torch import Tensor
from torch.nn import functional

from models.train.network import LANDMARKS

IBUG68 = tuple(LAYOUTS["dense-520"].ibug68.tolist())
# Opposite points of the upper and lower lid: 7 pairs an eye, right eye first.
UPPER_LIDS = (*range(521, 528), *range(537, 544))
LOWER_LIDS = (*range(535, 528, -1), *range(551, 544, -1))


@dataclass(frozen=True)
class LossWeights:
    """Weights of points and terms; those of the points are scaled to a mean of one.

    Attributes:
        ibug68, lids, irises: Of these points, over that of a dense point; `inner` is added for the
            51 points other than the jaw.
        depth: Of z beside x and y.
        gap: Weight of the gap between the lids, where an error of half a pixel is a missed blink.
        unseen_gap: The same where either lid is hidden, relative to where both are seen.
        sigma, presence: Of the likelihood of the errors, and of the face's presence.
        wing, curve: Where the Wing loss changes from logarithmic to linear, and its curvature, in
            pixels.
    """

    ibug68: float = 5.0
    inner: float = 2.0
    lids: float = 4.0
    irises: float = 2.0
    depth: float = 0.5
    gap: float = 2.0
    unseen_gap: float = 0.15
    sigma: float = 0.5
    presence: float = 2.0
    wing: float = 6.0
    curve: float = 1.5


FACE = 75.0
"""Usual size of a face in the crop, pixels: sqrt(width * height) of the box of the 68 points."""


def point_weights(weights: LossWeights) -> Tensor:
    """(562,) weight of each point, of mean one."""
    result = torch.ones(562)
    result[list(IBUG68)] = weights.ibug68
    result[list(IBUG68[17:])] += weights.inner
    result[520:552] = weights.lids
    result[552:] = weights.irises
    return result / result.mean()


class LandmarkLoss(torch.nn.Module):
    """Weighted sum of the terms, and each of them for the log."""

    def __init__(self, weights: LossWeights, side: int = 128) -> None:
        super().__init__()
        self.weights, self.side = weights, side
        self.per_point: Tensor
        self.register_buffer("per_point", point_weights(weights), persistent=False)

    def _wing(self, error: Tensor) -> Tensor:
        w, c = self.weights.wing, self.weights.curve
        offset = w - w * math.log1p(w / c)
        return torch.where(error < w, w * torch.log1p(error / c), error + offset)

    def forward(
        self, outputs: dict[str, Tensor], batch: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compare the network's outputs with the truth.

        Args:
            outputs: Of `LandmarkNet`, in float32.
            batch: "points" (N, 562, 3) pixels with pixel centres at integers, NaN for a point that
                nobody knows, "visible" (N, 562), "face" (N,).

        Returns:
            The loss, and means of: "nme_px" (error of the 68 points), "gap_px" (of lids that are
                seen), "sigma",
            "presence", "wing".
        """
        face = batch["face"]
        presence = functional.binary_cross_entropy_with_logits(
            outputs["presence"][:, 0], face.float()
        )
        # Crops without a face get a weight of zero instead of being removed, so that nothing waits
        # for the device.
        known = torch.isfinite(batch["points"]).all(2) & face[:, None]
        each = LANDMARKS * face.sum().clamp(min=1)
        found = outputs["points"].unflatten(1, (-1, 3)) * self.side
        truth = torch.nan_to_num(batch["points"]) + found.new_tensor([0.5, 0.5, 0.0])
        # Errors are judged over the size of the face, and a turned face is a narrow one; squared,
        # because the bins of yaw count the same while fewer faces are turned.
        size = _size(truth[:, IBUG68, :2], known[:, IBUG68])
        difference = (found - truth) * known[..., None]
        visible = batch["visible"] & known
        axes = found.new_tensor([1.0, 1.0, self.weights.depth])
        weight = self.per_point * (FACE / size).square()[:, None]
        wing = (self._wing(difference.abs()) * axes * weight[..., None]).sum() / each

        squared = difference[..., :2].detach().square().sum(2)
        log_sigma = (outputs["log_sigma"] + math.log(self.side)).clamp(-3.0, 4.0)
        sigma = ((0.5 * squared * torch.exp(-2 * log_sigma) + 2 * log_sigma) * known).sum() / each

        opening = found[:, UPPER_LIDS, :2] - found[:, LOWER_LIDS, :2]
        true_opening = truth[:, UPPER_LIDS, :2] - truth[:, LOWER_LIDS, :2]
        both_known = (known[:, UPPER_LIDS] & known[:, LOWER_LIDS]).float()
        both_seen = (visible[:, UPPER_LIDS] & visible[:, LOWER_LIDS]).float()
        counted = both_seen + (both_known - both_seen) * self.weights.unseen_gap
        gaps = len(UPPER_LIDS) * face.sum().clamp(min=1)
        gap = (self._wing((opening - true_opening).abs()).sum(2) * counted).sum() / gaps

        w = self.weights
        total = wing + w.sigma * sigma + w.gap * gap + w.presence * presence
        with torch.no_grad():
            distance = difference[:, IBUG68, :2].norm(dim=2).sum()
            terms = {
                "nme_px": distance / (len(IBUG68) * face.sum().clamp(min=1)),
                "gap_px": ((opening - true_opening).norm(dim=2) * both_seen).sum()
                / both_seen.sum().clamp(min=1),
                "sigma": sigma,
                "presence": presence,
                "wing": wing,
            }
            return total, {name: value.detach() for name, value in terms.items()}


def _size(points: Tensor, known: Tensor) -> Tensor:
    """(N,) sqrt(width * height) of the box of the known (N, K, 2) points, at least `FACE` / 2."""
    low = torch.where(known[..., None], points, math.inf).amin(1)
    high = torch.where(known[..., None], points, -math.inf).amax(1)
    return (high - low).clamp(min=0).prod(1).sqrt().clamp(min=FACE / 2)


def restlessness(
    outputs: dict[str, Tensor], batch: dict[str, Tensor], per_point: Tensor, side: int
) -> Tensor:
    """Distance between the points of two views of a stored crop, in its frame, in a view's pixels.

    The noise of the two views is independent, so this term reduces jitter in a video. Only visible
    points count: the place of a hidden point is a guess, and forcing equal guesses costs accuracy.

    Args:
        outputs: Of `LandmarkNet` for views of which 2i and 2i + 1 show the same crop.
        batch: "back" (N, 2, 3), which maps pixels of a view to those of the first of its two,
            "visible" (N, 562) and "face".
        per_point: (562,) weights.
        side: Of a view in pixels.
    """
    found = outputs["points"].unflatten(1, (-1, 3)) * side
    back, counted = batch["back"], (batch["visible"] & batch["face"][:, None])[::2]
    plane = found[..., :2] @ back[:, :, :2].mT + back[:, None, :, 2]
    difference = (plane[::2] - plane[1::2]).square().sum(2) + 0.01
    weighed = (difference.sqrt() - 0.1) * per_point * counted
    return weighed.sum() / (per_point * counted).sum().clamp(min=1)
