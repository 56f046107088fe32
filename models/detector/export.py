"""Exports a checkpoint of the detector to the zoo: int8 throughout, and a manifest entry."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from landmarkd.vision.cards import DetectorCard
from landmarkd.vision.runtime import TensorSpec
from torch import Tensor, nn

from models.detector.cuttings import Cuttings
from models.detector.network import CELLS, SIDE, STRIDES, UNIT
from models.detector.scenes import Composer
from models.photographs import album

SCORE, OVERLAP = 0.5, 0.4
SECOND = {"doubt": 0.25, "largest": 24.0, "window": 0.4, "most": 6}
"""Scores of 12-pixel faces are low; a window that shows them 2.5 times as large raises them."""


class _Tuple(nn.Module):
    """Turns the network's dictionary into scores and geometry."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return both outputs in the order of the exported file."""
        outputs = self.network(x)
        return outputs["scores"], outputs["geometry"]


def to_float_tflite(network: nn.Module) -> bytes:
    """Convert the network to a float32 TFLite file with input (1, 160, 160, 3)."""
    logging.getLogger().setLevel(logging.ERROR)
    import litert_torch

    wrapped = litert_torch.to_channel_last_io(_Tuple(network).eval(), args=[0])
    return bytes(litert_torch.convert(wrapped, (torch.zeros(1, SIDE, SIDE, 3),)).model_content())


def representative(
    data: Sequence[Path], count: int, seed: int, photographs: Path | None = None
) -> np.ndarray:
    """Return scenes to measure activations on, (count, 160, 160, 3) uint8 RGB."""
    rng = np.random.default_rng(seed)
    scenes = Composer(Cuttings(data, rng), rng, album(photographs) if photographs else None).scenes(
        rng
    )
    return np.stack([scene.image for _, scene in zip(range(count), scenes, strict=False)])


def quantise(float_model: bytes, images: np.ndarray) -> bytes:
    """Quantise to int8 throughout; with bounded activations the extremes of the data are enough."""
    from models.export.convert import Recipe, quantise

    return quantise(float_model, images, Recipe("int8"))


def entry(path: Path, quantisation: str, score: float = SCORE) -> dict[str, Any]:
    """Describe a detector's file as `landmarkd.vision.cards.DetectorCard` expects it."""
    from landmarkd.vision.runtime import open_engine

    from models.export.graph import read_graph
    from models.export.manifest import ATTRIBUTION, digest, work

    graph = read_graph(path)
    card = card_of(open_engine(path), score).model_dump(mode="json", exclude_none=True)
    attribution = ATTRIBUTION.split(" The 520 dense")[0]
    return {**card, **digest(path), "licence": "MIT", "attribution": attribution, **work(graph),
            "quantisation": quantisation, "edgetpu": None}  # fmt: skip


def card_of(engine: Any, score: float | None = None) -> DetectorCard:
    """Describe an open engine of this network, its outputs known by their sizes.

    Raises:
        ValueError: if it is another network.
    """
    image: TensorSpec = engine.inputs[0]
    sizes = [int(np.prod(spec.shape)) for spec in engine.outputs]
    if sorted(sizes) != [CELLS, CELLS * 8]:
        raise ValueError(
            f"outputs of {sizes} values are not those of this detector with {CELLS} cells"
        )
    outputs = {
        name: {
            "index": sizes.index(size),
            "shape": engine.outputs[sizes.index(size)].shape,
            "unit": unit,
        }
        for name, size, unit in (("scores", CELLS, "logit"), ("geometry", CELLS * 8, "cell"))
    }
    return DetectorCard.model_validate(
        {
            "kind": "detector",
            "file": "detector.tflite",
            "bytes": 1,
            "sha256": "0" * 64,
            "input": {
                "width": SIDE,
                "height": SIDE,
                "colour": "RGB",
                "dtype": np.dtype(image.dtype).name,
                "scale": image.scale or None,
                "zero_point": image.zero_point,
                "normalisation": "x / 127.5 - 1",
            },
            "outputs": outputs,
            "cells": {
                "strides": STRIDES,
                "unit": UNIT,
                "score": score or SCORE,
                "overlap": OVERLAP,
                "second": SECOND,
            },
        }
    )
