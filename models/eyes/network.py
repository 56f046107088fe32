"""The network that reads one eye: plain convolutions on a patch of 48 x 32 grey pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from landmarkd.vision.eye_patch import HEIGHT, WIDTH
from landmarkd.vision.eye_reading import OUTPUTS, POINTS
from torch import nn

from models.train.network import PatchNet

__all__ = ["OUTPUTS", "POINTS", "EyeNet"]


class Convolution(nn.Module):
    """3 x 3 convolution, batch normalisation and ReLU6, padded as TensorFlow's SAME."""

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


class EyeNet(PatchNet):
    """From (n, 1, HEIGHT, WIDTH) to (n, OUTPUTS).

    Patches are normalised by `models.training.patches.normalise`.
    `landmarkd.vision.eye_reading` says what the results are.
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
            Convolution(64, 64),
        )
        self.squeeze = nn.Sequential(
            nn.Conv2d(64, 192, (HEIGHT // 8, WIDTH // 8), groups=64, bias=False),
            nn.BatchNorm2d(192),
            nn.ReLU6(),
        )
        self.head = nn.Linear(192, OUTPUTS)
