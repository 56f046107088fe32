"""From weights to an entry of the zoo: `python -m models.parts export PART WEIGHTS --data …`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from landmarkd.vision.parts import PARTS

from models.export.patches import MODES, export_patches
from models.parts.check import load_weights
from models.parts.data import as_input, load, sample
from models.parts.network import PartNet
from models.parts.train import HELD_OUT

FINE = (0.003, 0.003, 0.05)
"""About how much rounding may add to x, y and the logarithm of sigma on an Edge TPU."""


def calibrate(name: str, network: PartNet, folders: list[Path]) -> float:
    """Scale the uncertainty, in place, to the errors on faces not used for training.

    Returns:
        The root of the mean square of the error over the sigma before.
    """
    part = PARTS[name]
    stored = load(folders, part, 0, HELD_OUT)
    drawn = sample(stored, np.arange(len(stored["yaw"])), np.random.default_rng(9), part)
    with torch.no_grad():
        out = torch.cat([network(each) for each in as_input(drawn["patch"]).split(256)])
    found = out.view(len(out), -1, 3)
    square = (found[..., :2] - torch.from_numpy(drawn["points"]) / (part.width / 2)).square()
    ratio = (square.sum(2).mean() / 2 / (2 * found[..., 2]).exp().mean()).sqrt()
    network.head.bias.data[2::3] += ratio.log()
    return float(ratio)


def export(
    name: str, weights: Path, folders: list[Path], zoo: Path, about: dict[str, object]
) -> Path:
    """Quantise a network into the zoo and write its manifest entry.

    Args:
        name: of the part.
        weights: of `models.parts.train`.
        folders: of drawn faces, for `calibrate` and for the ranges of the activations.
        zoo: folder of the manifest.
        about: more fields of the entry: description, provenance, accuracy, doubt.
    """
    part, network = PARTS[name], load_weights(name, weights)
    count = len(part.points)
    print(json.dumps({"uncertainty times": round(calibrate(name, network, folders), 3)}))
    first = next(network.trunk.parameters())
    first.data = first.data.flip(1)  # frames are BGR
    stored = load(folders, part, HELD_OUT, HELD_OUT + 2)
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(stored["yaw"]), MODES)
    patches = sample(stored, index, rng, part)["patch"][..., ::-1].copy()
    entry = {
        "kind": name,
        "patch": f"landmarkd.vision.parts: {part.share} of the box of the dense points wide, "
        "upright in the face",
        "outputs": {
            "points": {"index": 0, "shape": [count, 3 * len(part.points[0])], "unit": "patch"}
        },
        **about,
    }
    fine = torch.tensor([*FINE] * len(part.points[0]))
    fed, path = as_input(patches), zoo / f"{name}.tflite"
    return export_patches(network, fed, count, path, "BGR", fine, entry)
