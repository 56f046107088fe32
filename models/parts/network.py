"""The network that reads one part of a face: plain convolutions on a patch of colour."""

from __future__ import annotations

from landmarkd.vision.parts import PARTS
from torch import nn

from models.eyes.network import Convolution
from models.train.network import PatchNet

LAYERS = {
    "mouth": ((16, 2), (32, 2), (32, 1), (48, 2), (48, 1), (48, 1)),
    "brows": ((8, 2), (24, 2), (32, 2), (32, 1)),
}
"""Channels and stride of the convolutions. All networks of a frame together have 85 million
multiply-adds to share; the brows, read twice, get what is left."""
_SPREAD = 5
"""Numbers that are kept of each channel's map at the end."""


class PartNet(PatchNet):
    """From (n, 3, height, width) to (n, 3 * points).

    Patches are normalised by `models.training.patches.normalise`.
    For each point x, y and the logarithm of its standard deviation, in halves of the width.

    Args:
        name: of the part.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        part, channels = PARTS[name], 3
        layers = []
        for outputs, stride in LAYERS[name]:
            layers.append(Convolution(channels, outputs, stride))
            channels = outputs
        self.trunk = nn.Sequential(*layers)
        wide = _SPREAD * channels
        kernel = (part.height // 8, part.width // 8)
        self.squeeze = nn.Sequential(
            nn.Conv2d(channels, wide, kernel, groups=channels, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
        )
        self.head = nn.Linear(wide, 3 * len(part.points[0]))
