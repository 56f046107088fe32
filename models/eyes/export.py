"""From trained weights to the zoo: `python -m models.eyes export WEIGHTS --data FOLDER…`."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import torch

from models.export.convert import Recipe, quantise
from models.export.graph import read_graph
from models.export.manifest import ATTRIBUTION, digest, write_entry
from models.eyes.network import EyeNet
from models.eyes.train import batch, load

CALIBRATION = 600


def load_weights(path: Path) -> EyeNet:
    """Return the network with the averaged weights of a training run, ready to evaluate."""
    network = EyeNet()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["ema"])
    return network.eval()


def export(
    weights: Path, folders: list[Path], zoo: Path, name: str, about: dict[str, object]
) -> Path:
    """Quantise a network into the zoo and write its entry of the manifest.

    Args:
        weights: of `models.eyes.train`.
        folders: of shards, for the ranges of the activations.
        zoo: folder of the manifest.
        name: of the model there.
        about: more for the entry: description, provenance, accuracy.
    """
    logging.getLogger().setLevel(logging.ERROR)
    import litert_torch

    network = load_weights(weights)
    wrapped = litert_torch.to_channel_last_io(network, args=[0])
    content = bytes(litert_torch.convert(wrapped, (torch.zeros(1, 32, 48, 1),)).model_content())
    eyes = load(folders, weights.parent / "patches")
    generator = torch.Generator().manual_seed(0)
    index = torch.randint(len(eyes), (CALIBRATION,), generator=generator)
    fed = batch(eyes, index, generator)[0].permute(0, 2, 3, 1).numpy()
    recipe = Recipe(coverage=0.98)
    # `quantise` turns uint8 u into (u - 128) / 127.5.
    path = zoo / f"{name}.tflite"
    path.write_bytes(
        quantise(content, np.clip(np.round(fed * 127.5) + 128, 0, 255).astype(np.uint8), recipe)
    )
    graph = read_graph(path)
    scale = graph.tensors[graph.inputs[0]].scales[0]
    entry = {
        "kind": "eyes",
        **digest(path),
        "licence": "MIT",
        "attribution": ATTRIBUTION.replace(
            " The 520 dense points follow the vertex list of arXiv 2308.15170.", ""
        ),
        "input": {
            "width": 48,
            "height": 32,
            "colour": "grey",
            "dtype": "int8",
            "scale": scale,
            "zero_point": 0,
            "normalisation": "0.4 (x - mean) / (deviation + 0.01), clipped to ±1; x from 0 to 1",
        },
        "patch": "landmarkd.vision.eye_patch: 0.32 of the box of the dense points wide, upright in the face, the right "
        "eye mirrored",
        "outputs": {"eyes": {"index": 0, "shape": [1, 43], "unit": "patch"}},
        "macs": graph.macs,
        "parameters": graph.parameters,
        "quantisation": recipe.describe(CALIBRATION).replace("crops", "patches"),
        **about,
    }
    write_entry(zoo, name, entry, default=True)
    print(json.dumps({key: entry[key] for key in ("file", "bytes", "macs", "parameters")}))
    return path
