"""A single-stage face detector of the BlazeFace family: depthwise-separable, bounded activations, three grids.

Each cell of a grid says whether a face's middle lies about it, and where the face's box, the middle of its eyes and
its chin are. There is no top-down path: five-wide depthwise kernels give even the finest grid a view of 100 pixels,
four times the largest face that it answers for.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 160
"""Width and height of the input, pixels."""

STRIDES = (8, 16, 32)
GRIDS = tuple(SIDE // stride for stride in STRIDES)
CELLS = sum(grid * grid for grid in GRIDS)

GEOMETRY = 8
"""Middle of the box x, y, binary logarithm of its width, height, middle of the eyes x, y, chin x, y."""

UNIT = 2.0
"""Lengths are told in this many strides of the cell's grid."""


class Same(nn.Module):
    """Pads as TensorFlow does: all of it after the last row and column when the stride is even."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        total = kernel - stride if stride > 1 else kernel - 1
        self.before, self.after = total // 2, total - total // 2

    def forward(self, x: Tensor) -> Tensor:
        """Return the padded map."""
        return functional.pad(x, (self.before, self.after, self.before, self.after))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution without bias whose padding is a layer of its own where the stride is not one."""
    inside = kernel // 2 if stride == 1 else 0
    pad = [] if stride == 1 else [Same(kernel, stride)]
    return [*pad, nn.Conv2d(inputs, outputs, kernel, stride, inside, groups=groups, bias=False)]


class Separable(nn.Module):
    """A depthwise and a pointwise convolution beside an identity where the shapes allow one.

    There is no normalisation between the two, which are linear together; it is what takes most of the time when
    training on a processor.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(inputs, inputs, kernel, stride, groups=inputs),
            *_convolution(inputs, outputs, 1),
            nn.BatchNorm2d(outputs),
        )
        self.identity = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, bounded to 0 to 6."""
        y = self.body(x)
        return functional.relu6(x + y if self.identity else y)


class DetectorNet(nn.Module):
    """(N, 3, 160, 160) RGB as ``x / 127.5 - 1`` to {"scores": (N, 525), "geometry": (N, 525, 8)}.

    Scores are logits; cells run grid by grid, finest first, row by row.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (32, 64, 128, 160)) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.stem = nn.Sequential(
            *_convolution(3, first, 5, 4), nn.BatchNorm2d(first), nn.ReLU6(), Separable(first, first, 3)
        )
        self.stages = nn.ModuleList(
            [
                _stage(first, second, 4),
                _stage(second, third, 3),
                _stage(third, fourth, 2),
            ]
        )
        self.heads = nn.ModuleList(Separable(width, 64, 3) for width in widths[1:])
        self.scores = nn.ModuleList(nn.Conv2d(64, 1, 1) for _ in STRIDES)
        self.geometry = nn.ModuleList(nn.Conv2d(64, GEOMETRY, 1) for _ in STRIDES)
        for layer in self.scores:
            nn.init.constant_(layer.bias, -4.0)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the answers of all cells."""
        x = self.stem(x)
        scores, geometry = [], []
        for n, stage in enumerate(self.stages):
            x = stage(x)
            y = self.heads[n](x)
            scores.append(_rows(self.scores[n](y)))
            geometry.append(_rows(self.geometry[n](y)))
        return {"scores": torch.cat(scores, 1).flatten(1), "geometry": torch.cat(geometry, 1)}


def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    layers = [Separable(inputs, outputs, 3, 2), *(Separable(outputs, outputs, 5) for _ in range(blocks - 1))]
    return nn.Sequential(*layers)


def _rows(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, H * W, C)."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1])


def cell_centres() -> tuple[Tensor, Tensor]:
    """Return the middles of all cells, (525, 2) pixels, and the length of their unit, (525,) pixels."""
    centres, units = [], []
    for stride, grid in zip(STRIDES, GRIDS, strict=True):
        along = (torch.arange(grid) + 0.5) * stride - 0.5
        y, x = torch.meshgrid(along, along, indexing="ij")
        centres.append(torch.stack([x, y], -1).reshape(-1, 2))
        units.append(torch.full((grid * grid,), UNIT * stride))
    return torch.cat(centres), torch.cat(units)


def decode(geometry: Tensor) -> tuple[Tensor, Tensor]:
    """Return boxes (…, 525, 4) as x0, y0, x1, y1 and the two marks (…, 525, 2, 2), pixels of the input."""
    centres, units = (part.to(geometry.device) for part in cell_centres())
    middle = centres + geometry[..., 0:2] * units[:, None]
    half = torch.exp2(geometry[..., 2:4].clamp(-6, 6)) * units[:, None] / 2
    marks = centres[:, None] + geometry[..., 4:8].reshape(*geometry.shape[:-1], 2, 2) * units[:, None, None]
    return torch.cat([middle - half, middle + half], -1), marks
