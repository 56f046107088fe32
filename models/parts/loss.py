"""The training loss of the models of parts, in pixels of a patch."""

from __future__ import annotations

from functools import cache

import torch
from landmarkd.vision.parts import PARTS, Part

HIDDEN = 0.25
"""Weight of a point that cannot be seen, relative to one that can."""
SHAPE = 0.6
"""Weight of the distances between points."""

_ACROSS = {
    "mouth": (
        (48, 54), (60, 64), (51, 57), (50, 58), (52, 56), (49, 59), (53, 55), (62, 66), (61, 67),
        (63, 65), (50, 61), (51, 62), (52, 63), (58, 67), (57, 66), (56, 65),
    ),
    "brows": ((22, 26), (22, 24), (24, 26), (23, 25)),
}  # fmt: skip
"""Widths and heights of the mouth, the gap of the lips, their thickness; lengths of a brow."""


@cache
def pairs(name: str) -> torch.Tensor:
    """Which points of a part are opposite each other, (2, n)."""
    first = int(PARTS[name].points[0][0])
    return torch.tensor(_ACROSS[name]).T - first


def loss(
    out: torch.Tensor, batch: dict[str, torch.Tensor], name: str, part: Part
) -> dict[str, torch.Tensor]:
    """Return the parts of the loss and their sum "loss".

    Args:
        out: (n, 3 * points) float32.
        batch: of `models.parts.data.sample`.
        name: of the part.
        part: itself.
    """
    half = part.width / 2
    found = out.view(len(out), -1, 3)
    points, log_sigma = found[..., :2] * half, found[..., 2].clamp(-7, 2)
    wanted = batch["points"]
    weight = HIDDEN + (1 - HIDDEN) * batch["seen"].float()

    def mean(value: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return (value * weights).sum() / weights.sum().clamp_min(1)

    error = _robust(points - wanted).sum(2)
    a, b = pairs(name)
    apart = (points[:, a] - points[:, b]) - (wanted[:, a] - wanted[:, b])
    square = ((points - wanted).square().sum(2) / half**2).detach()
    parts = {
        "points": mean(error, weight),
        "shape": mean(_robust(apart).sum(2), weight[:, a] * weight[:, b]),
        "doubt": (log_sigma + 0.25 * square * torch.exp(-2 * log_sigma)).mean(),
    }
    parts["loss"] = parts["points"] + SHAPE * parts["shape"] + 0.1 * parts["doubt"]
    return parts


def _robust(error: torch.Tensor) -> torch.Tensor:
    """Wing loss (Feng et al., CVPR 2018) with a width of 4 px and a curvature of 1 px."""
    size = error.abs()
    log_end = 4.0 * float(torch.log1p(torch.tensor(4.0)))
    return torch.where(size < 4.0, 4.0 * torch.log1p(size), size + log_end - 4.0)
