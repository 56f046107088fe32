"""Networks of patches to the zoo: quantised on patches, with their manifest entry."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from models.export.convert import Recipe, quantise
from models.export.graph import read_graph
from models.export.manifest import ATTRIBUTION, digest, work, write_entry, write_whole
from models.export.twins import convolution, folded
from models.export.whole import Head, fixed_ranges, whole
from models.train.network import PatchNet

CALIBRATION = 300
"""Number of sets of patches for the ranges of the activations."""

MODES = 2000
"""Number of patches for the modes of the file for an Edge TPU."""

COVERAGE = 0.98
ROOM = 1.5
"""Patches may be farther off than in training."""


def _converted(network: nn.Module, shape: tuple[int, ...]) -> bytes:
    logging.getLogger().setLevel(logging.ERROR)
    import litert_torch

    wrapped = litert_torch.to_channel_last_io(network, args=[0])
    return bytes(litert_torch.convert(wrapped, (torch.zeros(shape),)).model_content())


def _whole(
    network: PatchNet, fed: Tensor, coded: np.ndarray, count: int, fine: Tensor
) -> tuple[bytes, bytes]:
    """Return the model that is int8 throughout, which reads one patch, and its decoder."""
    groups = cast("nn.Conv2d", network.squeeze[0]).groups
    pool = convolution(*folded(network.squeeze), groups)
    with torch.no_grad():
        maps = [pool(network.trunk(part)).flatten(1) for part in fed.split(64)]
    head = Head(
        pool=pool,
        bounded=True,
        weight=network.head.weight.detach(),
        bias=network.head.bias.detach(),
        fine=fine,
        sizes=(len(fine),),
    )
    made, decoder = whole(network.trunk, head, torch.cat(maps), batch=count, room=ROOM)
    content = _converted(made, (1, *coded.shape[1:]))
    recipe = Recipe("int8", COVERAGE)
    return quantise(content, coded, recipe, fixed_ranges(content, True)), decoder


def export_patches(
    network: PatchNet,
    fed: Tensor,
    count: int,
    path: Path,
    colour: str,
    fine: Tensor,
    entry: dict[str, Any],
) -> Path:
    """Quantise a network into the zoo and write its manifest entry, as the default of its kind.

    Beside the file for the processor it writes the one for an Edge TPU.

    Args:
        network: from (count, channels, height, width) to (count, values).
        fed: (`MODES`, channels, height, width), -1 to 1.
        count: patches in one call.
        path: of the file to write, within the zoo.
        colour: of the patches, for the entry.
        fine: (values,) about how much rounding may add to each result on an Edge TPU.
        entry: other fields of the entry: kind, patch, outputs, and what the caller knows of the
            model.
    """
    pictures = fed[: count * CALIBRATION].permute(0, 2, 3, 1).numpy()
    shape = (count, *pictures.shape[1:])
    content = _converted(network, shape)
    recipe = Recipe(coverage=COVERAGE)
    # `quantise` turns uint8 u into (u - 128) / 127.5.
    coded = np.clip(np.round(pictures * 127.5) + 128, 0, 255).astype(np.uint8)
    path.write_bytes(quantise(content, coded.reshape(-1, *shape), recipe))
    graph = read_graph(path)
    described = {
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
    write_entry(path.parent, path.stem, described, default=True)
    write_whole(path.parent, path.stem, *_whole(network, fed, coded, count, fine))
    print(json.dumps({key: described[key] for key in ("file", "bytes", "macs", "parameters")}))
    return path
