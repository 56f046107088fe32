"""The network that reads one eye: plain convolutions on a patch of 48 x 32 grey pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

from models.train.network import read_map

POINTS = 21
"""16 of the lid margin and 5 of the iris."""


class Convolution(nn.Module):
    """3 x 3 convolution, batch normalisation and ReLU6, padded as TensorFlow's SAME so that the export adds nothing."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.stride = stride
        self.filter = nn.Conv2d(inputs, outputs, 3, stride, 1 if stride == 1 else 0, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Filter."""
        if self.stride == 2:
            x = F.pad(x, (0, 1, 0, 1))
        return F.relu6(self.norm(self.filter(x)))


class EyeNet(nn.Module):
    """(n, 1, 32, 48), patch normalised to mean 0 and standard deviation 0.4, clipped to ±1 -> (n, 43).

    The first 42 are x and y of the points in halves of the patch's width from its centre; the last
    is the logit of the eye being there to be seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            Convolution(1, 16, 2),
            Convolution(16, 16),
            Convolution(16, 32, 2),
            Convolution(32, 32),
            Convolution(32, 64, 2),
            Convolution(64, 64),
        )
        self.squeeze = nn.Sequential(
            nn.Conv2d(64, 128, (4, 6), groups=64, bias=False), nn.BatchNorm2d(128), nn.ReLU6()
        )
        self.head = nn.Linear(128, 2 * POINTS + 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return points and visibility."""
        return read_map(self.squeeze(self.trunk(x)), self.head.weight, self.head.bias)
