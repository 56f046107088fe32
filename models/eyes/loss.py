"""The training loss of the eye model, in pixels of its patch."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from landmarkd.vision.eye_patch import WIDTH
from landmarkd.vision.eye_reading import GAZE, KIND, LIDS, LOG_SIGMA, POINTS, SEEN, SHARE

HALF = WIDTH / 2
VISIBLE, IRIS_SHARE, GAZE_SHARE = 0.5, 0.2, 0.03
AHEAD_SHARE = 0.3
"""The share of the head's forward direction that is subtracted from the gaze in training, and added
again by the runtime, where the head's pose is known. The place of the eyeball's centre relative to
the corners of the eye depends on the head's rotation, which a patch hardly shows. The least squares
fit on drawn eyes gives 0.36 with points without errors, and 0.18 with a network that did not know
it."""
GAZE_PX = 20.0
"""Weight of the gaze: one unit of gaze moves the iris about this many pixels."""


def loss(out: torch.Tensor, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the parts of the loss and their sum "loss".

    Args:
        out: (n, OUTPUTS) float32.
        batch: of `models.eyes.data.sample`: `points` relative to the patch's centre, the rest as
            there.
    """
    found = out[:, : 2 * POINTS].view(-1, POINTS, 2) * HALF
    points, gaze = batch["points"], batch["gaze"] - AHEAD_SHARE * batch["ahead"]
    seen = (batch["seen"] > VISIBLE).float()
    iris = seen * (batch["share"] > IRIS_SHARE).float()
    look = seen * (batch["share"] > GAZE_SHARE).float() * (batch["kind"] != 1).float()
    look = look * (0.4 + 0.6 * (batch["share"] > IRIS_SHARE).float())

    def mean(value: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return (value * weight).sum() / weight.sum().clamp_min(1)

    error = (found - points).abs().sum(2)
    off = (out[:, GAZE] - gaze) * GAZE_PX
    squares = torch.stack(
        [
            (found - points)[:, :LIDS].square().sum(2).mean(1) / HALF**2,
            (found - points)[:, LIDS:].square().sum(2).mean(1) / HALF**2,
            (out[:, GAZE] - gaze).square().sum(1),
        ],
        1,
    ).detach()
    log_sigma = out[:, LOG_SIGMA].clamp(-7, 2)
    doubt = log_sigma + 0.5 * squares * torch.exp(-2 * log_sigma)
    parts = {
        "lids": mean(error[:, :LIDS].mean(1), seen),
        "iris": mean(error[:, LIDS:].mean(1), iris),
        "gap": mean((gap(found) - gap(points)).abs(), seen),
        "shift": mean((shift(found) - shift(points)).abs().sum(1), iris),
        "gaze": mean(torch.sqrt(off.square().sum(1) + 0.01), look),
        "seen": F.binary_cross_entropy_with_logits(out[:, SEEN], batch["seen"].clamp(0, 1)),
        "kind": mean(F.cross_entropy(out[:, KIND], batch["kind"].long(), reduction="none"), seen),
        "share": mean((torch.sigmoid(out[:, SHARE]) - batch["share"]).abs(), seen),
        "doubt": mean(doubt[:, 0], seen) + mean(doubt[:, 1], iris) + mean(doubt[:, 2], look),
    }
    parts["loss"] = (
        parts["lids"]
        + 0.5 * parts["iris"]
        + 2.0 * parts["gap"]
        + parts["shift"]
        + parts["gaze"]
        + 0.5 * parts["seen"]
        + 1.5 * parts["kind"]
        + 2.0 * parts["share"]
        + 0.1 * parts["doubt"]
    )
    return parts


def gap(points: torch.Tensor) -> torch.Tensor:
    """Return the mean vertical distance of the lids."""
    return (points[:, 9:16].flip(1) - points[:, 1:8])[..., 1].mean(1)


def shift(points: torch.Tensor) -> torch.Tensor:
    """Return the distance of the iris from the midpoint of the corners of the eye."""
    return points[:, LIDS:].mean(1) - (points[:, 0] + points[:, LIDS // 2]) / 2
