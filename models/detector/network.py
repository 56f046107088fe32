"""A one-stage face detector: dense bottleneck convolutions, bounded activations, three grids.

Each cell of a grid says whether the middle of a face is near it, and where the face's box, the
middle of its eyes and its chin are. Coarser maps are added to the finer ones, so that a cell of
eight pixels gets context: a small face is recognised by its head and shoulders.

A dense 3x3 convolution to few channels and back costs less time on a processor than its
multiply-adds suggest, both in training (twice the scenes a second of depthwise-separable blocks
with as many multiply-adds) and under XNNPACK. Maps shrink by 2x2 convolutions, which need no
padding and so leave no PAD in the exported graph.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 160
"""Width and height of the input, pixels."""

STRIDES = (8, 16, 32)
GRIDS = tuple(SIDE // stride for stride in STRIDES)
CELLS = sum(grid * grid for grid in GRIDS)

GEOMETRY = 8
"""Box centre x, y, log2 of the box's width, height, midpoint of the eyes x, y, chin x, y."""

HIDDEN = 32
"""Channels between a grid's map and its outputs."""

UNIT = 2.0
"""Unit of lengths, in strides of the cell's grid."""


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    """Return a convolution with its normalisation."""
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class Residual(nn.Module):
    """Two 3x3 convolutions with `hidden` channels between them, beside an identity."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, hidden, 3, padding=1),
            nn.ReLU6(),
            *_convolution(hidden, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same, bounded to 0 to 6."""
        return functional.relu6(x + self.body(x))


class DetectorNet(nn.Module):
    """(N, 3, 160, 160) RGB as ``x / 127.5 - 1`` to {"scores": (N, 525), "geometry": (N, 525, 8)}.

    Scores are logits; cells run grid by grid, finest first, row by row.

    Args:
        widths: channels of the map of a quarter of the input's side, and of the three grids.
        hidden: of each grid's residual blocks.
        refined: hidden channels of the block after the coarser map is added to the finest.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (24, 48, 96, 128),
        hidden: tuple[tuple[int, ...], ...] = ((16,), (32,), (32,)),
        refined: int = 16,
    ) -> None:
        super().__init__()
        # Six wide with a stride of four pads one pixel on each side, as TensorFlow's SAME does.
        self.stem = nn.Sequential(*_convolution(3, widths[0], 6, 4, 1), nn.ReLU6())
        self.stages = nn.ModuleList(
            nn.Sequential(
                *_convolution(inputs, outputs, 2, 2),
                nn.ReLU6(),
                *(Residual(outputs, inner) for inner in squeezed),
            )
            for inputs, outputs, squeezed in zip(widths, widths[1:], hidden, strict=False)
        )
        self.down = nn.ModuleList(
            nn.Sequential(*_convolution(coarse, fine, 1)) for fine, coarse in pairwise(widths[1:])
        )
        self.refine = Residual(widths[1], refined)
        self.heads = nn.ModuleList(
            nn.Sequential(*_convolution(width, HIDDEN, 1), nn.ReLU6()) for width in widths[1:]
        )
        self.scores = nn.ModuleList(nn.Conv2d(HIDDEN, 1, 1) for _ in STRIDES)
        self.geometry = nn.ModuleList(nn.Conv2d(HIDDEN, GEOMETRY, 1) for _ in STRIDES)
        for layer in self.scores:
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.constant_(layer.bias, -4.0)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the answers of all cells."""
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        for n in (1, 0):
            # Computed on the coarse map, where it costs a quarter.
            coarse = functional.interpolate(
                self.down[n](maps[n + 1]), scale_factor=2.0, mode="nearest"
            )
            maps[n] = functional.relu6(maps[n] + coarse)
        maps[0] = self.refine(maps[0])
        scores, geometry = [], []
        for n, features in enumerate(maps):
            y = self.heads[n](features)
            scores.append(_rows(self.scores[n](y)))
            geometry.append(_rows(self.geometry[n](y)))
        return {"scores": torch.cat(scores, 1).flatten(1), "geometry": torch.cat(geometry, 1)}


def _rows(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, H * W, C)."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1])


def cell_centres() -> tuple[Tensor, Tensor]:
    """Return the centres of all cells, (525, 2) pixels, and their unit of length, (525,) pixels."""
    centres, units = [], []
    for stride, grid in zip(STRIDES, GRIDS, strict=True):
        along = (torch.arange(grid) + 0.5) * stride - 0.5
        y, x = torch.meshgrid(along, along, indexing="ij")
        centres.append(torch.stack([x, y], -1).reshape(-1, 2))
        units.append(torch.full((grid * grid,), UNIT * stride))
    return torch.cat(centres), torch.cat(units)


def decode(geometry: Tensor) -> tuple[Tensor, Tensor]:
    """Return boxes (…, 525, 4) as x0, y0, x1, y1 and both points (…, 525, 2, 2), input pixels."""
    centres, units = (part.to(geometry.device) for part in cell_centres())
    middle = centres + geometry[..., 0:2] * units[:, None]
    half = torch.exp2(geometry[..., 2:4].clamp(-6, 6)) * units[:, None] / 2
    marks = (
        centres[:, None]
        + geometry[..., 4:8].reshape(*geometry.shape[:-1], 2, 2) * units[:, None, None]
    )
    return torch.cat([middle - half, middle + half], -1), marks
