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
"""Channels and stride of the convolutions. All networks of a frame together may use 85 million
multiply-adds; the brows, which are read twice, get what is left."""
_SPREAD = 5
"""Numbers that summarise each channel's last map."""


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
