"""The last stage of the landmark network in two copies with different rounding.

What a residual block adds to the last map is rounded to steps of 12/255 in int8. These steps are
the coarsest in the network and make points jitter. Here each channel exists twice, with changes
that differ by half a step; the next layer reads the mean of both.
"""

from typing import cast

import torch
from torch import Tensor, nn

from models.train.network import Residual

TWINS = 2
CHANGE = (-128 * 12 / 255, 127 * 12 / 255)
"""The int8 range of a change: its steps are twice those of the sum (0 to 6), so the sum is exact.
"""


def offsets(copies: int) -> Tensor:
    """Biases of copies, in steps, about zero."""
    return (torch.arange(copies) + 0.5) / copies - 0.5


def spread(weight: Tensor, apart: Tensor) -> Tensor:
    """Weights (rows, …) moved by shares of the step of their row, (rows,) or as the weights."""
    step = weight.abs().flatten(1).amax(1) / 127
    shape = (-1, *[1] * (weight.ndim - 1))
    return weight + apart.view(shape if apart.ndim == 1 else apart.shape) * step.view(shape)


def folded(layers: nn.Sequential) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution, the first layer, with the normalisation after it."""
    norm, weight = cast("nn.BatchNorm2d", layers[1]), layers[0].get_parameter("weight")
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    factor = norm.weight / torch.sqrt(variance + norm.eps)
    return (weight * factor[:, None, None, None]).detach(), (norm.bias - mean * factor).detach()


def convolution(weight: Tensor, bias: Tensor, groups: int = 1, padding: int = 0) -> nn.Conv2d:
    """A convolution with these weights (outputs, inputs / groups, height, width) and biases."""
    sizes = groups * weight.shape[1], len(weight), (weight.shape[2], weight.shape[3])
    made = nn.Conv2d(*sizes, padding=padding, groups=groups)
    made.weight.data, made.bias = weight, nn.Parameter(bias)
    return made


class TwinStage(nn.Module):
    """A stage of `models.train.network.LandmarkNet`, from its map to that of twins (N, 2 C, H, W).

    Args:
        stage: in evaluation mode.
    """

    def __init__(self, stage: nn.Module) -> None:
        super().__init__()
        parts = list(stage.children())
        blocks = [part for part in parts if isinstance(part, Residual)]
        self.first = nn.Sequential(*(part for part in parts if not isinstance(part, Residual)))
        self.squeezes, self.spreads = nn.ModuleList(), nn.ModuleList()
        for number, block in enumerate(blocks):
            weight, bias = folded(block.squeeze)
            if number:
                inputs = offsets(TWINS).repeat_interleave(weight.shape[1])
                weight = weight.repeat(1, TWINS, 1, 1)
                weight = spread(weight, inputs.view(1, -1, 1, 1).expand_as(weight)) / TWINS
            self.squeezes.append(convolution(weight, bias, padding=1))
            weight, bias = folded(block.spread)
            apart = offsets(TWINS).repeat_interleave(len(weight))
            weight = spread(weight.repeat(TWINS, 1, 1, 1), apart)
            bias = bias.repeat(TWINS) + apart * (CHANGE[1] - CHANGE[0]) / 255
            self.spreads.append(convolution(weight, bias, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        read = self.first(x)
        x = torch.cat([read] * TWINS, 1)
        for squeeze, change in zip(self.squeezes, self.spreads, strict=True):
            read = x = nn.functional.relu6(x + change(nn.functional.relu6(squeeze(read))))
        return x
