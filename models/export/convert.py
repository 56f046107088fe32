"""From a PyTorch network to TFLite: first float, then integer.

The network is traced with its input turned to channels-last, and pads as TensorFlow does (all of it
after the last row and column when the stride is two). Both together leave no TRANSPOSE and no PAD
in the graph.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.export.graph import bounded_summands, late_operators

INPUT_SCALE = 1 / 127.5
OUTPUT_ORDER = ("points", "log_sigma", "presence")


class _Ordered(nn.Module):
    """Turns a network's dictionary of outputs into a tuple in the order of `OUTPUT_ORDER`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        outputs = self.network(x)
        if isinstance(outputs, Tensor):
            return outputs
        return tuple(outputs[name] for name in OUTPUT_ORDER if name in outputs)


def output_names(network: nn.Module, side: int) -> list[str]:
    """Names of what the network returns, in the order in which the exported file returns it."""
    with torch.no_grad():
        outputs = network(torch.zeros(1, 3, side, side))
    return [name for name in OUTPUT_ORDER if name in outputs]


def to_float_tflite(network: nn.Module, side: int) -> bytes:
    """Convert a network to a float32 TFLite file with input (1, side, side, 3).

    Args:
        network: In evaluation mode, (N, 3, side, side) to (N, K) or a dictionary of such tensors.
        side: Width and height of the crop in pixels.
    """
    logging.getLogger().setLevel(logging.ERROR)
    import litert_torch

    wrapped = litert_torch.to_channel_last_io(_Ordered(network).eval(), args=[0])
    example = (torch.zeros(1, side, side, 3),)
    edge_model = litert_torch.convert(wrapped, example)
    return bytes(edge_model.model_content())


@dataclass(frozen=True)
class Recipe:
    """How a float file is converted to an integer file.

    Attributes:
        head: How the layers from the smallest map on are stored. They are a fifth of the
            multiply-adds of the landmark network, have three fifths of its weights and cause most
            of the error of int8. "dynamic": int8 weights and float results; the input of these
            layers is rounded with its own scale in each crop. The layer that pools the map stays in
            float, because its channels differ too much in size for one scale. int8 results over a
            whole crop would give coordinates in steps of half a pixel, and residuals in steps that
            make points jitter. "float": not changed. "int8": everything integer, for an Edge TPU
            and for networks that are made for it, see `models.export.whole`.
        coverage: Share of the calibration crops whose extreme activation has to fit into a tensor's
            range; 1 takes the extremes of all of them.
    """

    head: str = "dynamic"
    coverage: float = 1.0

    def __post_init__(self) -> None:
        if self.head not in {"dynamic", "float", "int8"}:
            raise ValueError(f"head is {self.head!r}: choose dynamic, float or int8")
        if not 0.5 < self.coverage <= 1:
            raise ValueError(f"coverage is {self.coverage}: it must be above 0.5 and at most 1")

    def describe(self, count: int) -> str:
        """Return a sentence for the manifest on how `count` crops made the integer file."""
        head = {
            "dynamic": "from the last map on int8 weights and float results",
            "float": "from the last map on in float",
            "int8": "last layers as well",
        }[self.head]
        return (
            "after training: int8 weights per channel, int8 activations whose ranges hold the "
            f"extremes of {self.coverage:.1%} of {count} synthetic crops, {head}"
        )


def _samples(images: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    for image in images:
        batch = image if image.ndim == 4 else image[None]
        yield {"args_0": (batch.astype(np.float32) - 128) * np.float32(INPUT_SCALE)}


def _append(old: dict[str, np.ndarray], new: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Keep each crop's extremes; the quantizer itself keeps a moving average of about 20 crops.

    That average cuts off what rare poses need, and the extremes of all crops give a coarse step for
    all others: `_cover` chooses between the two.
    """
    return {key: np.append(old[key], new[key]) for key in ("min", "max")} if old else new


def _cover(
    ranges: dict[str, dict[str, np.ndarray]], coverage: float
) -> dict[str, dict[str, np.ndarray]]:
    """The range of each tensor that holds the extremes of `coverage` of the crops."""
    return {
        name: {
            "min": np.float32(np.quantile(seen["min"], 1 - coverage)).reshape(1, 1),
            "max": np.float32(np.quantile(seen["max"], coverage)).reshape(1, 1),
        }
        for name, seen in ranges.items()
    }


def _bound(ranges: dict[str, dict[str, np.ndarray]], float_model: bytes) -> None:
    """Cut the ranges of what is added under a ReLU6, in place.

    With one summand between 0 and 6, a sum is the same for any other summand above 6, and for any
    below -6: values that int8 saturates there lose nothing, while a single channel far outside
    would make the step of all channels coarse.
    """
    for name in bounded_summands(float_model):
        if name in ranges:
            ranges[name] = {key: np.clip(value, -6, 6) for key, value in ranges[name].items()}


def quantise(
    float_model: bytes,
    images: np.ndarray,
    recipe: Recipe,
    fixed: Mapping[str, tuple[float, float]] | None = None,
) -> bytes:
    """Quantise a float32 TFLite file after training.

    The input becomes int8 with scale 1/127.5 and zero point 0: a pixel's value less 128.

    Args:
        float_model: As `to_float_tflite` makes it.
        images: (N, side, side, 3) uint8 RGB crops like those that the network will see.
        recipe: What to do from the smallest map on.
        fixed: Ranges of tensors, by name, that are not taken from the images.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from ai_edge_quantizer import calibrator, qtyping, quantizer

    names = qtyping.TFLOperationName
    quant = quantizer.Quantizer(float_model)
    quant.add_static_config(".*", names.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)
    if recipe.head != "int8":
        for kind, name in late_operators(float_model):
            if recipe.head == "dynamic" and kind == "CONV_2D":
                quant.add_dynamic_config(re.escape(name), names.CONV_2D, num_bits=8)
            else:
                quant.update_quantization_recipe(
                    re.escape(name), names.ALL_SUPPORTED, algorithm_key="no_quantize"
                )
        quant.update_quantization_recipe(".*", names.OUTPUT, algorithm_key="no_quantize")
    ranges = calibrator.Calibrator(float_model, num_threads=1, qsv_update_func=_append)
    signature = ranges.get_signature_list()
    key = next(iter(signature))
    ranges.calibrate({key: list(_samples(images))}, quant._recipe_manager)
    found = _cover(ranges.get_model_qsvs(), recipe.coverage)
    _bound(found, float_model)
    for name, ends in (fixed or {}).items():
        low, high = (np.full((1, 1), end, np.float32) for end in ends)
        found[name] = {"min": low, "max": high}
    return bytes(quant.quantize(found, enable_progress_report=False).quantized_model)
