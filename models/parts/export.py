"""From weights to an entry of the zoo: `python -m models.parts export PART WEIGHTS --data …`."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import torch
from landmarkd.vision.parts import PARTS

from models.export.convert import Recipe, quantise
from models.export.graph import read_graph
from models.export.manifest import ATTRIBUTION, digest, work, write_entry
from models.parts.check import load_weights
from models.parts.data import load, normalise, sample
from models.parts.network import PartNet
from models.parts.train import HELD_OUT

CALIBRATION = 300
"""Sets of patches."""


def calibrate(name: str, network: PartNet, folders: list[Path]) -> float:
    """Scale the uncertainty, in place, to the errors on faces that were not trained on.

    Returns:
        The root of the mean square error over what the network said before.
    """
    part = PARTS[name]
    stored = load(folders, part, 0, HELD_OUT)
    drawn = sample(stored, np.arange(len(stored["yaw"])), np.random.default_rng(9), part)
    with torch.no_grad():
        out = torch.cat([network(each) for each in normalise(drawn["patch"]).split(256)])
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
        about: more for the entry: description, provenance, accuracy, doubt.
    """
    logging.getLogger().setLevel(logging.ERROR)
    import litert_torch

    part, network = PARTS[name], load_weights(name, weights)
    count = len(part.points)
    print(json.dumps({"uncertainty times": round(calibrate(name, network, folders), 3)}))
    first = next(network.trunk.parameters())
    first.data = first.data.flip(1)  # frames are BGR
    wrapped = litert_torch.to_channel_last_io(network, args=[0])
    example = (torch.zeros(count, part.height, part.width, 3),)
    content = bytes(litert_torch.convert(wrapped, example).model_content())
    stored = load(folders, part, HELD_OUT, HELD_OUT + 2)
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(stored["yaw"]), count * CALIBRATION)
    patches = sample(stored, index, rng, part)["patch"][..., ::-1].copy()
    fed = normalise(patches).permute(0, 2, 3, 1).numpy()
    recipe = Recipe(coverage=0.98)
    # `quantise` turns uint8 u into (u - 128) / 127.5.
    coded = np.clip(np.round(fed * 127.5) + 128, 0, 255).astype(np.uint8)
    path = zoo / f"{name}.tflite"
    path.write_bytes(quantise(content, coded.reshape(-1, *example[0].shape), recipe))
    graph = read_graph(path)
    entry = {
        "kind": name,
        **digest(path),
        "licence": "MIT",
        "attribution": ATTRIBUTION.replace(
            " The 520 dense points follow the vertex list of arXiv 2308.15170.", ""
        ),
        "input": {
            "width": part.width,
            "height": part.height,
            "colour": "BGR",
            "dtype": "int8",
            "scale": graph.tensors[graph.inputs[0]].scales[0],
            "zero_point": 0,
            "normalisation": "0.4 (x - mean) / (deviation + 0.01), clipped to ±1; x from 0 to 1",
        },
        "patch": f"landmarkd.vision.parts: {part.share} of the box of the dense points wide, "
        "upright in the face",
        "outputs": {
            "points": {"index": 0, "shape": [count, 3 * len(part.points[0])], "unit": "patch"}
        },
        **work(graph),
        "quantisation": recipe.describe(count * CALIBRATION).replace("crops", "patches"),
        **about,
    }
    write_entry(zoo, name, entry, default=True)
    print(json.dumps({key: entry[key] for key in ("file", "bytes", "macs", "parameters")}))
    return path
