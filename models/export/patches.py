"""Networks of patches to the zoo: quantised on patches, with their manifest entry."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.export.convert import Recipe, quantise
from models.export.graph import read_graph
from models.export.manifest import ATTRIBUTION, digest, work, write_entry

CALIBRATION = 300
"""Sets of patches that the ranges of the activations are taken from."""


def export_patches(
    network: nn.Module, fed: Tensor, count: int, path: Path, colour: str, entry: dict[str, Any]
) -> Path:
    """Quantise a network into the zoo and write its manifest entry, as the default of its kind.

    Args:
        network: from (count, channels, height, width) to (count, values).
        fed: (count * `CALIBRATION`, channels, height, width), -1 to 1.
        count: patches in one call.
        path: of the file to write, within the zoo.
        colour: of the patches, for the entry.
        entry: more of it: kind, patch, outputs, and what the caller knows of the model.
    """
    logging.getLogger().setLevel(logging.ERROR)
    import litert_torch

    pictures = fed.permute(0, 2, 3, 1).numpy()
    shape = (count, *pictures.shape[1:])
    wrapped = litert_torch.to_channel_last_io(network, args=[0])
    content = bytes(litert_torch.convert(wrapped, (torch.zeros(shape),)).model_content())
    recipe = Recipe(coverage=0.98)
    # `quantise` turns uint8 u into (u - 128) / 127.5.
    coded = np.clip(np.round(pictures * 127.5) + 128, 0, 255).astype(np.uint8)
    path.write_bytes(quantise(content, coded.reshape(-1, *shape), recipe))
    graph = read_graph(path)
    whole = {
        "kind": entry["kind"],
        **digest(path),
        "licence": "MIT",
        "attribution": ATTRIBUTION.replace(
            " The 520 dense points follow the vertex list of arXiv 2308.15170.", ""
        ),
        "input": {
            "width": shape[2],
            "height": shape[1],
            "colour": colour,
            "dtype": "int8",
            "scale": graph.tensors[graph.inputs[0]].scales[0],
            "zero_point": 0,
            "normalisation": "0.4 (x - mean) / (deviation + 0.01), clipped to ±1; x from 0 to 1",
        },
        **work(graph),
        "quantisation": recipe.describe(count * CALIBRATION).replace("crops", "patches"),
        **entry,
    }
    write_entry(path.parent, path.stem, whole, default=True)
    print(json.dumps({key: whole[key] for key in ("file", "bytes", "macs", "parameters")}))
    return path
