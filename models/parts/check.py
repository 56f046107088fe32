"""Errors, slopes and calibration of the uncertainty on drawn faces not used for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from landmarkd.vision.parts import PARTS

from models.parts.data import as_input, load, sample
from models.parts.loss import pairs
from models.parts.network import PartNet
from models.parts.train import HELD_OUT
from models.training import checkpoint

BINS = ((0, 30), (30, 60), (60, 110))
"""Of yaw, degrees."""


def load_weights(name: str, path: Path) -> PartNet:
    """Return a part's network with averaged weights, ready to evaluate."""
    network = PartNet(name)
    network.load_state_dict(checkpoint.weights(path))
    return network.eval()


def check(name: str, weights: Path, folders: list[Path]) -> dict[str, object]:
    """Return errors in per cent of the face's size, by yaw, and slopes of local shape."""
    part, network = PARTS[name], load_weights(name, weights)
    stored = load(folders, part, 0, HELD_OUT)
    index = np.arange(len(stored["yaw"]))
    drawn = sample(stored, index, np.random.default_rng(9), part)
    with torch.no_grad():
        said = torch.cat([network(each) for each in as_input(drawn["patch"]).split(256)])
    out = said.view(len(said), -1, 3).numpy()
    half = part.width / 2
    points, sigma = out[..., :2] * half, np.exp(out[..., 2]) * half
    off = np.linalg.norm(points - drawn["points"], axis=2)
    size = 100 * part.share / part.width
    yaw = np.abs(drawn["yaw"])
    found: dict[str, object] = {"patches": len(index)}
    for low, high in BINS:
        inside = (yaw >= low) & (yaw < high)
        shown = drawn["seen"][inside]
        found[f"yaw {low} to {high}"] = {
            "seen %": round(float(off[inside][shown].mean() * size), 3),
            "hidden %": round(float(off[inside][~shown].mean() * size), 3),
            "rms over sigma": round(
                float(np.sqrt((off[inside] ** 2).mean() / 2 / (sigma[inside] ** 2).mean())), 3
            ),
        }
    frontal = (yaw < 25) & (drawn["seen"].mean(1) > 0.8)
    a, b = pairs(name).numpy()
    true, seen = (
        np.linalg.norm(p[frontal][:, a] - p[frontal][:, b], axis=2)
        for p in (drawn["points"], points)
    )
    found["slopes"] = {
        f"{x}-{y}": [
            round(float(np.polyfit(true[:, k], seen[:, k], 1)[0]), 2),
            round(float(np.corrcoef(true[:, k], seen[:, k])[0, 1]), 2),
        ]
        for k, (x, y) in enumerate(zip(a, b, strict=True))
    }
    return found
